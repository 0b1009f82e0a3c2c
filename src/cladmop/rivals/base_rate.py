"""The base rate: every trial gets the success rate of the training trials."""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import CorruptArtefactError
from cladmop.records import Trial
from cladmop.rivals.base import RivalState, fit_labels, not_fitted


class BaseRate:
    """Score every trial alike: ROC-AUC one half, F1 of calling all a success, the Brier score to beat."""

    kind: ClassVar[str] = "base-rate"

    def __init__(self) -> None:
        self.rate: float | None = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Count successes (see `Rival`)."""
        self.rate = float(fit_labels(trials, labels).mean())
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the training success rate for each trial, shape (n,) (see `Rival`)."""
        if self.rate is None:
            raise not_fitted(self.kind)
        return np.full(len(trials), self.rate)

    def state(self) -> RivalState:
        """Return the rate (see `Rival`)."""
        if self.rate is None:
            raise not_fitted(self.kind)
        return RivalState({"rate": self.rate})

    @classmethod
    def from_state(cls, state: RivalState) -> Self:
        """Rebuild (see `Rival`)."""
        rate = state.settings.get("rate")
        if not isinstance(rate, float) or not 0 < rate < 1:
            raise CorruptArtefactError(f"stored rival {cls.kind!r}: rate {rate!r} is no success rate; fit it again")
        rival = cls()
        rival.rate = rate
        return rival
