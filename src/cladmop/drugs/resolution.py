"""What one drug of an intervention string was taken for, and how sure that is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from cladmop.drugs.kinds import MAX_MASS, DrugKind
from cladmop.drugs.molecules import standardise
from cladmop.errors import InputError

EXACT, VARIANT, ALIAS, PART = 1.0, 0.95, 0.9, 0.8
"""Confidence of a name found as written; without salt, spaces or hyphens; by another name of the drug; by a part."""


@dataclass(frozen=True)
class Resolution:
    """What one drug of an intervention string was taken for."""

    query: str
    """The words that were looked up."""
    name: str
    """Canonical name of the substance, or the words again when it is not known."""
    kind: DrugKind
    smiles: str | None = None
    """Canonical SMILES of the parent fragment, for small molecules only."""
    inchikey: str | None = None
    """Standard InChIKey of ``smiles``."""
    source: str = "none"
    """``given`` by the user, ``published`` by the data set, a source (`Rank`) in lower case, ``rule`` or ``none``."""
    confidence: float = 0.0
    """In [0, 1]: how sure the match of the name is; 0 when it is not known."""
    date: str = ""
    """ISO date of the source's data: when it was published, fetched or last changed; empty where it is not known."""
    conflict: tuple[str, ...] = ()
    """Sources that have another connectivity for the name, each with it: ``dictionary: GHASVSINZRGABV``."""

    @property
    def identity(self) -> str:
        """What a drug is compared by: its connectivity where it has a structure, else its name in lower case."""
        return self.inchikey[:14] if self.inchikey is not None else self.name.lower()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, in the order of the fields."""
        return {
            "query": self.query,
            "name": self.name,
            "kind": self.kind.value,
            "smiles": self.smiles,
            "inchikey": self.inchikey,
            "source": self.source,
            "confidence": self.confidence,
            "date": self.date,
            "conflict": list(self.conflict),
        }


def with_structure(base: Resolution, smiles: str) -> Resolution:
    """Return ``base`` with the parent of a structure; as it is where the SMILES is none or is of a mixture."""
    try:
        structure = standardise(smiles, base.name)
    except InputError:
        return base
    if structure.mixture:
        return base
    if structure.mass > MAX_MASS:
        return replace(base, kind=DrugKind.BIOLOGIC)
    return replace(base, kind=DrugKind.SMALL_MOLECULE, smiles=structure.smiles, inchikey=structure.inchikey)


def given(name: str, smiles: str) -> Resolution:
    """Return the resolution of a drug whose structure its record states.

    Raises
    ------
    InputError
        If it is no SMILES.
    """
    structure = standardise(smiles, f"drug {name!r}")
    return Resolution(name, name, DrugKind.SMALL_MOLECULE, structure.smiles, structure.inchikey, "given", EXACT)


def published(smiles: str) -> Resolution:
    """Return the resolution of a structure that a data set lists without a name."""
    try:
        structure = standardise(smiles, "published SMILES")
    except InputError:
        return Resolution(smiles, smiles, DrugKind.UNMAPPED, source="published")
    return Resolution(
        smiles, structure.smiles, DrugKind.SMALL_MOLECULE, structure.smiles, structure.inchikey, "published", EXACT
    )


def unique(found: Iterable[Resolution]) -> list[Resolution]:
    """Return each structure (InChIKey), and each name without structure, once."""
    seen: dict[str, Resolution] = {}
    for resolution in found:
        seen.setdefault(resolution.inchikey or f"{resolution.kind}:{resolution.name}", resolution)
    return list(seen.values())
