"""Sources in their order: the first that has a structure is believed, and each that disagrees is named."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cladmop.drugs.kinds import DrugKind, is_biologic, is_polymer
from cladmop.drugs.molecules import is_counterion
from cladmop.drugs.names import normalise, without_salt
from cladmop.drugs.resolution import ALIAS, EXACT, VARIANT, Resolution, with_structure
from cladmop.drugs.source import Finding, Rank, StructureSource
from cladmop.drugs.vocabulary import SALTS, UNSTRIPPABLE

Answer = tuple[StructureSource, Finding]


class Chain:
    """Asks sources of structures.

    Parameters
    ----------
    sources
        In any order; `StructureSource.rank` decides.
    """

    def __init__(self, sources: Iterable[StructureSource]) -> None:
        self.sources: tuple[StructureSource, ...] = tuple(sorted(sources, key=lambda source: source.rank))

    def knows_part(self, name: str) -> bool:
        """Tell whether a source has the name that may be asked for a part of a longer text."""
        return any(source.find(name) is not None for source in self.sources if not source.exact)

    def connectivities(self, canonical: str, asked: str) -> dict[str, str]:
        """Return the connectivity (first block of the InChIKey) that each source has for a name."""
        base = Resolution(asked, canonical, DrugKind.UNMAPPED)
        found = (_read(base, answer) for answer in self._ask(canonical, asked))
        return {one.source: one.inchikey[:14] for one in found if one.inchikey}

    def settle(self, canonical: str, asked: str) -> Resolution | None:
        """Decide kind and structure of a substance; none if no source has either of its names.

        Parameters
        ----------
        canonical
            Its name as the dictionary or our synonyms have it; the same as ``asked`` where they have none.
        asked
            Its name as it was looked up; a source is asked for it where it does not have the canonical one.
        """
        answers = self._ask(canonical, asked)
        if not answers:
            return None
        name = canonical if canonical != asked else answers[0][1].name
        base = Resolution(asked, name, DrugKind.UNMAPPED, source=answers[0][0].name, confidence=EXACT)
        vouched = any(source.rank <= Rank.CURATED for source, _ in answers)
        if not vouched and (without := _without_structure(base, canonical, answers)) is not None:
            return without
        found = [_read(base, answer) for answer in answers]
        decided = next((one for one in found if one.kind is not DrugKind.UNMAPPED), None)
        if decided is None:
            return self._by_relative(base, canonical)
        return replace(decided, conflict=_conflicts(decided, found))

    def _ask(self, *names: str) -> list[Answer]:
        """Return what each source has for the first name that it has, with a structure if it can, best source first."""
        answers = []
        for source in self.sources:
            found = [finding for name in dict.fromkeys(names) if (finding := source.find(name)) is not None]
            if found:
                answers.append((source, next((one for one in found if one.smiles), found[0])))
        return sorted(answers, key=lambda answer: answer[1].weak)

    def _by_relative(self, base: Resolution, name: str) -> Resolution:
        """Take the structure of the same substance under a salt's or a formulation's name."""
        plain = normalise(name)
        relatives = [relative for relative in (plain, without_salt(plain)) if relative and relative != name]
        relatives += [f"{name} {salt}" for salt in sorted(SALTS)] if name not in UNSTRIPPABLE else []
        found = [
            replace(_read(base, answer), confidence=VARIANT)
            for relative in relatives
            for answer in self._ask(relative)
            if not answer[1].biologic and answer[1].name != name
        ]
        structures = [one for one in found if one.smiles is not None and not is_counterion(one.smiles)]
        agree = {one.inchikey[:14] for one in structures if one.inchikey}
        return structures[0] if len(agree) == 1 else base


def _without_structure(base: Resolution, name: str, answers: Sequence[Answer]) -> Resolution | None:
    """Return what is known of a substance that its name or a source's word says has no structure; none of any other."""
    for source, finding in answers:
        if finding.biologic:
            return replace(base, kind=DrugKind.BIOLOGIC, source=source.name, date=finding.date)
    if is_biologic(name):
        return replace(base, kind=DrugKind.BIOLOGIC)
    return replace(base, kind=DrugKind.POLYMER) if is_polymer(name) else None


def _read(base: Resolution, answer: Answer) -> Resolution:
    source, finding = answer
    marked = replace(base, source=source.name, date=finding.date)
    if finding.weak:
        marked = replace(marked, confidence=ALIAS)
    return with_structure(marked, finding.smiles) if finding.smiles else marked


def _conflicts(decided: Resolution, found: Sequence[Resolution]) -> tuple[str, ...]:
    own = decided.inchikey[:14] if decided.inchikey else ""
    return tuple(f"{one.source}: {one.inchikey[:14]}" for one in found if one.inchikey and one.inchikey[:14] != own)
