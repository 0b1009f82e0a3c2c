"""The scikit-learn face: fit, predict_proba and score on lists of trials; model folders in and out."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from cladmop.encoders.base import Unit
from cladmop.errors import InputError
from cladmop.estimator.blend import Blend, cross_calibrated, log_odds
from cladmop.estimator.checking import check_trials, checked_labels, checked_weights
from cladmop.estimator.conformal import Conformal, OutcomeSet
from cladmop.estimator.coverage import measure_coverage, out_of_fold_sets
from cladmop.estimator.domain import Domain, TrainingCloud
from cladmop.estimator.members import STATES, TrainingSet, fit_networks, fit_states, fit_text, refit
from cladmop.estimator.parts import NETWORK, part_scores
from cladmop.estimator.prediction import BaseRate, Prediction
from cladmop.estimator.scores import LEVEL, Interval, Scores
from cladmop.evaluation.folds import Fold, ordered_folds, random_folds
from cladmop.pipeline import Dtype, EncodingSettings, NetworkSettings, Structures, make_trial_encoder
from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.encoders.base import EncodedTrial
    from cladmop.encoders.trial import TrialEncoder
    from cladmop.estimator.states import StatesModel
    from cladmop.model.cladmop import CLaDMoP
    from cladmop.rivals.tfidf import TextModel

TEXTS = ("words", "characters")
PARTS_KNOWN = (NETWORK, STATES, *TEXTS)
"""Names of the parts a blend may have."""
PARTS = {NETWORK: 0.1, STATES: 0.45, "words": 0.45}
"""Weights chosen on folds of TOP phase I train and valid (docs/LOG.md)."""
_RATE = 5e-4
NETWORK_CHANGES: Mapping[str, Mapping[str, Any]] = {
    "model": {"dropout": 0.5},
    "finetune": {
        "mode": "full", "epochs": 8, "learning_rate": _RATE, "head_learning_rate": _RATE, "weight_decay": 0.3,
    },
}  # fmt: skip
"""A strongly regularised network, trained in full for few epochs: best on folds ordered by NCT number (docs/LOG.md)."""
ALL = "all"
"""Name of the base rate over all phases."""


class TrialOutcomeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Probability that a clinical trial succeeds.

    A blend of up to four parts, each of which may stand alone, calibrated out of fold: CLaDMoP networks (one a fold),
    a regression on the frozen language model's states, and TF-IDF models of the criteria.

    It is a scikit-learn classifier over a sequence of `Trial`, not an array: it clones, stands at the end of a
    ``Pipeline``, and goes through ``cross_val_predict``, ``cross_val_score`` (also with ``n_jobs``) and
    ``GridSearchCV``. Labels are 0 and 1. scikit-learn's own estimator checks pass on it but for those that the table
    ``NOT_OURS`` in ``tests/estimator/test_sklearn_checks.py`` names with their reasons. Models are kept by
    `save_pretrained`, never pickled; joblib pickles unfitted clones for its workers, which works.

    Parameters
    ----------
    encoder : str
        Frozen language model: ``minilm``, ``smollm2``, a hub name or a folder.
    revision : str or None
        Hub revision of the encoder.
    dtype : {"auto", "float32", "bfloat16"}
        Arithmetic of the encoder. Single precision by default, so that scores agree across machines.
    units : {"items", "tokens"}
        What one criteria vector stands for.
    structures : {"repaired", "published"}
        Molecules from drug names resolved here, or as the data set lists them.
    preset : {"default", "paper"}
        Widths and depths of the network.
    pretraining : bool
        Pair matching on successful trials before fine-tuning. Off by default: on TOP phase I it did not pay
        (docs/LOG.md).
    parts : mapping of str to float, or None
        Weight in the blend of ``network`` (CLaDMoP), ``states`` (regression on hidden states), ``words`` and
        ``characters`` (TF-IDF); those left out are not trained. None takes the weights chosen on folds (`PARTS`).
    network : mapping or None
        Further fields of ``NetworkSettings``: ``model``, ``pretrain`` and ``finetune``, each a mapping of changes to
        the preset (``{"finetune": {"epochs": 4}}``). None takes those chosen on folds (`NETWORK_CHANGES`).
    folds : int
        Folds and so networks, at least 2.
    random_folds : bool
        Cut folds at random, not by NCT number, which follows time; always so where a trial has no NCT number.
    replicates : int
        Bootstrap refits of the regressions, for intervals; 0 for none.
    seed : int
        Equal seeds give equal models.
    work_dir : Path or None
        Where training keeps its checkpoints, so that a killed fit continues; a temporary folder if none.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        0 failure, 1 success.
    networks_ : list of CLaDMoP
    states_ : StatesModel or None
    text_models_ : dict of TextModel by part
    replicates_ : dict of Replicates by part
    blend_ : Blend
    base_rates_ : dict of BaseRate by phase group, and ``all``
    conformal_ : Conformal
        Out-of-fold scores by which outcome sets are made.
    coverage_ : tuple of Coverage
        What the sets of each level were worth out of fold.
    tested_ : dict or None
        What a test split said of the loaded model (``tested.json``, by ``cladmop benchmark trust --store``).
    cloud_ : TrainingCloud or None
        Where the training trials lie; none where no part reads hidden states.
    out_of_fold_ : ndarray of shape (n,)
        Calibrated probabilities of the training trials, each by parts that never saw its label.
    cross_calibrated_ : ndarray of shape (n,)
        The same, calibrated on the other folds' trials only: what calibration is judged by.
    """

    def __init__(
        self,
        *,
        encoder: str = "minilm",
        revision: str | None = None,
        dtype: Dtype = "float32",
        units: str = "items",
        structures: Structures = "repaired",
        preset: str = "default",
        pretraining: bool = False,
        parts: Mapping[str, float] | None = None,
        network: Mapping[str, Mapping[str, Any]] | None = None,
        folds: int = 5,
        random_folds: bool = False,
        replicates: int = 20,
        seed: int = 0,
        work_dir: Path | None = None,
    ) -> None:
        self.encoder = encoder
        self.revision = revision
        self.dtype = dtype
        self.units = units
        self.structures = structures
        self.preset = preset
        self.pretraining = pretraining
        self.parts = parts
        self.network = network
        self.folds = folds
        self.random_folds = random_folds
        self.replicates = replicates
        self.seed = seed
        self.work_dir = work_dir

    def fit(
        self,
        X: Sequence[Trial],
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        successes: Sequence[Trial] = (),
    ) -> Self:
        """Train on trials and their outcomes.

        Parameters
        ----------
        X : sequence of Trial
            Training trials.
        y : array_like of shape (n,)
            1 success, 0 failure.
        sample_weight : array_like of shape (n,) or None
            How much each trial counts in the regressions and base rates (the networks count all alike); 1 by default.
        successes : sequence of Trial
            Further successful trials, of any phase, for pre-training only. Those that are in ``X`` are left out.

        Raises
        ------
        InputError
            If there are too few trials of a class, a setting is outside its range, or ``X`` holds anything but trials.
        """
        weights = self._weights()
        check_trials(X)
        labels = checked_labels(X, y)
        counts = checked_weights(labels, sample_weight)
        needs_states = {NETWORK, STATES} & set(weights)
        encoded = self.trial_encoder().encode(X) if needs_states else []
        data = TrainingSet(X, encoded, labels, counts, self._folds(X, labels))
        scores: dict[str, NDArray[np.float64]] = {}
        self.text_models_: dict[str, TextModel] = {}
        for name in TEXTS:
            if name in weights:
                self.text_models_[name], scores[name] = fit_text(name, data)
        self.states_: StatesModel | None = None
        if STATES in weights:
            self.states_, scores[STATES] = fit_states(data)
        self.networks_: list[CLaDMoP] = []
        if NETWORK in weights:
            self.networks_, scores[NETWORK] = self._fit_networks(data, successes)
        self.replicates_ = refit(data, self.text_models_, self.states_, self.replicates, self.seed)
        self.cloud_ = TrainingCloud.fit(encoded, data.folds) if self.states_ is not None else None
        self.blend_ = Blend.fit(labels, scores, weights)
        groups = [trial.phase.group for trial in X]
        calibrated = log_odds(self.blend_(scores))
        self.conformal_ = Conformal.of(calibrated, labels, groups)
        self.coverage_ = measure_coverage(out_of_fold_sets(calibrated, labels, groups, data.folds), labels)
        self.out_of_fold_ = self.blend_(scores)
        self.cross_calibrated_ = cross_calibrated(labels, scores, weights, data.folds)
        self.out_of_fold_parts_ = scores
        self.out_of_fold_labels_ = labels
        self.out_of_fold_groups_ = np.array(groups)
        self.base_rates_ = count_base_rates(X, labels)
        self.tested_: dict[str, Any] | None = None
        self.classes_ = np.array([0, 1])
        self._source: Path | None = None
        return self

    def predict_proba(self, X: Sequence[Trial]) -> NDArray[np.float64]:
        """Return probabilities of failure and success, shape ``(n, 2)``.

        Raises
        ------
        NotFittedError
            If neither ``fit`` nor ``from_pretrained`` came before.
        """
        self._require_fitted(X)
        success = self.blend_(self.part_probabilities(X)) if len(X) else np.empty(0)
        return np.column_stack([1 - success, success])

    def predict(self, X: Sequence[Trial]) -> NDArray[np.int64]:
        """Return 1 where the probability reaches the threshold chosen out of fold, else 0; shape ``(n,)``."""
        return np.asarray(self.predict_proba(X)[:, 1] >= self.blend_.threshold, dtype=np.int64)

    def predict_trials(self, X: Sequence[Trial]) -> list[Prediction]:
        """Return each trial's probability with its interval, outcome sets, base rate, drug mapping and warnings."""
        self._require_fitted(X)
        encoded = self._encoded(X)
        scores = self._blended(X, encoded)
        intervals: list[Interval | None] = [None] * len(X)
        if self.replicates > 1:
            ends = zip(*scores.interval(LEVEL), strict=True)
            intervals = [Interval(float(low), float(high), LEVEL) for low, high in ends]
        sets = self.conformal_.sets(scores.log_odds, [trial.phase.group for trial in X]) if len(X) else []
        places = self.cloud_.place(encoded) if self.cloud_ is not None and len(X) else [None] * len(X)
        rows = zip(X, scores.probability.tolist(), intervals, sets, places, strict=True)
        return [self._prediction(*row) for row in rows]

    def _prediction(
        self,
        trial: Trial,
        probability: float,
        interval: Interval | None,
        sets: tuple[OutcomeSet, ...],
        domain: Domain | None,
    ) -> Prediction:
        report = self.trial_encoder().report(trial)
        base_rate = self.base_rates_.get(trial.phase.group, self.base_rates_[ALL])
        warnings = list(report.warnings)
        if base_rate.group == ALL:
            warnings.append(f"phase {trial.phase.value!r} is not among the training trials; base rate is over all")
        if domain is not None and domain.outside:
            warnings.append("unlike the trials the model learned from: farther from them than 95% of held-out ones")
        return Prediction(
            trial, probability, interval, sets, domain, base_rate, report.drugs, report.diseases, tuple(warnings)
        )

    def part_probabilities(self, X: Sequence[Trial]) -> dict[str, NDArray[np.float64]]:
        """Return each part's own probabilities of success, shape ``(n,)`` a part, before the blend."""
        self._require_fitted(X)
        return {name: scores[0] for name, scores in part_scores(self, X, self._encoded(X), refits=0).items()}

    def score_trials(self, X: Sequence[Trial]) -> Scores:
        """Return calibrated log-odds of success, of the model and of its bootstrap refits.

        The networks are not refitted: refit r takes network r (modulo their number) alone, so that they differ too.
        """
        self._require_fitted(X)
        return self._blended(X, self._encoded(X))

    def _blended(self, X: Sequence[Trial], encoded: "Sequence[EncodedTrial]") -> Scores:
        if not len(X):
            return Scores(np.empty(0), np.empty((self.replicates, 0)))
        calibrated = log_odds(self.blend_(part_scores(self, X, encoded, self.replicates)))
        return Scores(calibrated[0], calibrated[1:])

    def _encoded(self, X: Sequence[Trial]) -> "list[EncodedTrial]":
        """Return the trials as arrays; none where no part reads them."""
        return self.trial_encoder().encode(X) if self.states_ is not None or self.networks_ else []

    def keep_in_memory(self, megabytes: float = 256) -> None:
        """Keep this model warm: hidden states stay in memory and never reach the disk.

        Raises
        ------
        InputError
            If ``megabytes`` is not above 0.
        """
        self.trial_encoder().keep_in_memory(megabytes)

    def trial_encoder(self) -> "TrialEncoder":
        """Return the encoder of trials, built on first use (it loads the language model)."""
        if getattr(self, "_trial_encoder", None) is None:
            self._trial_encoder = make_trial_encoder(self._encoding())
        return self._trial_encoder

    @classmethod
    def from_pretrained(
        cls, folder: str | Path = "default", *, revision: str | None = None, token: str | bool | None = None
    ) -> Self:
        """Load a model folder, the model that ships with the package (``default``), or one of the Hugging Face hub.

        Parameters
        ----------
        folder : str or Path
            A folder, ``default``, or ``OWNER/NAME`` on the hub, where there is no such folder. What the hub gave is
            kept in its own cache, which is all that is asked where ``CLADMOP_OFFLINE`` is set.
        revision : str or None
            Branch, tag or commit on the hub; the main branch if none.
        token : str, bool or None
            Access token of the hub; the stored one if none.

        Raises
        ------
        InputError
            If ``revision`` is given for a folder.
        MissingArtefactError
            If there is no such folder or model, or a file of it is missing.
        CorruptArtefactError
            If a file does not have the bytes it was written with.
        NetworkError
            If the hub does not answer.
        MissingDependencyError
            If a part of the model needs a package of the extra ``nn``.
        """
        from cladmop.estimator.folder import load
        from cladmop.estimator.hub import locate

        model: Self = load(cls, locate(folder, revision=revision, token=token))
        return model

    def save_pretrained(self, folder: Path, card: dict[str, Any] | None = None) -> None:
        """Write the fitted model as a folder, atomically: config.json, safetensors, README.md, metrics.json.

        ``card`` may name the data, its terms and the command, for the model card. A loaded model is copied as it is.

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        InputError
            If a card is given for a loaded model, which has one.
        StorageError
            If the folder cannot be written.
        """
        from cladmop.estimator.folder import copy, save

        self._require_fitted()
        if self._source is None:
            save(self, Path(folder), card or {})
        elif card:
            raise InputError(f"the model of {self._source} has a card; save it without one, or edit its README.md")
        else:
            copy(self._source, Path(folder))

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload a cladmop model",
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        create_pr: bool | None = None,
        card: dict[str, Any] | None = None,
    ) -> str:
        """Upload the model folder to the Hugging Face hub, in one commit, and return that commit's address.

        The arguments are those of ``huggingface_hub.ModelHubMixin.push_to_hub``. The mixin itself is not inherited: it
        would keep a second copy of the parameters, and need the hub's package before a model could be fitted.

        Parameters
        ----------
        repo_id : str
            ``OWNER/NAME``; made if it is not there.
        commit_message : str
            What the commit says.
        private : bool or None
            Whether a repository that is made is private; the owner's default if none.
        token : str or None
            Access token that may write; the stored one if none.
        branch : str or None
            Branch to commit to; the main branch if none.
        create_pr : bool or None
            Propose the commit as a pull request.
        card : dict or None
            As for `save_pretrained`.

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        InputError
            If ``repo_id`` is no name of a repository, or ``CLADMOP_OFFLINE`` is set.
        NetworkError
            If the hub does not answer, or refuses.
        MissingDependencyError
            If ``huggingface-hub`` is not installed.
        """
        from cladmop.estimator.hub import Upload, push

        self._require_fitted()
        upload = Upload(repo_id, commit_message, private, token, branch, create_pr)
        with tempfile.TemporaryDirectory(prefix="cladmop-push-") as temporary:
            folder = Path(temporary) / "model"
            self.save_pretrained(folder, card)
            return push(folder, upload)

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 (scikit-learn has no types)
        """Tell scikit-learn that X is a sequence of trials, not an array, and that there are two classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_class = False
        tags.no_validation = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn whether there is a blend to score with."""
        return hasattr(self, "blend_")

    def _require_fitted(self, X: Sequence[Trial] = ()) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("this TrialOutcomeClassifier is not fitted; call fit or from_pretrained first")
        check_trials(X)

    def _encoding(self) -> EncodingSettings:
        return EncodingSettings(self.encoder, self.revision, Unit(self.units), self.structures, self.dtype)

    def _weights(self) -> dict[str, float]:
        weights = dict(PARTS if self.parts is None else self.parts)
        wrong = [name for name, weight in weights.items() if name not in PARTS_KNOWN or not weight > 0]
        if wrong or not weights:
            raise InputError(
                f"parts: {wrong[0] if wrong else weights!r}; give weights above 0 to one or more of "
                + ", ".join(PARTS_KNOWN)
            )
        return weights

    def _folds(self, trials: Sequence[Trial], labels: NDArray[np.int64]) -> list[Fold]:
        ids = [trial.nct_id or f"row {row}" for row, trial in enumerate(trials)]
        if self.random_folds or not all(trial.nct_id for trial in trials):
            folds = random_folds(labels, ids, self.folds, 1, self.seed)
        else:
            folds = ordered_folds(ids, self.folds)
        for fold in folds:
            if len(set(labels[fold.train])) < 2 or len(set(labels[fold.validation])) < 2:
                raise InputError(f"fold {fold.name} holds one class only; give more trials or fewer folds")
        return folds

    def _fit_networks(
        self, data: TrainingSet, successes: Sequence[Trial]
    ) -> "tuple[list[CLaDMoP], NDArray[np.float64]]":
        known = {trial.nct_id for trial in data.trials if trial.nct_id is not None}
        pool = self.trial_encoder().encode([trial for trial in successes if trial.nct_id not in known])
        chosen = NETWORK_CHANGES if self.network is None else self.network
        changes: dict[str, Any] = {name: dict(values) for name, values in chosen.items()}
        settings = NetworkSettings(
            encoding=self._encoding(), preset=self.preset, pretraining=self.pretraining, seed=self.seed, **changes
        )
        with tempfile.TemporaryDirectory(prefix="cladmop-fit-") as temporary:
            return fit_networks(data, pool, settings, Path(temporary) if self.work_dir is None else self.work_dir)


def count_base_rates(trials: Sequence[Trial], labels: NDArray[np.int64]) -> dict[str, BaseRate]:
    """Return the share of successes of each phase group among the training trials, and over all of them."""
    groups = [trial.phase.group for trial in trials]
    sizes, wins = Counter(groups), Counter(g for g, label in zip(groups, labels, strict=True) if label)
    rates = {group: BaseRate(group, wins[group] / size, size) for group, size in sorted(sizes.items())}
    return {**rates, ALL: BaseRate(ALL, float(labels.mean()), len(labels))}
