"""Mean-pooled states of a frozen language model and logistic regression: the plainest use of a language model.

Shapes: n trials, L levels read, T criteria vectors, W width of the language model, D = L x W features.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.records import Trial
from cladmop.rivals.base import Encode, fit_labels, not_fitted

Levels = Literal["last", "all"]


class PooledStates:
    """Ridge logistic regression on the mean of a trial's criteria states.

    The mean is over the trial's criteria vectors, inclusion and exclusion alike, each weighing the same. With
    ``Unit.TOKENS`` that is the mean over tokens; with ``Unit.ITEMS`` it is the mean over items, so that a short item
    weighs as much as a long one. States leave out special tokens, the attention sink that starts a causal model's text
    among them. Features are standardised and divided by sqrt(D), so that one C serves one level and four.

    Parameters
    ----------
    encode
        Turns trials into arrays.
    levels
        ``last``: states of the last layer; ``all``: of all four depths, side by side.
    C
        Inverse strength of the ridge penalty. 0.3 is the best of 0.03 to 30 for either choice of levels, by mean
        ROC-AUC of five folds of TOP phase I train ordered by NCT number (MiniLM: 0.625 last, 0.645 all).

    Raises
    ------
    InputError
        If ``levels`` is another word, or C is not above 0.

    Notes
    -----
    A trial without criteria has no state: it gets the mean of the training trials, and 1 in a column of its own.
    """

    kind: ClassVar[str] = "pooled-states"

    def __init__(self, encode: Encode, levels: Levels = "last", C: float = 0.3) -> None:
        if levels not in {"last", "all"}:
            raise InputError(f"levels {levels!r}: use 'last' or 'all'")
        if not C > 0:
            raise InputError(f"C {C}: give a number above 0")
        self.encode, self.levels, self.C = encode, levels, C
        self._scaler: Any = None
        self._model: Any = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Fit scales and coefficients (see `Rival`).

        Raises
        ------
        InputError
            Also if no trial has criteria.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        truth = fit_labels(trials, labels)
        means = self._means(trials)
        if np.isnan(means).all():
            raise InputError(f"none of the {len(trials)} training trials has criteria; {self.kind} reads nothing else")
        self._scaler = StandardScaler().fit(means)
        self._model = LogisticRegression(C=self.C, max_iter=5000).fit(self._features(means), truth)
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`).

        Raises
        ------
        InputError
            If the states have another width than those of the training trials.
        """
        if self._model is None:
            raise not_fitted(self.kind)
        if not trials:
            return np.empty(0)
        means = self._means(trials)
        if means.shape[1] != self._scaler.n_features_in_:
            raise InputError(
                f"states of {means.shape[1]} features, but {self._scaler.n_features_in_} in training; encode all "
                "trials by one language model"
            )
        return np.asarray(self._model.predict_proba(self._features(means))[:, 1], dtype=np.float64)

    def _means(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        return np.stack([_mean_state(trial, self.levels) for trial in self.encode(trials)])

    def _features(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scaled means and the column of absent criteria, shape (n, D + 1)."""
        absent = np.isnan(means[:, 0])
        scaled = self._scaler.transform(means) / np.sqrt(means.shape[1])
        scaled[absent] = 0
        return np.column_stack([scaled, absent])


def _mean_state(trial: EncodedTrial, levels: Levels) -> NDArray[np.float64]:
    """Return the mean over T of the levels read, one after the other, shape (D,); NaN where T is 0."""
    states_LTW = trial.criteria[-1:] if levels == "last" else trial.criteria
    if not states_LTW.shape[1]:
        return np.full(states_LTW.shape[0] * states_LTW.shape[2], np.nan)
    mean_D: NDArray[np.float64] = states_LTW.mean(axis=1, dtype=np.float64).ravel()
    return mean_D
