"""Sets of outcomes that hold the true one with a chosen probability (conformal prediction).

Class-conditional (Mondrian) conformal classification, Vovk, Gammerman and Shafer 2005, by the package crepes: an
outcome is in the set of level 1 - e if at least e of the calibration trials of that outcome and phase fit it as badly.
Calibration scores are out of fold: no calibration trial was scored by a model that saw its label.

Shapes: m calibration trials, n trials to judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cladmop.errors import InputError, MissingDependencyError
from cladmop.estimator.stored import StoredArrays

LEVELS = (0.8, 0.9)
"""Levels of the sets shown to people."""
OUTCOMES = ("failure", "success")
"""Names of the classes, in the order of labels 0 and 1."""
GROUPS = ("I", "II", "III", "IV", "none")
"""Phase groups, in the order of their stored numbers."""
_FEWEST = 50
"""Calibration trials of an outcome that a phase needs to be judged by itself; fewer are pooled over the phases."""


@dataclass(frozen=True)
class OutcomeSet:
    """The outcomes that cannot be ruled out at a level; both means that the model abstains."""

    level: float
    """Share of trials whose set holds their outcome, in the long run, for trials like those of calibration."""
    outcomes: tuple[str, ...]
    """Out of ``failure`` and ``success``; may be empty where neither outcome fits."""

    @property
    def decided(self) -> bool:
        """Tell whether one outcome is left."""
        return len(self.outcomes) == 1

    def words(self) -> str:
        """Return the set in plain words: ``90% set: neither outcome can be ruled out``."""
        said = "neither outcome can be ruled out" if self.outcomes else "neither outcome fits"
        return f"{self.level:.0%} set: {self.outcomes[0] if self.decided else said}"


@dataclass(frozen=True)
class Conformal(StoredArrays):
    """Out-of-fold scores of past trials, by which sets for new ones are made."""

    log_odds: NDArray[np.float32]
    """Calibrated log-odds of success of the calibration trials, shape (m,)."""
    labels: NDArray[np.int8]
    """Their outcomes, 0 or 1, shape (m,)."""
    groups: NDArray[np.int8]
    """Index of each one's phase in `GROUPS`, shape (m,)."""

    @classmethod
    def of(cls, log_odds: NDArray[np.float64], labels: NDArray[np.int64], groups: Sequence[str]) -> Self:
        """Keep calibration trials, in an order that says nothing of which is which.

        Raises
        ------
        InputError
            If lengths differ.
        """
        if not len(log_odds) == len(labels) == len(groups):
            raise InputError(f"{len(log_odds)} scores, {len(labels)} labels, {len(groups)} phases; give one a trial")
        numbers = np.array([GROUPS.index(group) for group in groups], dtype=np.int8)
        order = np.lexsort((log_odds, labels, numbers))
        return cls(log_odds[order].astype(np.float32), labels[order].astype(np.int8), numbers[order])

    def p_values(self, log_odds: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64]:
        """Return how well each outcome fits each trial, in (0, 1], shape (n, 2): failure, success.

        Raises
        ------
        MissingDependencyError
            If crepes is not installed.
        """
        columns = []
        for label, classifier in enumerate(self._classifiers):
            bins = np.array([group if group in self._own[label] else "all" for group in groups], dtype=object)
            strange = _strangeness(log_odds, label)[:, None]
            columns.append(classifier.predict_p(strange, bins, smoothing=False)[:, 0])
        return np.stack(columns, axis=1)

    def sets(
        self, log_odds: NDArray[np.float64], groups: Sequence[str], levels: Sequence[float] = LEVELS
    ) -> list[tuple[OutcomeSet, ...]]:
        """Return the outcome sets of each trial, one a level.

        Raises
        ------
        InputError
            If a level is not between 0 and 1.
        """
        for level in levels:
            if not 0 < level < 1:
                raise InputError(f"level {level}: a set's level lies between 0 and 1, such as 0.9")
        return [
            tuple(
                OutcomeSet(level, tuple(name for name, value in zip(OUTCOMES, row, strict=True) if value > 1 - level))
                for level in levels
            )
            for row in self.p_values(log_odds, groups)
        ]

    @cached_property
    def _own(self) -> tuple[frozenset[str], frozenset[str]]:
        """Return the phases that have enough calibration trials of failures, and of successes."""
        failures, successes = (
            frozenset(
                group
                for number, group in enumerate(GROUPS)
                if ((self.groups == number) & (self.labels == label)).sum() >= _FEWEST
            )
            for label in (0, 1)
        )
        return failures, successes

    @cached_property
    def _classifiers(self) -> list[Any]:
        try:
            from crepes import ConformalClassifier
        except ImportError as error:
            raise MissingDependencyError(
                "prediction sets need the package crepes, which is not installed; "
                "install it with: pip install 'cladmop[nn]'"
            ) from error
        names = np.array(GROUPS, dtype=object)[self.groups]
        classifiers = []
        for label in (0, 1):
            rows = self.labels == label
            strange = _strangeness(self.log_odds[rows].astype(np.float64), label)
            # Every trial also stands in the category of all, for phases with too few of their own.
            bins = np.concatenate([names[rows], np.full(int(rows.sum()), "all", dtype=object)])
            classifiers.append(ConformalClassifier().fit(np.tile(strange, 2), bins))
        return classifiers


def _strangeness(log_odds: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """Return how badly an outcome fits: the log-odds against it."""
    return -log_odds if label == 1 else log_odds
