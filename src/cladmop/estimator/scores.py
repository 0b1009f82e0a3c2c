"""Scores of many trials with what the training sample leaves open: log-odds of the model and of its bootstrap refits.

Shapes: n trials, R refits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cladmop.errors import InputError

LEVEL = 0.9
"""Level of the intervals shown to people."""


@dataclass(frozen=True)
class Interval:
    """Where a value lies, were the model fitted on other trials of the same kind."""

    low: float
    high: float
    level: float
    """Nominal level, above 0 and below 1."""


@dataclass(frozen=True)
class Change:
    """The difference of two scores of one model, from the same refits: an association, never the effect of an edit."""

    log_odds: float
    """New minus old calibrated log-odds."""
    points: float
    """New minus old probability, -1 to 1."""
    low: float
    """Lower end of the interval of ``points``."""
    high: float
    """Upper end."""

    @property
    def sure(self) -> bool:
        """Tell whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Scores:
    """Calibrated log-odds of success, of the model and of each of its refits on bootstrapped training trials."""

    log_odds: NDArray[np.float64]
    """Shape (n,)."""
    replicates: NDArray[np.float64]
    """Shape (R, n); R is 0 where the model was fitted without refits."""

    @property
    def probability(self) -> NDArray[np.float64]:
        """Calibrated probability of success, shape (n,)."""
        return _sigmoid(self.log_odds)

    def interval(self, level: float = LEVEL) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper ends of each probability's interval, shape (n,) each.

        Log-odds plus and minus Student's t (R - 1 degrees of freedom) times the standard deviation over the refits.
        It covers what the training sample leaves open, not whether the trial will succeed.

        Raises
        ------
        InputError
            If there are fewer than two refits, or ``level`` is not between 0 and 1.
        """
        reach = self._reach(self.replicates, level)
        return _sigmoid(self.log_odds - reach), _sigmoid(self.log_odds + reach)

    def change(self, new: int, old: int, level: float = LEVEL) -> Change:
        """Return how row ``new`` differs from row ``old``.

        Raises
        ------
        InputError
            If there are fewer than two refits, or ``level`` is not between 0 and 1.
        """
        points = float(self.probability[new] - self.probability[old])
        spread = _sigmoid(self.replicates[:, [new]]) - _sigmoid(self.replicates[:, [old]])
        reach = float(self._reach(spread, level)[0])
        return Change(float(self.log_odds[new] - self.log_odds[old]), points, points - reach, points + reach)

    def _reach(self, values: NDArray[np.float64], level: float) -> NDArray[np.float64]:
        """Return half the width of the interval of each column of ``values``, shape (R, columns)."""
        from scipy.stats import t

        if not 0 < level < 1:
            raise InputError(f"level {level}: an interval's level lies between 0 and 1, such as 0.9")
        refits = len(values)
        if refits < 2:
            raise InputError(f"the model has {refits} refits, intervals need 2 or more; fit it with replicates=20")
        quantile = float(t.ppf((1 + level) / 2, refits - 1))
        return np.asarray(quantile * values.std(axis=0, ddof=1), dtype=np.float64)


def _sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    return np.asarray(expit(log_odds), dtype=np.float64)
