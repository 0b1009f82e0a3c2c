"""A downloaded ChEMBL database (``chembl_XX.db``, SQLite) as a source of structures.

Its names are read once, read-only, and kept as an index beside the other dictionaries; where several substances share
a name, those furthest in development are meant.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from cladmop.config import dictionaries_dir
from cladmop.drugs.index import Named, NameIndex, Substance, read_index, write_index
from cladmop.drugs.names import light
from cladmop.drugs.source import Finding, Rank, may_be_asked
from cladmop.errors import InputError, MissingArtefactError

BIOLOGIC_TYPES = frozenset({"antibody", "antibody drug conjugate", "protein", "oligonucleotide", "oligosaccharide",
                            "enzyme", "cell", "gene", "vaccine component", "gene therapy"})  # fmt: skip
"""Values of ``molecule_dictionary.molecule_type``, lower case, that have no structure here unless ChEMBL has one."""
_FORMAT = 1  # of the index; part of its file name
_NAMES = """
    SELECT d.molregno, d.pref_name, d.molecule_type, d.max_phase, s.canonical_smiles, n.synonyms
    FROM molecule_dictionary d
    LEFT JOIN compound_structures s ON s.molregno = d.molregno
    LEFT JOIN molecule_synonyms n ON n.molregno = d.molregno
    WHERE d.pref_name IS NOT NULL OR n.synonyms IS NOT NULL
    ORDER BY d.molregno
"""
_RELEASE = "SELECT name, creation_date FROM version ORDER BY name LIMIT 1"


class Chembl:
    """The named substances of one release of ChEMBL.

    Parameters
    ----------
    index
        Substances by name.
    version
        Release, as the database names itself (``ChEMBL_35``).
    date
        ISO date on which the release was made; empty where the database does not say.
    """

    name = "chembl"
    rank = Rank.CHEMBL
    exact = False

    def __init__(self, index: NameIndex, version: str, date: str = "") -> None:
        self._index = index
        self.version = version
        self._date = date

    @classmethod
    def open(cls, path: Path) -> "Chembl":
        """Return the substances of a database, reading their names on the first call (minutes for a whole release).

        Raises
        ------
        MissingArtefactError
            If there is no such file.
        InputError
            If it is no ChEMBL database.
        StorageError
            If the index cannot be written.
        """
        if not path.is_file():
            raise MissingArtefactError(f"no file {path}; download chembl_XX_sqlite.tar.gz from ChEMBL and unpack it")
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
                version, date = _release(database, path)
                size, changed = path.stat().st_size, path.stat().st_mtime_ns
                key = hashlib.sha256(f"{path.resolve()} {version} {size} {changed}".encode()).hexdigest()
                index = dictionaries_dir() / f"chembl-{_FORMAT}-{key[:16]}.parquet"
                if not index.is_file():
                    write_index(index, _substances(database))
        except sqlite3.Error as error:
            raise InputError(
                f"{path} is no ChEMBL database ({error}); give the chembl_XX.db of chembl_XX_sqlite.tar.gz"
            ) from error
        return cls(read_index(index), version, date)

    def find(self, name: str) -> Finding | None:
        """Return what is known of a name (see `StructureSource`)."""
        found = self._index.find(name) if may_be_asked(name) else None
        if found is None:
            return None
        substance, _ = found
        return Finding(substance.title, substance.smiles, substance.biologic, date=self._date)


def _release(database: sqlite3.Connection, path: Path) -> tuple[str, str]:
    row = database.execute(_RELEASE).fetchone()
    if row is None:
        raise InputError(f"{path} does not say which release of ChEMBL it is (table version); download it again")
    return str(row[0]), str(row[1] or "")[:10]


def _substances(database: sqlite3.Connection) -> Iterator[Named]:
    current: tuple[Any, ...] = ()
    names: dict[str, None] = {}
    for number, title, kind, phase, smiles, synonym in database.execute(_NAMES):
        if current and current[0] != number:
            yield Named(_substance(*current[1:]), tuple(names))
            names = {}
        current = (number, title or synonym, kind, phase, smiles)
        names.update(dict.fromkeys(light(name) for name in (title, synonym) if name))
    if current:
        yield Named(_substance(*current[1:]), tuple(names))


def _substance(title: str, kind: str | None, phase: float | None, smiles: str | None) -> Substance:
    biologic = smiles is None and (kind or "").lower() in BIOLOGIC_TYPES
    return Substance(light(title), smiles, biologic, float(phase or 0))
