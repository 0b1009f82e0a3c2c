"""The substances of the package ``chemicals`` (MIT; data from PubChem): 73,000 structures with 800,000 names.

The package is never imported. Its two tables of identifiers are found through the import system's metadata and kept
once as a Parquet table (`index`).

PubChem's depositors gave most of the names, and some are wrong; so a name counts only as a whole, where `may_be_asked`
lets it and where all substances that bear it have one connectivity. PubChem writes the names in the order of their use:
beyond the title and the `USUAL` first names, any other source is believed before.
"""

import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from cladmop.config import dictionaries_dir
from cladmop.drugs.index import Named, NameIndex, Substance, read_index, write_index
from cladmop.drugs.source import SHORTEST, Finding, Rank, may_be_asked
from cladmop.errors import CorruptArtefactError, MissingDependencyError
from cladmop.storage import sha256_of

PACKAGE = "chemicals"
FOLDER = "Identifiers"
FILES = ("chemical identifiers pubchem small.tsv", "chemical identifiers pubchem large.tsv")
"""Tab-separated, without header: CID, CAS, formula, mass, SMILES, InChI, InChIKey, IUPAC name, title, other names."""
PUBLISHED = {"3b9aac5ae8d270bafc9e72a6af5441ce580f0ce444d1dee48dc37e47474b91fc": "2026-06-07"}
"""Date of the package that carries the larger table, by the table's sha256 (version 1.5.2)."""
USUAL = 5
"""Names beside IUPAC name and title that count as usual ones."""
_FORMAT = 2  # of the Parquet table; part of its file name
_SMILES, _TITLE = 4, 8
_NOTE = re.compile(r" [(\[](?:tn|usan|inn|ban|jan|mi|iso|vandf|hsdb|mart|usp|nf|dcf|who)\b[^)\]]*[)\]]$")


class Chemicals:
    """The substances as a source of structures.

    Parameters
    ----------
    index
        Substances by name.
    version
        SHA-256 of the larger table, by which its date is known; empty if there is none.
    """

    name = "chemicals"
    rank = Rank.CHEMICALS
    exact = True

    def __init__(self, index: NameIndex, version: str = "") -> None:
        self._index = index
        self.version = version

    @classmethod
    def load(cls) -> "Chemicals":
        """Return the installed substances, converting the package's tables on the first call.

        Raises
        ------
        MissingDependencyError
            If the package or one of its tables is not installed.
        CorruptArtefactError
            If a table or the converted one is not what it should be.
        StorageError
            If the converted table cannot be written.
        """
        files = carrier_files()
        sha256 = sha256_of(files[-1])
        path = dictionaries_dir() / f"chemicals-{_FORMAT}-{sha256[:16]}.parquet"
        if not path.is_file():
            write_index(path, _substances(files))
        return cls(read_index(path), sha256)

    def find(self, name: str) -> Finding | None:
        """Return what is known of a name (see `StructureSource`)."""
        found = self._index.find(name) if may_be_asked(name) else None
        if found is None:
            return None
        substance, usual = found
        return Finding(substance.title, substance.smiles, weak=not usual, date=PUBLISHED.get(self.version, ""))


def carrier_files() -> tuple[Path, ...]:
    """Return the paths of the package's tables, the smaller first, without importing it.

    Raises
    ------
    MissingDependencyError
        If the package or one of its tables is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        paths = tuple(Path(folder) / FOLDER / name for name in FILES)
        if all(path.is_file() for path in paths):
            return paths
    raise MissingDependencyError(
        "the substances of the package chemicals are not installed; install them with: pip install 'cladmop[nn]'"
    )


def _substances(paths: Iterable[Path]) -> Iterator[Named]:
    """Read each substance with those of its names that may be asked for."""
    for path in paths:
        try:
            with path.open(encoding="utf-8") as stream:
                for number, line in enumerate(stream, start=1):
                    fields = line.rstrip("\n").split("\t")
                    if len(fields) <= _TITLE or not fields[_SMILES]:
                        raise CorruptArtefactError(f"{path}:{number}: no SMILES or title; install chemicals again")
                    substance = Substance(fields[_TITLE].lower(), fields[_SMILES])
                    last = _TITLE + USUAL + 1
                    yield Named(substance, _plain(fields[_TITLE - 1 : last]), _plain(fields[last:]))
        except UnicodeDecodeError as error:
            raise CorruptArtefactError(f"{path} is not UTF-8 ({error}); install chemicals again") from error


def _plain(texts: Iterable[str]) -> tuple[str, ...]:
    """Return names without the note of who uses them; those that are too short or have no letter are left out."""
    names = (_NOTE.sub("", text.strip().lower()) for text in texts)
    return tuple(name for name in names if len(name) >= SHORTEST and any(map(str.isalpha, name)))
