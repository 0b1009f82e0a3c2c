"""The offline dictionary of drug names: 20,000 substances, 107,000 names, 6,800 structures.

Its carrier is the package ``drug-named-entity-recognition`` (MIT; data from DrugBank's open vocabulary, MeSH,
MedlinePlus, Wikipedia and PubChem). The data file is a pickle, and importing the package would load it with full
trust, so the package is never imported: its file is found through the import system's metadata, accepted only with
a known sha256, read once by an unpickler that refuses every class and function, and kept as a Parquet table.
"""

import bz2
import hashlib
import importlib.util
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from cladmop.config import dictionaries_dir
from cladmop.drugs.index import write_parquet
from cladmop.drugs.source import Finding, Rank
from cladmop.errors import CorruptArtefactError, MissingDependencyError

PACKAGE = "drug_named_entity_recognition"
FILE = "drug_ner_dictionary.pkl.bz2"
KNOWN_SHA256 = {
    "ec10a1c7b633fc4bae8d0eecff053892c0e37f49e18eaf59c8a1e9f40fc80d9d": "2.0.9",
}
"""Data files whose content has been looked at, with the package version that carries them."""
PUBLISHED = "2025-07-15"
"""Date of the package version that was checked."""
_FORMAT = 1  # of the Parquet table; part of its file name


@dataclass(frozen=True, slots=True)
class Entry:
    """One substance of the dictionary."""

    name: str
    """Its canonical name, lower case."""
    smiles: str | None
    """Structure as PubChem gave it for the name, salts and all; none for two thirds of the substances."""
    biological: bool
    """Whether MeSH files it under proteins, enzymes, signalling peptides or vaccines."""


class Dictionary:
    """The dictionary as a source of structures.

    Parameters
    ----------
    entries
        Every name (lower case) with its substance.
    """

    name = "dictionary"
    rank = Rank.DICTIONARY
    exact = False

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    @property
    def version(self) -> str:
        """SHA-256 of all names and what each stands for."""
        content = hashlib.sha256()
        for name, entry in self._entries.items():
            content.update(f"{name}\t{entry.name}\t{entry.smiles}\t{entry.biological}\n".encode())
        return content.hexdigest()

    def find(self, name: str) -> Finding | None:
        """Return what is known of a name (see `StructureSource`)."""
        entry = self._entries.get(name)
        return None if entry is None else Finding(entry.name, entry.smiles, entry.biological, date=PUBLISHED)


_BIOLOGICAL_TREES = ("D12.776", "D08.811", "D12.644.276", "D20.215.894", "D23.529", "D23.050", "D23.946")
"""MeSH trees: proteins; enzymes; intercellular signalling; vaccines; antigens; toxins."""
_SMALL_TREES = ("D12.776.631.650",)
"""Neuropeptides are filed under proteins too, and many are small (leuprolide)."""


class _PlainUnpickler(pickle.Unpickler):
    """Builds dicts, lists, strings, numbers and booleans only."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        """Refuse every class and function."""
        raise pickle.UnpicklingError(f"refused to load {module_name}.{global_name}")


def carrier_file() -> Path:
    """Return the path of the dictionary's data file, without importing the package that carries it.

    Raises
    ------
    MissingDependencyError
        If the package or its file is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / FILE
        if path.is_file():
            return path
    raise MissingDependencyError(
        "the drug dictionary is not installed; install it with: pip install drug-named-entity-recognition"
    )


def _read_carrier(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest not in KNOWN_SHA256:
        versions = ", ".join(sorted(KNOWN_SHA256.values()))
        raise CorruptArtefactError(
            f"{path} has the unknown sha256 {digest}; install a version of drug-named-entity-recognition that was "
            f"checked ({versions}), e.g. with --force-reinstall"
        )
    try:
        content = _PlainUnpickler(io.BytesIO(bz2.decompress(data))).load()
        return {key: content[key] for key in ("drug_variant_to_canonical", "drug_canonical_to_data")}
    except (pickle.UnpicklingError, KeyError, TypeError, EOFError, OSError) as error:
        raise CorruptArtefactError(f"{path} is not the expected drug dictionary ({error})") from error


def convert(source: Path, target: Path) -> None:
    """Write the carrier's substances as a Parquet table, atomically.

    Raises
    ------
    CorruptArtefactError
        If the file's sha256 is unknown or it does not hold the expected tables.
    StorageError
        If the table cannot be written.
    """
    import polars as pl

    content = _read_carrier(source)
    substances: dict[str, dict[str, Any]] = content["drug_canonical_to_data"]
    names: dict[str, list[str]] = {name: [] for name in substances}
    for variant, canonicals in content["drug_variant_to_canonical"].items():
        for canonical in canonicals:
            if canonical in names and variant != canonical:
                names[canonical].append(variant)
    table = pl.DataFrame(
        {
            "name": list(substances),
            "names": list(names.values()),
            "smiles": [entry.get("smiles") for entry in substances.values()],
            "biological": [_is_biological(entry.get("mesh_tree", [])) for entry in substances.values()],
            "drugbank_id": [entry.get("drugbank_id") for entry in substances.values()],
            "mesh_id": [entry.get("mesh_id") for entry in substances.values()],
        },
        schema={
            "name": pl.String,
            "names": pl.List(pl.String),
            "smiles": pl.String,
            "biological": pl.Boolean,
            "drugbank_id": pl.String,
            "mesh_id": pl.String,
        },
    )
    write_parquet(target, table)


def _is_biological(trees: list[str]) -> bool:
    return any(tree.startswith(_BIOLOGICAL_TREES) for tree in trees) and not any(
        tree.startswith(_SMALL_TREES) for tree in trees
    )


def table_path() -> Path:
    """Return where the converted table is kept; the name holds the digest of the data that is expected."""
    digest = next(iter(KNOWN_SHA256))
    return dictionaries_dir() / f"drug-names-{_FORMAT}-{digest[:16]}.parquet"


def load() -> dict[str, Entry]:
    """Return every name and synonym (lower case) with its substance, converting the carrier on the first call.

    Raises
    ------
    MissingDependencyError, CorruptArtefactError, StorageError
        As ``carrier_file`` and ``convert`` do; also if the converted table was damaged.
    """
    import polars as pl

    path = table_path()
    if not path.is_file():
        convert(carrier_file(), path)
    try:
        table = pl.read_parquet(path, columns=["name", "names", "smiles", "biological"])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CorruptArtefactError(f"{path} is damaged ({error}); delete it and run again") from error
    index: dict[str, Entry] = {}
    for name, names, smiles, biological in table.iter_rows():
        entry = Entry(name, smiles, biological)
        for synonym in names:
            index.setdefault(synonym, entry)
        index[name] = entry  # a substance's own name outranks another's synonym
    return index
