"""Active ingredients of approved products: the evidence behind "success by market".

A snapshot of the ingredients in the US Food and Drug Administration's Drugs@FDA ships with the package (public;
tentative approvals and discontinued products are in it); `download_approved` fetches the current file. Vaccines, blood
and cell products are licensed elsewhere and are not in it.
"""

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from cladmop.config import home
from cladmop.drugs.kinds import DrugKind
from cladmop.drugs.names import normalise, without_salt
from cladmop.drugs.resolve import Resolution
from cladmop.errors import InputError, MissingArtefactError
from cladmop.storage import sha256_of

ResolveAll = Callable[[Sequence[str]], Iterable[tuple[Resolution, ...]]]
"""Resolves many names, in their order."""
DRUGS_AT_FDA = "https://www.fda.gov/media/89850/download"
"""Drugs@FDA's data files, a zip with ``Products.txt``; renewed weekly."""
_SNAPSHOT = "approved_ingredients.txt"
_LONGEST = 256 * 1024 * 1024
_QUALIFIERS = re.compile(
    r"\b(?:recombinant|human|purified|synthetic|pork|beef|bovine|porcine|equine|rabbit|ovine|conjugated|esterified|"
    r"pegylated|kit|usp|unspecified form)\b|\([^()]*\)|,.*$"
)
_SUFFIX = re.compile(r"-[a-z]{4}$")
"""The four letters that tell biologics of one name apart (``trastuzumab-dkst``)."""


@dataclass(frozen=True)
class Approvals:
    """Which substances are in an approved product."""

    keys: frozenset[str]
    """Connectivity (first 14 letters of the InChIKey) of those with a structure."""
    names: frozenset[str]
    """Bare names, lower case, without salt and source."""
    source: str
    """Where the list came from."""
    sha256: str
    """Of the file, 64 hexadecimal digits."""

    @classmethod
    def from_names(cls, ingredients: Iterable[str], resolve: ResolveAll, source: str, sha256: str) -> "Approvals":
        """Resolve ingredient strings, which may name several substances (``abacavir; lamivudine``)."""
        keys, names = set(), set()
        asked = sorted({part.strip() for text in ingredients for part in text.split(";") if part.strip()})
        for name, substances in zip(asked, resolve(asked), strict=True):
            names.add(_bare(name))
            for found in substances:
                if found.inchikey is not None:
                    keys.add(found.inchikey[:14])
                elif found.kind is not DrugKind.PLACEBO:
                    names.add(_bare(found.name))
        return cls(frozenset(keys), frozenset(names - {""}), source, sha256)

    def covers(self, drug: Resolution) -> bool:
        """Tell whether a drug is in an approved product: by structure, else by name; salts and stereo count as one."""
        if drug.inchikey is not None:
            return drug.inchikey[:14] in self.keys
        return _bare(drug.name) in self.names or _bare(drug.query) in self.names


def _bare(name: str) -> str:
    text = _QUALIFIERS.sub(" ", name.lower())
    return without_salt(_SUFFIX.sub("", normalise(text)))


def load_approvals(path: Path | None, resolve: ResolveAll) -> Approvals:
    """Return the approvals of a file, else those last downloaded, else the snapshot that ships.

    Raises
    ------
    MissingArtefactError, InputError
        If the given file is missing or holds no ingredients.
    """
    chosen, source = chosen_list(path)
    return Approvals.from_names(read_ingredients(chosen), resolve, source, sha256_of(chosen))


def chosen_list(path: Path | None) -> tuple[Path, str]:
    """Return which list of ingredients is read, and what it is: the given one, the last download, or what ships.

    Raises
    ------
    MissingArtefactError
        If the given file is missing.
    """
    if path is not None and not path.is_file():
        raise MissingArtefactError(f"no file {path}; give Drugs@FDA's data files (see `cladmop corpus approvals`)")
    current = downloaded_path()
    chosen = path or (current if current.is_file() else None)
    if chosen is None:
        return Path(str(files("cladmop.corpus") / _SNAPSHOT)), "snapshot of Drugs@FDA"
    return chosen, chosen.name


def downloaded_path() -> Path:
    """Return where the downloaded list is kept."""
    return home() / "approvals" / "drugs-at-fda.zip"


def download_approved(url: str = DRUGS_AT_FDA) -> Path:
    """Fetch Drugs@FDA's data files; a file that holds no ingredients does not replace the former one.

    Raises
    ------
    NetworkError, StorageError
        If it cannot be fetched or written.
    InputError
        If it holds no ingredients.
    """
    from cladmop.http import download

    fetched = downloaded_path().with_suffix(".new")
    download(url, fetched)
    try:
        read_ingredients(fetched)
    except InputError:
        fetched.unlink()
        raise
    return fetched.replace(downloaded_path())


def read_ingredients(path: Path) -> frozenset[str]:
    """Read active-ingredient strings from any form the list has.

    - Drugs@FDA's zip with ``Products.txt``, or that tab-separated table (column ``ActiveIngredient``);
    - JSON: a list of names or of ``{"ActiveIngredient": ...}``, or openFDA's ``{"results": [...]}`` (zipped or not);
    - text, one a line; lines that begin with ``#`` are remarks.

    Raises
    ------
    InputError
        If it is none of these, or holds no ingredient.
    """
    text = _text(path)
    if text.lstrip()[:1] in {"[", "{"}:
        found = _from_json(text, path)
    elif "\t" in text.partition("\n")[0]:
        found = _from_table(text, path)
    elif text.lstrip().startswith("<"):
        raise InputError(f"{path} is a web page and no list of ingredients; give Drugs@FDA's data files")
    else:
        found = [line for line in text.splitlines() if not line.startswith("#")]
    names = frozenset(" ".join(name.split()) for name in found if name.strip())
    if not names:
        raise InputError(f"{path}: no active ingredient in it; give Drugs@FDA's data files or one name a line")
    return names


def _text(path: Path) -> str:
    try:
        if not zipfile.is_zipfile(path):
            return path.read_text(encoding="utf-8-sig", errors="replace")
        with zipfile.ZipFile(path) as archive:
            wanted = [
                entry
                for entry in archive.infolist()
                if entry.filename.rpartition("/")[2].lower() == "products.txt" or entry.filename.endswith(".json")
            ]
            if not wanted or wanted[0].file_size > _LONGEST:
                raise InputError(f"{path}: no Products.txt and no JSON of a sensible size in it")
            return archive.read(wanted[0]).decode("utf-8-sig", errors="replace")
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read ({error}); fetch it again") from error


def _from_json(text: str, path: Path) -> list[str]:
    try:
        value: Any = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); fetch it again") from error
    if isinstance(value, dict):
        products = [one for result in _dicts(value.get("results")) for one in _dicts(result.get("products"))]
        return [
            str(active.get("name", "")) for product in products for active in _dicts(product.get("active_ingredients"))
        ]
    plain = [one for one in value if isinstance(one, str)]
    return plain + [str(one.get("ActiveIngredient") or "") for one in _dicts(value)]


def _dicts(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (any JSON value)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _from_table(text: str, path: Path) -> list[str]:
    header, *lines = (line.split("\t") for line in text.splitlines())
    names = [name.strip() for name in header]
    if "ActiveIngredient" not in names:
        raise InputError(
            f"{path}:1: no column ActiveIngredient among {', '.join(names)}; give Drugs@FDA's Products.txt"
        )
    place = names.index("ActiveIngredient")
    return [cells[place] for cells in lines if len(cells) > place]
