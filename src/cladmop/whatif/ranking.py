"""The search for the criterion whose removal raises the score most, marked for how many were tried."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cladmop.errors import InputError
from cladmop.explain.left_out import criteria_of, difference, leave_out, score_variants
from cladmop.records import Trial
from cladmop.whatif.what_if import NOTE, Likelihood, likelihood

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.estimator.scores import Scores

FAMILY_ERROR = 0.1
"""Chance, at most, that any removal is marked sure although none of them changes the score."""


@dataclass(frozen=True)
class Removal:
    """One criterion taken out."""

    side: str
    item: int
    """Its number on its side, from 1."""
    text: str
    points: float
    """Probability without it minus with it, -1 to 1."""
    low: float
    """Lower end of the 90% interval of ``points``, for this removal alone."""
    high: float
    """Upper end."""
    sure: bool
    """Whether the sign stands after Holm's correction for all removals that were tried."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Ranking:
    """Removals of single criteria, the largest rise first."""

    before: Likelihood
    removals: tuple[Removal, ...]

    @property
    def note(self) -> str:
        """How to read the marks, and what no mark can say."""
        tried, chance = len(self.removals), len(self.removals) * FAMILY_ERROR
        return (
            f"{tried} removals were tried. Were none of them to matter, about {chance:.1f} of their 90% intervals "
            "would still leave out 0 by chance; those marked sure stand after Holm's correction for all of them "
            f"(at most {FAMILY_ERROR:.0%} chance of any false mark). {NOTE}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        removals = [removal.to_json() for removal in self.removals]
        return {"before": asdict(self.before), "removals": removals, "note": self.note}


def rank_removals(model: "TrialOutcomeClassifier", trial: Trial) -> Ranking:
    """Take out each criterion in turn, and rank them by what that does to the score.

    Raises
    ------
    InputError
        If the trial has no criteria, or the model no bootstrap refits.
    """
    parts = criteria_of(trial)
    if not parts:
        raise InputError("what-if: the trial has no criteria whose removal could be ranked; give some")
    scores = score_variants(model, [trial, *(leave_out(trial, [part]) for part in parts)])
    rows = range(1, len(parts) + 1)
    sure = _holm(scores, rows)
    removals = []
    for row, part in zip(rows, parts, strict=True):
        change = difference(scores, row, 0)
        removals.append(Removal(part.kind, part.item, part.text, change.points, change.low, change.high, row in sure))
    ranked = sorted(removals, key=lambda removal: -removal.points)
    return Ranking(likelihood(scores, 0), tuple(ranked))


def _holm(scores: "Scores", rows: Sequence[int]) -> set[int]:
    """Return the rows that differ from row 0 after Holm's step-down correction (Scand. J. Stat. 1979, 6:65)."""

    def clearness(row: int) -> float:
        change = difference(scores, row, 0)
        width = change.high - change.low
        return abs(change.points) / width if width > 0 else 0.0

    sure: set[int] = set()
    for left, row in zip(range(len(rows), 0, -1), sorted(rows, key=clearness, reverse=True), strict=True):
        change = difference(scores, row, 0, level=1 - FAMILY_ERROR / left)
        if not change.sure:
            break
        sure.add(row)
    return sure
