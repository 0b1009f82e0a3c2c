"""Drug names whose structure is known, to hold a data set's structures against."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

from cladmop.drugs.molecules import standardise
from cladmop.drugs.names import light
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import InputError
from cladmop.sources.tables import read_header, read_table

_NAME_COLUMNS = ("name", "DRUG")
_SMILES_COLUMNS = ("smiles", "moldb_smiles")


class Known(Protocol):
    """Says what the right structure of a name is."""

    @property
    def description(self) -> str:
        """Where it is known from, a few words."""
        ...

    def connectivity(self, name: str) -> str | None:
        """Return the first block of the InChIKey of exactly this name, none if it is no known drug's name."""
        ...

    def name(self, connectivity: str) -> str | None:
        """Return a name of a connectivity, none if none is known."""
        ...


class Reference:
    """Names with structures of a table that the resolver never sees.

    Parameters
    ----------
    smiles
        SMILES by name, in any case; one that cannot be read is left out.
    """

    def __init__(self, smiles: Mapping[str, str]) -> None:
        self._smiles = {light(name): text for name, text in smiles.items()}

    @classmethod
    def read(cls, path: Path) -> "Reference":
        """Read a CSV file with the columns ``name`` (or ``DRUG``) and ``smiles`` (or ``moldb_smiles``).

        Raises
        ------
        MissingArtefactError
            If there is no such file.
        InputError
            If it cannot be read or lacks one of the columns.
        """
        header = read_header(path)
        name, smiles = (_first(path, header, columns) for columns in (_NAME_COLUMNS, _SMILES_COLUMNS))
        rows = read_table(path, (name, smiles))
        return cls({row[name]: row[smiles] for row in rows if row[smiles].strip()})

    @cached_property
    def description(self) -> str:
        """How many names it holds."""
        return f"a reference table of {len(self._smiles):,} names"

    def connectivity(self, name: str) -> str | None:
        """Return the first block of the InChIKey of a name (see `Known`)."""
        text = self._smiles.get(light(name))
        try:
            return None if text is None else standardise(text).inchikey[:14]
        except InputError:
            return None

    def name(self, connectivity: str) -> str | None:
        """Return the first name of the table that has a connectivity (see `Known`)."""
        return next((name for name in self._smiles if self.connectivity(name) == connectivity), None)


class Agreement:
    """Names for which two sources or more of a resolver have the same connectivity and none another."""

    description = "agreement of two sources of the resolver, so that repair is right by construction"

    def __init__(self, resolver: DrugResolver) -> None:
        self._resolver = resolver

    def connectivity(self, name: str) -> str | None:
        """Return the first block of the InChIKey of a name (see `Known`)."""
        found = self._resolver.connectivities(name)
        return next(iter(found.values())) if len(found) > 1 and len(set(found.values())) == 1 else None

    def name(self, connectivity: str) -> str | None:  # noqa: ARG002 (a reference table looks it up)
        """Return none: the sources are asked by name only (see `Known`)."""
        return None


def _first(path: Path, header: list[str], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in header:
            return name
    raise InputError(f"{path}:1: no column {' or '.join(wanted)}; found {', '.join(header)}")
