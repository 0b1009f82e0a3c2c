"""How often outcome sets hold the true outcome, and how often they decide.

Shapes: n trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cladmop.estimator.conformal import LEVELS, OUTCOMES, Conformal, OutcomeSet
from cladmop.evaluation.folds import Fold


@dataclass(frozen=True)
class Coverage:
    """What the sets of one level were worth on labelled trials."""

    level: float
    """Nominal level."""
    trials: int
    covered: float
    """Share of trials whose set holds their outcome."""
    low: float
    """Lower end of its 95% interval (Wilson)."""
    high: float
    """Upper end."""
    decided: float
    """Share of trials whose set holds one outcome; the others' hold both, or none."""
    right: float | None
    """Share of the decided ones whose outcome it is; none where nothing is decided."""

    def text(self) -> str:
        """Return the coverage as ``.893 [.866, .915]``."""
        covered, low, high = (f"{value:.3f}".removeprefix("0") for value in (self.covered, self.low, self.high))
        return f"{covered} [{low}, {high}]"


def measure_coverage(sets: Sequence[tuple[OutcomeSet, ...]], labels: NDArray[np.int64]) -> tuple[Coverage, ...]:
    """Return the coverage of each level, from the sets of n trials, at least one, and their outcomes."""
    return tuple(_coverage([one[number] for one in sets], labels) for number in range(len(sets[0])))


def out_of_fold_sets(
    log_odds: NDArray[np.float64], labels: NDArray[np.int64], groups: Sequence[str], folds: Sequence[Fold]
) -> list[tuple[OutcomeSet, ...]]:
    """Return each trial's sets, made by the scores of the other folds' trials only."""
    names = np.array(groups)
    found: list[tuple[OutcomeSet, ...]] = [()] * len(labels)
    for fold in folds:
        conformal = Conformal.of(log_odds[fold.train], labels[fold.train], names[fold.train].tolist())
        sets = conformal.sets(log_odds[fold.validation], names[fold.validation].tolist(), LEVELS)
        for row, one in zip(fold.validation.tolist(), sets, strict=True):
            found[row] = one
    return found


def _coverage(sets: Sequence[OutcomeSet], labels: NDArray[np.int64]) -> Coverage:
    from scipy.stats import binomtest

    held = np.array([OUTCOMES[label] in one.outcomes for one, label in zip(sets, labels, strict=True)])
    decided = np.array([one.decided for one in sets])
    interval = binomtest(int(held.sum()), len(held)).proportion_ci(0.95, method="wilson")
    return Coverage(
        level=sets[0].level,
        trials=len(held),
        covered=float(held.mean()),
        low=float(interval.low),
        high=float(interval.high),
        decided=float(decided.mean()),
        right=float(held[decided].mean()) if decided.any() else None,
    )
