"""A user's own table of names and structures, which outranks every other source."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from cladmop.drugs.molecules import standardise
from cladmop.drugs.names import light, normalise
from cladmop.drugs.source import Finding, Rank
from cladmop.errors import InputError, MissingArtefactError
from cladmop.sources.tables import read_table


class UserTable:
    """Names with structures that a user vouches for.

    Parameters
    ----------
    smiles
        SMILES by name, in any case.
    date
        ISO date of the table.
    """

    name = "table"
    rank = Rank.TABLE
    exact = False

    def __init__(self, smiles: Mapping[str, str], date: str = "") -> None:
        self._smiles = {light(name): text for name, text in smiles.items()}
        self._date = date

    @classmethod
    def read(cls, path: Path) -> "UserTable":
        """Read a CSV or Parquet table with the columns ``name`` and ``smiles``; its date is the file's.

        Raises
        ------
        MissingArtefactError
            If there is no such file.
        InputError
            If it cannot be read, a column is missing, a name is empty, a structure is no SMILES, or two rows give one
            name different structures.
        """
        found: dict[str, str] = {}
        for where, written, smiles in _rows(path):
            name = light(written)
            if not normalise(name):
                raise InputError(f"{where}: {written!r} names no drug; give its name without dose and form")
            key = standardise(smiles, where).inchikey
            if name in found and standardise(found[name]).inchikey != key:
                raise InputError(f"{where}: {written!r} has another structure further up; keep one")
            found[name] = smiles
        modified = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        return cls(found, modified.date().isoformat())

    @property
    def version(self) -> str:
        """SHA-256 of its names and structures."""
        return hashlib.sha256(json.dumps(self._smiles, sort_keys=True).encode()).hexdigest()

    def find(self, name: str) -> Finding | None:
        """Return what is known of a name (see `StructureSource`)."""
        smiles = self._smiles.get(name)
        return None if smiles is None else Finding(name, smiles, date=self._date)


def _rows(path: Path) -> list[tuple[str, str, str]]:
    """Return where each row stands, its name and its SMILES."""
    if path.suffix.lower() != ".parquet":
        return [(row.where("smiles"), row["name"], row["smiles"]) for row in read_table(path, ("name", "smiles"))]
    import polars as pl

    if not path.is_file():
        raise MissingArtefactError(f"no file {path}; check the path")
    try:
        table = pl.read_parquet(path, columns=["name", "smiles"]).cast(pl.String).fill_null("")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: no Parquet table with the text columns name and smiles ({error})") from error
    return [(f"{path}, row {row}", *values) for row, values in enumerate(table.iter_rows(), start=1)]
