"""A trial without one or several of its parts: what a contribution and a what-if are both made of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.estimator.scores import Change, Scores

Kind = Literal["inclusion", "exclusion", "drug", "disease"]
SIDES: tuple[Literal["inclusion", "exclusion"], ...] = ("inclusion", "exclusion")
_ITEMS_AT_ONCE = 16_384
"""Criteria that are scored in one call at most: about 50 MB of MiniLM's states, and ten times that in a network."""
_NOISE = 1e-5
"""Points below which a difference is that of sums in another order, in single precision."""
Item = TypeVar("Item")


@dataclass(frozen=True)
class Part:
    """What may be left out of a trial: one criterion, or all mentions of one drug or disease."""

    kind: Kind
    item: int
    """Its number within its kind, from 1."""
    text: str
    """The criterion, or the name as written."""


def same_name(first: str, second: str) -> bool:
    """Tell whether two names are the same but for case and white space."""
    return folded(first) == folded(second)


def folded(name: str) -> str:
    """Return a name as names are compared: in lower case, with single spaces."""
    return " ".join(name.casefold().split())


def criteria_of(trial: Trial) -> tuple[Part, ...]:
    """Return the criteria of a trial, inclusion first."""
    return tuple(Part(side, item, text) for side in SIDES for item, text in enumerate(getattr(trial, side), start=1))


def parts_of(trial: Trial) -> tuple[Part, ...]:
    """Return the criteria of a trial, then its drugs and its diseases, each name once."""
    drugs = _named("drug", [drug.name for drug in trial.drugs])
    return (*criteria_of(trial), *drugs, *_named("disease", [disease.name for disease in trial.diseases]))


def _named(kind: Kind, names: Sequence[str]) -> Iterator[Part]:
    first = {folded(name): name for name in reversed(names)}
    unique = dict.fromkeys(first[folded(name)] for name in names)
    return (Part(kind, item, name) for item, name in enumerate(unique, start=1))


def leave_out(trial: Trial, parts: Iterable[Part]) -> Trial:
    """Return the trial without some of its parts.

    A disease takes its own ICD-10 codes with it; codes that belong to no disease in particular (``Trial.icd10``) go
    with the last disease.
    """
    gone: dict[Kind, set[int | str]] = {"inclusion": set(), "exclusion": set(), "drug": set(), "disease": set()}
    for part in parts:
        gone[part.kind].add(part.item if part.kind in SIDES else folded(part.text))
    diseases = tuple(one for one in trial.diseases if folded(one.name) not in gone["disease"])
    return trial.model_copy(
        update={
            **{side: _without(getattr(trial, side), gone[side]) for side in SIDES},
            "drugs": tuple(one for one in trial.drugs if folded(one.name) not in gone["drug"]),
            "diseases": diseases,
            "icd10": () if trial.diseases and not diseases else trial.icd10,
        }
    )


def _without(items: Sequence[Item], gone: set[int | str]) -> tuple[Item, ...]:
    return tuple(one for number, one in enumerate(items, start=1) if number not in gone)


def score_variants(model: "TrialOutcomeClassifier", trials: Sequence[Trial]) -> "Scores":
    """Score trials, however many, with bounded memory: up to 16,384 criteria a call of the model."""
    from cladmop.estimator.scores import Scores

    scored = [model.score_trials(chunk) for chunk in chunks(trials)]
    if not scored:
        return model.score_trials([])
    return Scores(
        np.concatenate([one.log_odds for one in scored]), np.concatenate([one.replicates for one in scored], axis=1)
    )


def difference(scores: "Scores", new: int, old: int, level: float | None = None) -> "Change":
    """Return how row ``new`` differs from row ``old``; exactly 0 where only rounding tells them apart.

    Parameters
    ----------
    scores
        Of both.
    new, old
        Rows.
    level
        Of the interval, 0.9 if none.

    Raises
    ------
    InputError
        If there are fewer than two refits.
    """
    from cladmop.estimator.scores import LEVEL, Change

    change = scores.change(new, old, level=LEVEL if level is None else level)
    return Change(0.0, 0.0, 0.0, 0.0) if max(abs(change.low), abs(change.high)) < _NOISE else change


def chunks(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Cut trials into runs of up to 16,384 criteria, one trial at least."""
    chunk: list[Trial] = []
    items = 0
    for trial in trials:
        if chunk and items + len(trial.criteria) > _ITEMS_AT_ONCE:
            yield chunk
            chunk, items = [], 0
        chunk.append(trial)
        items += len(trial.criteria)
    if chunk:
        yield chunk
