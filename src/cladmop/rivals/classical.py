"""Models of tables, as HINT compared itself with: regression, forests, boosting and a plain network.

Shapes: n trials, D columns (see `TrialFeatures`).

The kinds of models are the baselines of HINT (Fu et al., Patterns 2022, doi:10.1016/j.patter.2022.100445), with
LightGBM for its XGBoost; columns and settings are ours. In all 29 settings were tried, once each with seed 0, on five
folds of TOP phase I train ordered by NCT number, so that ROC-AUC on those folds flatters the ones kept. Validation
trials only stop the network.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import MissingDependencyError
from cladmop.records import Trial
from cladmop.rivals.base import Encode, Labelled, fit_labels, not_fitted
from cladmop.rivals.features import TrialFeatures

Table = NDArray[np.float32]
Labels = NDArray[np.int64]
Score = Callable[[Table], ArrayLike]
"""Gives probabilities of success, shape (n,), for a table, shape (n, D)."""
_CLIP = 4.0  # standard deviations; a code that one training trial in a thousand has would lie at 30


class TabularRival(ABC):
    """A rival that sees trials as rows of `TrialFeatures`.

    Parameters
    ----------
    encode : Encode
        Turns trials into arrays.
    seed : int
        Decides all that is random; equal seeds give equal scores.
    """

    kind: ClassVar[str]

    def __init__(self, encode: Encode, seed: int = 0) -> None:
        self.encode, self.seed = encode, seed
        self.features = TrialFeatures()
        """The columns, decided by `fit`."""
        self._score: Score | None = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Take the columns from the trials and fit the model (see `Rival`)."""
        truth = fit_labels(trials, labels)
        self._score = None
        encoded = self.encode(trials)
        self.features = TrialFeatures().fit(encoded)
        self._score = self._learn(self.features.transform(encoded), truth)
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        if self._score is None:
            raise not_fitted(self.kind)
        if not trials:
            return np.empty(0)
        return np.asarray(self._score(self.features.transform(self.encode(trials))), dtype=np.float64)

    @abstractmethod
    def _learn(self, table: Table, truth: Labels) -> Score:
        """Fit the model to a table, shape (n, D), with gaps, and labels, shape (n,)."""


class LogisticRegressionRival(TabularRival):
    """Ridge logistic regression on standardised columns, gaps filled with the training mean.

    C = 3e-4, since columns outnumber trials (tried: 1e-4 to 1e-2, ROC-AUC 0.60 to 0.64, and three C on columns as they
    are). The seed decides nothing.
    """

    kind: ClassVar[str] = "logistic-regression"

    def _learn(self, table: Table, truth: Labels) -> Score:
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        return _fitted(table, truth, StandardScaler(), LogisticRegression(C=3e-4, max_iter=2000))


class RandomForest(TabularRival):
    """500 trees with ten trials a leaf or more, gaps filled with the training mean (tried: leaves of 1, 5 and 10)."""

    kind: ClassVar[str] = "random-forest"

    def _learn(self, table: Table, truth: Labels) -> Score:
        from sklearn.ensemble import RandomForestClassifier

        return _fitted(table, truth, RandomForestClassifier(500, min_samples_leaf=10, random_state=self.seed, n_jobs=1))


class KnnForest(RandomForest):
    """`RandomForest` on molecules borrowed from neighbours, as in Lo et al. (Harvard Data Science Review 2019).

    A trial without a molecule gets the mean molecule features of the five training trials that have some and are
    nearest in all other columns, standardised (tried: as they are). Its column ``no molecule`` stays.
    """

    kind: ClassVar[str] = "knn-forest"
    neighbours: ClassVar[int] = 5

    def _learn(self, table: Table, truth: Labels) -> Score:
        filled = self._filler(table)
        score = super()._learn(filled(table), truth)
        return lambda rows: score(filled(rows))

    def _filler(self, table: Table) -> Callable[[Table], Table]:
        """Return what fills the molecules of a table by the training table, where that has any."""
        from sklearn.neighbors import KNeighborsRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        place = self.features.molecules
        lenders = table[~np.isnan(table[:, place]).all(axis=1)]
        if not len(lenders):
            return lambda rows: rows
        nearest = KNeighborsRegressor(min(self.neighbours, len(lenders)))
        lender = make_pipeline(_mean_filler(), StandardScaler(), nearest)
        lender.fit(np.delete(lenders, place, axis=1), lenders[:, place])

        def filled(rows: Table) -> Table:
            lacking = np.isnan(rows[:, place]).all(axis=1)
            result = rows.copy()
            if lacking.any():
                result[lacking, place] = lender.predict(np.delete(rows[lacking], place, axis=1))
            return result

        return filled


class AdaBoost(TabularRival):
    """50 boosted stumps, each at 0.3 of its weight, gaps filled with the training mean.

    Tried: the full weight, and 50 to 200 stumps that see a draw of the columns.
    """

    kind: ClassVar[str] = "adaboost"

    def _learn(self, table: Table, truth: Labels) -> Score:
        from sklearn.ensemble import AdaBoostClassifier

        return _fitted(table, truth, AdaBoostClassifier(n_estimators=50, learning_rate=0.3, random_state=self.seed))


