"""The score of a trial before and after it is written differently."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cladmop.explain.left_out import difference, score_variants
from cladmop.records import Trial
from cladmop.whatif.comparison import changes
from cladmop.whatif.edits import Edit

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.estimator.scores import Change, Scores

NOTE = (
    "An association in past trials, not a cause: trials that are written like this have succeeded more or less often, "
    "which does not mean that this trial would if it were changed so."
)
"""Stands beside every answer. The interval is of what the training trials leave open, not of what will happen."""


@dataclass(frozen=True)
class Likelihood:
    """A probability of success with its 90% interval, all 0 to 1."""

    probability: float
    low: float
    high: float


@dataclass(frozen=True)
class WhatIf:
    """What an edit does to a score."""

    before: Likelihood
    after: Likelihood
    change: "Change"
    """After minus before, its interval from the paired refits."""
    changed: tuple[str, ...]
    """The edits in plain words; empty where both versions are the same to a score."""
    note: str = NOTE

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "before": asdict(self.before),
            "after": asdict(self.after),
            "change": {**asdict(self.change), "sure": self.change.sure},
            "changed": list(self.changed),
            "note": self.note,
        }


@dataclass(frozen=True)
class Asked:
    """A trial before and after it is written differently."""

    trial: Trial
    edited: Trial
    edits: Sequence[Edit] | None = None
    """What was changed; found by comparing both versions if none are given."""


def what_if(
    model: "TrialOutcomeClassifier", trial: Trial, edited: Trial, edits: Sequence[Edit] | None = None
) -> WhatIf:
    """Score a trial before and after it is written differently.

    Parameters
    ----------
    model
        A fitted model with two or more bootstrap refits.
    trial, edited
        Both versions (`apply_edits` makes the second).
    edits
        What was changed; found by comparing both versions if none are given.

    Raises
    ------
    InputError
        If the model has no refits, or a structure is no SMILES.
    """
    return what_ifs(model, [Asked(trial, edited, edits)])[0]


def what_ifs(model: "TrialOutcomeClassifier", asked: Sequence[Asked]) -> list[WhatIf]:
    """Answer several questions, with all their trials scored together; see `what_if`."""
    changed = [_words(one) for one in asked]
    scores = score_variants(model, [trial for one in asked for trial in (one.trial, one.edited)])
    return [
        WhatIf(likelihood(scores, old), likelihood(scores, old + 1), difference(scores, old + 1, old), words)
        for old, words in zip(range(0, 2 * len(asked), 2), changed, strict=True)
    ]


def _words(asked: Asked) -> tuple[str, ...]:
    if asked.edits is None:
        return changes(asked.trial, asked.edited)
    return tuple(edit.words(asked.trial) for edit in asked.edits)


def likelihood(scores: "Scores", row: int) -> Likelihood:
    """Return the probability of one row of scores with its interval."""
    low, high = scores.interval()
    return Likelihood(float(scores.probability[row]), float(low[row]), float(high[row]))
