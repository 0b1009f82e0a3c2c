"""PubChem over the network: asked for a name only where no other source has its structure, each name once.

Answers, also that there is none, are kept with their date. PubChem allows five requests a second
(https://pubchem.ncbi.nlm.nih.gov/docs/programmatic-access).
"""

import datetime as dt
import json
import re
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from cladmop import config
from cladmop.drugs.molecules import standardise
from cladmop.drugs.source import Finding, Rank, may_be_asked
from cladmop.errors import CorruptArtefactError, InputError, NetworkError, StorageError
from cladmop.http import PoliteClient, RefusedError

BASE_URL = "https://pubchem.ncbi.nlm.nih.gov/rest/pug"
"""The public address of PubChem's service."""
_SMILES_KEYS = ("SMILES", "IsomericSMILES", "ConnectivitySMILES", "CanonicalSMILES")
"""Where the structure stands, best first: the first since 2025, with stereochemistry; others are older or flat."""
_INTERVAL = 0.2
"""Seconds between two requests, at least."""
_TIMEOUT = 30.0
"""Seconds between two bytes."""
_LIMIT = 16 << 20
"""Bytes of an answer at most."""
_FAULT = re.compile(r'"Code": ?"PUGREST\.')
"""In PubChem's own refusals, which say that it knows no such substance."""


class _Stored(NamedTuple):
    smiles: str | None
    title: str
    date: str


class PubChem:
    """PubChem's names.

    Parameters
    ----------
    base_url
        Address of the service.
    store
        SQLite file of the answers; ``pubchem.sqlite`` beside the dictionaries if none.
    client
        Asks the server; one that waits a fifth of a second between requests where not given.
    """

    name = "pubchem"
    rank = Rank.PUBCHEM
    exact = True
    version = "live"

    def __init__(self, base_url: str = BASE_URL, store: Path | None = None, client: PoliteClient | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._store = store or config.dictionaries_dir() / "pubchem.sqlite"
        self._client = client or PoliteClient(interval=_INTERVAL, timeout=_TIMEOUT, limit=_LIMIT)
        self._answers = _open(self._store)

    def find(self, name: str) -> Finding | None:
        """Return what is known of a name, from the stored answers or from PubChem (see `StructureSource`).

        Raises
        ------
        NetworkError
            If the answer is not stored and ``$CLADMOP_OFFLINE`` is set, or the service does not answer.
        StorageError
            If the answer cannot be stored.
        """
        if not may_be_asked(name):
            return None
        stored = self._recall(name)
        if stored is None:
            title, smiles = self._ask(name)
            stored = _Stored(smiles, title, dt.datetime.now(dt.UTC).date().isoformat())
            self._remember(name, stored)
        return None if stored.smiles is None else Finding(stored.title, stored.smiles, date=stored.date)

    def _recall(self, name: str) -> _Stored | None:
        try:
            row = self._answers.execute("SELECT smiles, title, date FROM answers WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise CorruptArtefactError(f"{self._store} is damaged ({error}); delete it and run again") from error
        return None if row is None else _Stored(*row)

    def _remember(self, name: str, found: _Stored) -> None:
        try:
            with self._answers:
                self._answers.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", (name, *found))
        except sqlite3.Error as error:
            raise StorageError(f"cannot write {self._store}: {error}; free space or choose another folder") from error

    def _ask(self, name: str) -> tuple[str, str | None]:
        """Return title and SMILES of a name, the SMILES none where PubChem has no single structure for it."""
        if config.offline():
            raise NetworkError(
                f"PubChem is to be asked for {name!r}, but CLADMOP_OFFLINE is set; unset it, or do not ask PubChem"
            )
        url = f"{self._base_url}/compound/name/{quote(name, safe='')}/property/SMILES,InChIKey,Title/JSON"
        try:
            body = self._client.get(url)
        except RefusedError as refusal:
            if refusal.status_code in {400, 404} and _FAULT.search(refusal.detail):
                return name, None
            raise
        return _title_and_smiles(body, name, url)


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        answers = sqlite3.connect(path)
        answers.execute(
            "CREATE TABLE IF NOT EXISTS answers (name TEXT PRIMARY KEY, smiles TEXT, title TEXT, date TEXT)"
        )
    except sqlite3.DatabaseError as error:
        raise CorruptArtefactError(f"{path} cannot be used ({error}); delete it or choose another place") from error
    except OSError as error:
        raise StorageError(f"cannot make {path.parent}: {error.strerror or error}; choose another folder") from error
    return answers


def _title_and_smiles(body: bytes, name: str, url: str) -> tuple[str, str | None]:
    """Read an answer.

    Raises
    ------
    NetworkError
        If it is none of PubChem's.
    """
    try:
        rows: list[dict[str, Any]] = json.loads(body)["PropertyTable"]["Properties"]
        found = [(str(row.get("Title") or name).lower(), _smiles(row)) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        raise NetworkError(f"{url}: what came is no answer of PubChem's; check the address") from error
    keys = {_connectivity(smiles) for _, smiles in found}
    return found[0] if len(keys) == 1 and None not in keys else (name, None)


def _smiles(row: dict[str, Any]) -> str:
    return next(str(row[key]) for key in _SMILES_KEYS if key in row)


def _connectivity(smiles: str) -> str | None:
    try:
        return standardise(smiles).inchikey[:14]
    except InputError:
        return None
