"""Substances by any of their names, out of tables of a million names: digests in memory, a Parquet table on disk."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.drugs.molecules import standardise
from cladmop.errors import CorruptArtefactError, InputError
from cladmop.storage import atomic_file

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = ("title", "smiles", "biologic", "weight")


@dataclass(frozen=True, slots=True)
class Substance:
    """One substance of a table."""

    title: str
    """Its preferred name, lower case."""
    smiles: str | None
    biologic: bool = False
    """Whether it is filed under proteins, antibodies, cells, nucleic acids and the like."""
    weight: float = 0.0
    """Of the substances that share a name, those of the highest weight are meant."""


@dataclass(frozen=True, slots=True)
class Named:
    """A substance with its names, as it is put into a table."""

    substance: Substance
    usual: tuple[str, ...]
    """Names that people use for it."""
    others: tuple[str, ...] = ()
    """Names that somebody has used for it: they mean it only where no other substance is usually called so."""


class NameIndex:
    """Finds substances by name.

    Parameters
    ----------
    substances
        All of them.
    keys
        64-bit digests of all names, ascending, shape (n,). Two of a million names collide once in 40 million tables.
    owners
        Index of the substance that bears each name, shape (n,).
    usual
        Whether it is a usual name of it, shape (n,).
    """

    def __init__(
        self,
        substances: Sequence[Substance],
        keys: NDArray[np.uint64],
        owners: NDArray[np.uint32],
        usual: NDArray[np.bool_],
    ) -> None:
        self._substances = substances
        self._keys = keys
        self._owners = owners
        self._usual = usual

    def find(self, name: str) -> tuple[Substance, bool] | None:
        """Return the substance of a name, and whether that is a usual name of it.

        None where the substances that bear the name differ in connectivity.

        Raises
        ------
        MissingDependencyError
            If several bear it and RDKit, which compares them, is not installed.
        """
        key = np.uint64(_digest(name))
        span = slice(self._keys.searchsorted(key), self._keys.searchsorted(key, side="right"))
        usual = bool(self._usual[span].any())
        owners = self._owners[span][self._usual[span]] if usual else self._owners[span]
        found = [self._substances[owner] for owner in owners]
        top = max((one.weight for one in found), default=0.0)
        meant = [one for one in found if one.weight == top]
        if not meant or (len(meant) > 1 and len({_connectivity(one) for one in meant}) > 1):
            return None
        return next((one for one in meant if one.title == name), meant[0]), usual


def _connectivity(substance: Substance) -> str:
    try:
        return standardise(substance.smiles).inchikey[:14] if substance.smiles else ""
    except InputError:
        return substance.smiles or ""


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def write_index(path: Path, rows: Iterable[Named]) -> None:
    """Write substances with their names as a Parquet table, atomically; one without a name is left out.

    Raises
    ------
    StorageError
        If the table cannot be written.
    """
    import polars as pl

    substances: list[Substance] = []
    keys: list[list[int]] = []
    counts: list[int] = []
    for row in rows:
        usual = dict.fromkeys(map(_digest, row.usual))
        own = list(dict.fromkeys((*usual, *map(_digest, row.others))))
        if own:
            substances.append(row.substance)
            keys.append(own)
            counts.append(len(usual))
    table = pl.DataFrame(
        {
            "title": pl.Series([one.title for one in substances], dtype=pl.String),
            "smiles": pl.Series([one.smiles for one in substances], dtype=pl.String),
            "biologic": pl.Series([one.biologic for one in substances], dtype=pl.Boolean),
            "weight": pl.Series([one.weight for one in substances], dtype=pl.Float64),
            "keys": pl.Series(keys, dtype=pl.List(pl.UInt64)),
            "usual": pl.Series(counts, dtype=pl.UInt32),
        }
    )
    write_parquet(path, table)


def write_parquet(path: Path, table: "pl.DataFrame") -> None:
    """Write a table of at most some hundred MB atomically.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    content = io.BytesIO()  # polars reports a full disk as an error of its own, a plain write does not
    table.write_parquet(content)
    with atomic_file(path) as part:
        part.write_bytes(content.getbuffer())


def read_index(path: Path) -> NameIndex:
    """Read what `write_index` wrote.

    Raises
    ------
    CorruptArtefactError
        If the file is damaged.
    """
    import polars as pl

    try:
        table = pl.read_parquet(path, columns=[*_COLUMNS, "keys", "usual"])
        lengths = table["keys"].list.len().to_numpy().astype(np.int64)
        keys = table["keys"].explode().to_numpy()
        counts = table["usual"].to_numpy()
        substances = [Substance(*row) for row in table.select(_COLUMNS).iter_rows()]
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CorruptArtefactError(f"{path} is damaged ({error}); delete it and run again") from error
    order = np.argsort(keys, kind="stable")
    owners = np.repeat(np.arange(len(table), dtype=np.uint32), lengths)
    places = np.arange(len(keys)) - np.repeat(lengths.cumsum() - lengths, lengths)
    usual = places < np.repeat(counts, lengths)
    return NameIndex(substances, keys[order], owners[order], usual[order])
