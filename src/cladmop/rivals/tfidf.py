"""TF-IDF of the criteria and logistic regression: the rival that published networks fail to beat on phase I."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import CorruptArtefactError, InputError
from cladmop.records import Trial
from cladmop.rivals.base import RivalState, expect_tensors, fit_labels, not_fitted
from cladmop.rivals.phases import GROUPS, phase_columns
from cladmop.rivals.word_counts import WordCounts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer


@dataclass(frozen=True)
class TextSettings:
    """Settings of a `TextModel`."""

    analyzer: Literal["word", "char_wb"]
    """Words of two and more letters, or characters within words."""
    ngrams: tuple[int, int]
    """Shortest and longest run of words or characters that is a feature."""
    min_df: int
    """Training trials that must hold a feature."""
    max_features: int | None = None
    """Keep this many features, those most frequent in training; none keeps all."""
    C: float = 1.0
    """Inverse strength of the ridge penalty (scikit-learn's C)."""
    phases: bool = False
    """Give each phase group a column of its own, for training on several phases at once."""
    precision: Literal["float16", "float32"] = "float32"
    """Coefficients and inverse document frequencies are rounded to this when fitted, and so are stored as used."""

    @classmethod
    def words(cls, **changes: Any) -> Self:  # noqa: ANN401 (any field)
        """Take words and pairs of words.

        C = 1 and two trials a feature gave the best mean of random and of NCT-ordered folds on TOP phase I train.
        """
        return cls(**{"analyzer": "word", "ngrams": (1, 2), "min_df": 2, **changes})

    @classmethod
    def characters(cls, **changes: Any) -> Self:  # noqa: ANN401 (any field)
        """Take runs of 2 to 5 characters within words, chosen likewise."""
        return cls(**{"analyzer": "char_wb", "ngrams": (2, 5), "min_df": 5, **changes})


class TextModel:
    """Logistic regression on sublinear TF-IDF of ``trial.criteria_text()``.

    Parameters
    ----------
    settings : TextSettings
        ``TextSettings.words()`` or ``TextSettings.characters()``, or a change of them.

    Notes
    -----
    A row is (1 + ln tf) x idf, scaled to length 1, with idf = 1 + ln((1 + n) / (1 + df)): scikit-learn's
    smoothed form. A trial without criteria is a row of zeros and scores by the intercept alone.
    """

    kind: ClassVar[str] = "tfidf"

    def __init__(self, settings: TextSettings | None = None) -> None:
        self.settings = settings or TextSettings.words()
        self.vocabulary: tuple[str, ...] | None = None
        """The V features, in the order of the arrays below."""
        self.idf = np.empty(0, dtype=np.float32)
        """Inverse document frequency of each feature, shape (V,)."""
        self.coefficients = np.empty(0, dtype=np.float32)
        """Weight of each feature in the log-odds of success, shape (V,)."""
        self.phase_coefficients = np.zeros(len(GROUPS), dtype=np.float32)
        """Weight of each phase group in the log-odds, shape (4,); zeros without ``settings.phases``."""
        self.intercept = 0.0
        """Log-odds of success of a trial without criteria."""
        self._counts: Callable[[Sequence[str]], csr_matrix] | None = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike, *, weights: ArrayLike | None = None) -> Self:
        """Learn vocabulary, inverse document frequencies and coefficients (see `Rival`).

        ``weights``, shape (n,), say how much each trial counts in the regression; all alike by default.

        Raises
        ------
        InputError
            Also if no feature is held by ``min_df`` trials.
        """
        from sklearn.linear_model import LogisticRegression

        truth = fit_labels(trials, labels)
        vectorizer = self._blank_vectorizer()
        try:
            vectorizer.fit([trial.criteria_text() for trial in trials])
        except ValueError as error:
            raise InputError(
                f"no text feature is held by {self.settings.min_df} of the {len(trials)} training trials ({error}); "
                "lower min_df or give trials with criteria"
            ) from error
        dtype = np.dtype(self.settings.precision)
        self.vocabulary = tuple(vectorizer.get_feature_names_out().tolist())
        self.idf = vectorizer.idf_.astype(dtype)
        self._counts = None
        model = LogisticRegression(C=self.settings.C, max_iter=1000)
        model.fit(self.design(trials), truth, sample_weight=weights)
        self.coefficients, phases = np.split(model.coef_[0].astype(dtype), [len(self.vocabulary)])
        self.phase_coefficients = np.zeros(len(GROUPS), dtype=dtype)
        self.phase_coefficients[: len(phases)] = phases
        self.intercept = float(model.intercept_[0])
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        return self.probabilities(self.design(trials))

    def probabilities(self, design: "csr_matrix") -> NDArray[np.float64]:
        """Return the probabilities of success, shape (n,), of trials whose `design` is at hand."""
        from scipy.special import expit

        weights = np.concatenate([self.coefficients, self.phase_coefficients]).astype(np.float64)
        logits = design @ weights[: design.shape[1]] + self.intercept
        return np.asarray(expit(logits), dtype=np.float64)

    def design(self, trials: Sequence[Trial]) -> "csr_matrix":
        """Return what the regression sees, sparse: TF-IDF, then with ``settings.phases`` the phase groups.

        Raises
        ------
        CladmopError
            If the model is not fitted.
        """
        from scipy.sparse import hstack

        features = self._features(trials)
        return hstack([features, _phases(trials)], format="csr") if self.settings.phases else features

    def contributions(self, trials: Sequence[Trial]) -> "csr_matrix":
        """Return what each feature of each trial adds to its log-odds, sparse, shape (n, V).

        Raises
        ------
        CladmopError
            If the model is not fitted.
        """
        return self._features(trials).multiply(self.coefficients.astype(np.float64)).tocsr()

    def state(self) -> RivalState:
        """Return settings, vocabulary and arrays (see `Rival`)."""
        if self.vocabulary is None:
            raise not_fitted(self.kind)
        settings = {**asdict(self.settings), "intercept": self.intercept, "vocabulary": list(self.vocabulary)}
        arrays = {"idf": self.idf, "coefficients": self.coefficients, "phases": self.phase_coefficients}
        return RivalState(settings, arrays)

    @classmethod
    def from_state(cls, state: RivalState) -> Self:
        """Rebuild; scores are identical to those of the stored model (see `Rival`)."""
        stored = dict(state.settings)
        try:
            vocabulary, intercept = tuple(stored.pop("vocabulary")), float(stored.pop("intercept"))
            settings = TextSettings(**{**stored, "ngrams": tuple(stored["ngrams"])})
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptArtefactError(f"stored rival {cls.kind!r}: settings {error!r}; fit it again") from error
        if len(set(vocabulary)) != len(vocabulary) or not vocabulary:
            raise CorruptArtefactError(f"stored rival {cls.kind!r}: vocabulary is empty or repeats; fit it again")
        size = (len(vocabulary),)
        expect_tensors(state, cls.kind, {"idf": size, "coefficients": size, "phases": (len(GROUPS),)})
        model = cls(settings)
        model.vocabulary, model.intercept = vocabulary, intercept
        model.idf, model.coefficients = state.tensors["idf"], state.tensors["coefficients"]
        model.phase_coefficients = state.tensors["phases"]
        return model

    def _features(self, trials: Sequence[Trial]) -> "csr_matrix":
        if self.vocabulary is None:
            raise not_fitted(self.kind)
        if not trials:
            from scipy.sparse import csr_matrix

            return csr_matrix((0, len(self.vocabulary)))
        if self._counts is None:
            self._counts = self._counter(self.vocabulary)
        return self._weighted(self._counts([trial.criteria_text() for trial in trials]))

    def _counter(self, vocabulary: Sequence[str]) -> "Callable[[Sequence[str]], csr_matrix]":
        """Return what counts the features of texts."""
        if self.settings.analyzer == "word" and self.settings.ngrams[1] <= 2:
            return WordCounts(vocabulary)
        from sklearn.feature_extraction.text import CountVectorizer

        places = {feature: place for place, feature in enumerate(vocabulary)}
        counter = CountVectorizer(analyzer=self.settings.analyzer, ngram_range=self.settings.ngrams, vocabulary=places)
        transform: Callable[[Sequence[str]], csr_matrix] = counter.transform
        return transform

    def _weighted(self, counts: "csr_matrix") -> "csr_matrix":
        """Return TF-IDF of counts, shape (n, V)."""
        from sklearn.feature_extraction.text import TfidfTransformer

        transformer = TfidfTransformer(sublinear_tf=True)
        transformer.idf_ = self.idf.astype(np.float64)
        return transformer.transform(counts)

    def _blank_vectorizer(self) -> "TfidfVectorizer":
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(
            analyzer=self.settings.analyzer,
            ngram_range=self.settings.ngrams,
            sublinear_tf=True,
            min_df=self.settings.min_df,
            max_features=self.settings.max_features,
        )


def _phases(trials: Sequence[Trial]) -> NDArray[np.float32]:
    return phase_columns([trial.phase for trial in trials])
