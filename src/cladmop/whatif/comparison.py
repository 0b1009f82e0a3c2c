"""Two versions of a trial, compared: what was changed, in plain words."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from cladmop.explain.left_out import SIDES, folded
from cladmop.explain.summary import quoted
from cladmop.records import Disease, Drug, Trial


def changes(before: Trial, after: Trial) -> tuple[str, ...]:
    """Return what was changed from one version of a trial to the other, one entry a change.

    Criteria are aligned as a text comparison does, so that one that was put in or taken out does not make all that
    follow look changed. Their numbers are those of ``before``; added ones have none.
    """
    found = [line for side in SIDES for line in _criteria(side, getattr(before, side), getattr(after, side))]
    found += _named("drug", [one.name for one in before.drugs], [one.name for one in after.drugs])
    found += _restated("structure of drug", before.drugs, after.drugs)
    found += _named("disease", [one.name for one in before.diseases], [one.name for one in after.diseases])
    found += _restated("codes of disease", before.diseases, after.diseases)
    if before.icd10 != after.icd10:
        found.append("codes of no disease in particular changed")
    if before.phase != after.phase:
        found.append(f"phase changed from {before.phase.value} to {after.phase.value}")
    return tuple(found)


def _criteria(side: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = zip_longest(enumerate(before[start:end], start=start + 1), after[new_start:new_end])
        for old, new in pairs:
            if old is None:
                yield f"{side} added: {quoted(new)}"
            elif new is None:
                yield f"{side} {old[0]} removed: {quoted(old[1])}"
            else:
                yield f"{side} {old[0]} changed from {quoted(old[1])} to {quoted(new)}"


def _named(kind: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    old, new = ({folded(name): name for name in names} for names in (before, after))
    gone = [name for key, name in old.items() if key not in new]
    come = [name for key, name in new.items() if key not in old]
    if len(gone) == len(come) == 1:
        yield f"{kind} {gone[0]} swapped for {come[0]}"
        return
    yield from (f"{kind} {name} removed" for name in gone)
    yield from (f"{kind} {name} added" for name in come)


def _restated(
    what: str, before: Sequence[Drug] | Sequence[Disease], after: Sequence[Drug] | Sequence[Disease]
) -> Iterator[str]:
    """Return the drugs or diseases that keep their name but state something else of themselves."""
    old, new = _statements(before), _statements(after)
    for name in {folded(one.name): one.name for one in after}.values():
        if old.get(folded(name), new[folded(name)]) != new[folded(name)]:
            yield f"{what} {name} changed"


def _statements(ones: Sequence[Drug] | Sequence[Disease]) -> dict[str, set[Drug | Disease]]:
    """Return what is stated beside each name, whose spelling does not count."""
    found: dict[str, set[Drug | Disease]] = {}
    for one in ones:
        found.setdefault(folded(one.name), set()).add(one.model_copy(update={"name": ""}))
    return found