class GradientBoosting(TabularRival):
    """LightGBM (Ke et al., NeurIPS 2017): 100 trees of up to 31 leaves.

    Each tree sees 0.8 of the trials and 0.3 of the columns. Gaps are left to the trees, which learn where to send them
    (tried: 4, 8 and 31 leaves, 100 to 300 trees, ridge penalties 0 and 10, all columns or fewer).

    Raises
    ------
    MissingDependencyError
        When it is made, if LightGBM is not installed.
    """

    kind: ClassVar[str] = "gradient-boosting"

    def __init__(self, encode: Encode, seed: int = 0) -> None:
        super().__init__(encode, seed)
        _lightgbm()

    def _learn(self, table: Table, truth: Labels) -> Score:
        lightgbm = _lightgbm()
        settings = {
            "objective": "binary", "learning_rate": 0.1, "num_leaves": 31, "lambda_l2": 10.0, "feature_fraction": 0.3,
            "bagging_fraction": 0.8, "bagging_freq": 1, "seed": self.seed, "num_threads": 1, "deterministic": True,
            "force_row_wise": True, "verbosity": -1,
        }  # fmt: skip
        booster = lightgbm.train(settings, lightgbm.Dataset(table, truth), num_boost_round=100)
        return lambda rows: booster.predict(rows, num_threads=1)


class FeedForward(TabularRival):
    """A network with one hidden layer of 64 units, stopped by the log loss of validation trials.

    Columns are standardised and clipped at four standard deviations, gaps filled with the training mean (tried: layers
    of 64 and of 500 and 100, ridge penalties 1 and 10, two learning rates).

    Parameters
    ----------
    encode, seed
        As in `TabularRival`.
    valid : Labelled
        Trials and labels that decide which epoch is kept, of both classes.
    """

    kind: ClassVar[str] = "feed-forward"
    epochs: ClassVar[int] = 60
    patience: ClassVar[int] = 8
    """Epochs without a better log loss after which training ends."""

    def __init__(self, encode: Encode, valid: Labelled, seed: int = 0) -> None:
        super().__init__(encode, seed)
        self.valid = valid

    def _learn(self, table: Table, truth: Labels) -> Score:
        from sklearn.neural_network import MLPClassifier
        from sklearn.pipeline import make_pipeline

        scaler = make_pipeline(*standardiser()).fit(table)
        trials, labels = self.valid
        valid_truth, valid_table = fit_labels(trials, labels), self.features.transform(self.encode(trials))
        network = MLPClassifier(
            (64,), alpha=10.0, learning_rate_init=3e-4, batch_size=min(32, len(table)), random_state=self.seed
        )
        best = self._best_epoch(network, (scaler.transform(table), truth), (scaler.transform(valid_table), valid_truth))
        return lambda rows: best.predict_proba(scaler.transform(rows))[:, 1]

    def _best_epoch(self, network: Any, train: tuple[Table, Labels], valid: tuple[Table, Labels]) -> Any:  # noqa: ANN401 (scikit-learn has no types)
        """Train epoch by epoch; return the network as it was when validation trials were scored best."""
        from cladmop.evaluation.metrics import log_loss

        table, truth = valid
        best, lowest, since = network, np.inf, 0
        for _ in range(self.epochs):
            network.partial_fit(*train, classes=[0, 1])
            loss = log_loss(truth, network.predict_proba(table)[:, 1])
            if loss < lowest:
                best, lowest, since = copy.deepcopy(network), loss, 0
            else:
                since += 1
            if since == self.patience:
                break
        return best


CLASSICAL: tuple[type[TabularRival], ...] = (
    LogisticRegressionRival,
    RandomForest,
    KnnForest,
    AdaBoost,
    GradientBoosting,
    FeedForward,
)
"""All of them, in the order of the tables."""


def standardiser() -> list[Any]:
    """Return unfitted steps of a pipeline: fill gaps with means, standardise, clip at four standard deviations."""
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return [_mean_filler(), StandardScaler(), FunctionTransformer(np.clip, kw_args={"a_min": -_CLIP, "a_max": _CLIP})]


def _mean_filler() -> Any:  # noqa: ANN401 (scikit-learn has no types)
    from sklearn.impute import SimpleImputer

    # A column that no training trial has a value in stays in its place, as zeros.
    return SimpleImputer(keep_empty_features=True)


def _fitted(table: Table, truth: Labels, *steps: Any) -> Score:  # noqa: ANN401 (as above)
    """Fit a pipeline that first fills gaps with means; return its scores."""
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(_mean_filler(), *steps).fit(table, truth)
    return lambda rows: model.predict_proba(rows)[:, 1]


def _lightgbm() -> Any:  # noqa: ANN401 (the package is optional)
    try:
        import lightgbm
    except ImportError as error:
        raise MissingDependencyError(
            "gradient boosting needs LightGBM; install it with: pip install 'cladmop[benchmark]'"
        ) from error
    return lightgbm
