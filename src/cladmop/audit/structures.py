"""The structures that rows of TOP list, held against the drugs that they name."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cladmop.audit.known import Known
from cladmop.drugs.kinds import is_placebo
from cladmop.drugs.molecules import standardise
from cladmop.drugs.resolve import DrugResolver, Resolution
from cladmop.errors import InputError
from cladmop.records import Trial


@dataclass(frozen=True)
class NameCount:
    """Mentions of drugs whose structure is known, and whether it is listed."""

    known: int = 0
    """Names in rows that are exactly a known drug's name."""
    published: int = 0
    """Of these, how many have the right structure anywhere in the row's list."""
    repaired: int = 0
    """Of these, how many our resolver gives the right structure."""
    wrong: int = 0
    """Of these, how many it gives another structure; the rest has none."""


@dataclass(frozen=True)
class Misplaced:
    """Rows that name something without a structure, and what they list."""

    group: str
    """What is named: a placebo, an antibody, insulin, water."""
    rows: int
    listing: int
    """Of these, rows that list a structure."""
    alone: int
    """Of these, rows that name nothing else, so that the structure can be of nothing else."""
    smiles: str
    """The structure that most rows list; empty if none does."""
    name: str
    """The drug it is, where a row of the files or the table of known drugs names it; else its connectivity."""
    share: float
    """Share of rows that list it."""
    repaired: int
    """Names of this group that our resolver gives a structure."""


_SOLVENT = re.compile(r"\bwater\b|\bsaline\b|^(?:0?[.,]9 ?% )?sodium chloride")
_INSULIN = re.compile(r"\binsulin\b(?! (?:sensitiz|secretagog|receptor))")
_ANTIBODY = re.compile(r"\w{3}mab\b|\bantibod(?:y|ies)\b")
GROUPS = ("placebo or vehicle", "antibody", "insulin", "water or saline")


def group_of(found: Resolution) -> str | None:
    """Return the group of `GROUPS` that a drug is of, none for any other."""
    if is_placebo(found.query) or is_placebo(found.name):
        return "water or saline" if _SOLVENT.search(found.query) else "placebo or vehicle"
    if _INSULIN.search(found.query):
        return "insulin"
    return "antibody" if _ANTIBODY.search(found.query) else None


def count_names(trials: Sequence[Trial], resolver: DrugResolver, known: Known) -> NameCount:
    """Count the names of known drugs whose right structure is listed, and whose right structure we find."""
    counts: Counter[str] = Counter()
    for trial in trials:
        listed = {key for smiles in trial.published_smiles if (key := connectivity(smiles)) is not None}
        for drug in trial.drugs:
            truth = known.connectivity(drug.name)
            if truth is None:
                continue
            found = {one.inchikey[:14] for one in resolver.resolve(drug.name) if one.inchikey}
            counts["known"] += 1
            counts["published"] += truth in listed
            counts["repaired"] += found == {truth}
            counts["wrong"] += bool(found - {truth})
    return NameCount(**counts)


def find_misplaced(trials: Sequence[Trial], resolver: DrugResolver, known: Known) -> list[Misplaced]:
    """Return, for each group of `GROUPS` that is named, the structure that the rows list most often."""
    resolved = [[one for drug in trial.drugs for one in resolver.resolve(drug.name)] for trial in trials]
    names = {one.inchikey[:14]: one.name for row in resolved for one in row if one.inchikey}
    rows = list(zip(trials, resolved, strict=True))
    found = [misplaced for group in GROUPS if (misplaced := _misplaced(group, rows)) is not None]
    return [replace(one, name=names.get(one.name) or known.name(one.name) or one.name) for one in found]


def _misplaced(group: str, rows: Sequence[tuple[Trial, list[Resolution]]]) -> Misplaced | None:
    naming = [(trial, [one for one in found if group_of(one) == group], found) for trial, found in rows]
    naming = [row for row in naming if row[1]]
    if not naming:
        return None
    listed: Counter[str] = Counter()
    example: dict[str, str] = {}
    for trial, _, _ in naming:
        keys = {key: smiles for smiles in trial.published_smiles if (key := connectivity(smiles)) is not None}
        listed.update(sorted(keys))
        example |= keys
    top, rows_with_it = listed.most_common(1)[0] if listed else ("", 0)
    return Misplaced(
        group=group,
        rows=len(naming),
        listing=sum(bool(trial.published_smiles) for trial, _, _ in naming),
        alone=sum(bool(trial.published_smiles) and len(own) == len(found) for trial, own, found in naming),
        smiles=example.get(top, ""),
        name=top,
        share=rows_with_it / len(naming),
        repaired=sum(one.smiles is not None for _, own, _ in naming for one in own),
    )


def connectivity(smiles: str) -> str | None:
    """Return the first block of the InChIKey of a structure's parent, none if it is no SMILES."""
    try:
        return standardise(smiles).inchikey[:14]
    except InputError:
        return None
