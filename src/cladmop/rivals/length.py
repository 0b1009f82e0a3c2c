"""Criteria length alone: how far a model gets that reads nothing."""

import math
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import CorruptArtefactError
from cladmop.records import Trial
from cladmop.rivals.base import RivalState, fit_labels, not_fitted


class CriteriaLength:
    """Logistic regression on log(1 + characters of criteria): long protocols fail more often."""

    kind: ClassVar[str] = "criteria-length"

    def __init__(self) -> None:
        self.slope: float | None = None
        """Change of the log-odds of success with each e-fold of length."""
        self.intercept: float | None = None
        """Log-odds of success without criteria."""

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Fit two numbers (see `Rival`)."""
        from sklearn.linear_model import LogisticRegression

        truth = fit_labels(trials, labels)
        model = LogisticRegression().fit(_log_lengths(trials)[:, None], truth)
        self.slope, self.intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        if self.slope is None or self.intercept is None:
            raise not_fitted(self.kind)
        from scipy.special import expit

        return np.asarray(expit(self.slope * _log_lengths(trials) + self.intercept), dtype=np.float64)

    def state(self) -> RivalState:
        """Return slope and intercept (see `Rival`)."""
        if self.slope is None or self.intercept is None:
            raise not_fitted(self.kind)
        return RivalState({"slope": self.slope, "intercept": self.intercept})

    @classmethod
    def from_state(cls, state: RivalState) -> Self:
        """Rebuild (see `Rival`)."""
        numbers = [state.settings.get(name) for name in ("slope", "intercept")]
        if not all(isinstance(number, float) and math.isfinite(number) for number in numbers):
            raise CorruptArtefactError(f"stored rival {cls.kind!r}: slope, intercept {numbers}; fit it again")
        rival = cls()
        rival.slope, rival.intercept = numbers
        return rival


def _log_lengths(trials: Sequence[Trial]) -> NDArray[np.float64]:
    return np.log1p(np.array([len(trial.criteria_text()) for trial in trials], dtype=np.float64))
