"""Edits applied to a trial, all of them counted in the trial as it was given."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from cladmop.errors import InputError
from cladmop.explain.left_out import SIDES, Part, folded, leave_out, same_name
from cladmop.records import Disease, Drug, Trial
from cladmop.sources.fields import require_content
from cladmop.whatif.edits import (
    AddCriterion,
    AddDisease,
    AddDrug,
    ChangePhase,
    Edit,
    RemoveCriterion,
    RemoveDisease,
    RemoveDrug,
    ReplaceCriterion,
    SwapDrug,
)

Named = TypeVar("Named", Drug, Disease)


def apply_edits(trial: Trial, edits: Sequence[Edit]) -> Trial:
    """Return the trial after all edits.

    Numbers of criteria are those of ``trial`` as it is, whatever other edits of the list take out or put in; added
    criteria, drugs and diseases come last, in the order of the edits.

    Raises
    ------
    InputError
        If there is no edit; one names a criterion, drug or disease that is not there, or adds one that is; two edits
        are of the same criterion, drug, disease or phase; a structure is no SMILES; or nothing is left to score.
    """
    if not edits:
        raise InputError("what-if: no edit; give one change of the trial or more")
    _refuse_conflicts(trial, edits)
    edited = _criteria(trial, edits)
    edited = _drugs(edited, edits)
    edited = _diseases(edited, edits)
    phases = [edit.phase for edit in edits if isinstance(edit, ChangePhase)]
    edited = edited.model_copy(update={"phase": phases[0]} if phases else {})
    require_content(edited, "the trial after the edits")
    return edited


def _refuse_conflicts(trial: Trial, edits: Sequence[Edit]) -> None:
    seen: dict[Any, Edit] = {}
    for edit in edits:
        for target in _targets(edit):
            if target in seen:
                raise InputError(f"what-if: two edits of {' '.join(map(str, target))}; keep one")
            seen[target] = edit
        _require_target(trial, edit)


def _targets(edit: Edit) -> Iterable[tuple[str | int, ...]]:
    """Return what an edit is of; no two edits of a list may be of the same."""
    match edit:
        case RemoveCriterion() | ReplaceCriterion():
            yield edit.side, edit.item
        case RemoveDrug() | AddDrug():
            yield "drug", folded(edit.name)
        case SwapDrug():
            yield "drug", folded(edit.name)
            if not same_name(edit.name, edit.to):
                yield "drug", folded(edit.to)
        case RemoveDisease() | AddDisease():
            yield "disease", folded(edit.name)
        case ChangePhase():
            yield ("phase",)


def _require_target(trial: Trial, edit: Edit) -> None:
    match edit:
        case RemoveCriterion() | ReplaceCriterion():
            number = len(getattr(trial, edit.side))
            if not 1 <= edit.item <= number:
                raise InputError(f"what-if: {edit.side} {edit.item} is not there; {_counted(number, edit.side)}")
        case RemoveDrug() | SwapDrug():
            _require_name("drug", edit.name, trial.drugs)
        case RemoveDisease():
            _require_name("disease", edit.name, trial.diseases)
        case AddDrug():
            _require_new("drug", edit.name, trial.drugs)
        case AddDisease():
            _require_new("disease", edit.name, trial.diseases)
    if isinstance(edit, SwapDrug) and not same_name(edit.name, edit.to):
        _require_new("drug", edit.to, trial.drugs)


def _counted(number: int, side: str) -> str:
    if number == 0:
        return f"the trial has no {side} criteria"
    return f"the trial has one {side} criterion" if number == 1 else f"{side} criteria are numbered 1 to {number}"


def _require_name(kind: str, name: str, present: Sequence[Named]) -> None:
    if not any(same_name(name, one.name) for one in present):
        names = ", ".join(repr(one.name) for one in present) or f"no {kind} at all"
        raise InputError(f"what-if: {kind} {name!r} is not in the trial; it names {names}")


def _require_new(kind: str, name: str, present: Sequence[Named]) -> None:
    if any(same_name(name, one.name) for one in present):
        raise InputError(f"what-if: {kind} {name!r} is in the trial already; leave that edit out")


def _criteria(trial: Trial, edits: Sequence[Edit]) -> Trial:
    sides: dict[str, list[str | None]] = {side: list(getattr(trial, side)) for side in SIDES}
    for edit in edits:
        match edit:
            case RemoveCriterion():
                sides[edit.side][edit.item - 1] = None
            case ReplaceCriterion():
                sides[edit.side][edit.item - 1] = edit.text
            case AddCriterion():
                sides[edit.side].append(edit.text)
    kept = {side: tuple(text for text in texts if text is not None) for side, texts in sides.items()}
    return trial.model_copy(update=kept)


def _drugs(trial: Trial, edits: Sequence[Edit]) -> Trial:
    drugs = list(trial.drugs)
    for edit in edits:
        match edit:
            case RemoveDrug():
                drugs = [one for one in drugs if not same_name(one.name, edit.name)]
            case SwapDrug():
                new = _drug(edit.to, edit.smiles)
                swapped = [new if same_name(one.name, edit.name) else one for one in drugs]
                drugs = list(dict.fromkeys(swapped))
            case AddDrug():
                drugs.append(_drug(edit.name, edit.smiles))
    return trial.model_copy(update={"drugs": tuple(drugs)})


def _drug(name: str, smiles: str | None) -> Drug:
    if smiles is not None:
        from cladmop.drugs.molecules import standardise

        standardise(smiles, f"drug {name!r}")
    return Drug(name=name, smiles=smiles)


def _diseases(trial: Trial, edits: Sequence[Edit]) -> Trial:
    gone = [Part("disease", 1, edit.name) for edit in edits if isinstance(edit, RemoveDisease)]
    new = tuple(_disease(trial, edit.name) for edit in edits if isinstance(edit, AddDisease))
    left = leave_out(trial, gone)
    return left.model_copy(update={"diseases": left.diseases + new})


def _disease(trial: Trial, name: str) -> Disease:
    """Return a disease with its codes where the trial's other codes would keep its name from being looked up."""
    from cladmop.diseases.conditions import codes_for

    return Disease(name=name, icd10=tuple(codes_for(name)) if trial.icd10 else ())
