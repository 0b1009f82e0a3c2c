"""PubChem over the network: asked for a name only where no other source has its structure, each name once.

Answers, also that there is none, are kept with their date. PubChem allows five requests a second
(https://pubchem.ncbi.nlm.nih.gov/docs/programmatic-access).
"""

import datetime as dt
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from cladmop import config
from cladmop.drugs.molecules import standardise
from cladmop.drugs.source import Finding, Rank, may_be_asked
from cladmop.errors import CorruptArtefactError, InputError, NetworkError, StorageError

if TYPE_CHECKING:
    import requests

BASE_URL = "https://pubchem.ncbi.nlm.nih.gov/rest/pug"
"""The public address of PubChem's service."""
_SMILES_KEYS = ("SMILES", "IsomericSMILES", "ConnectivitySMILES", "CanonicalSMILES")
"""Where the structure stands, best first: the first since 2025, with stereochemistry; others are older or flat."""
_BUSY = {429, 500, 502, 503, 504}
_ATTEMPTS = 5
_TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between two bytes."""


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
    interval
        Seconds between two requests, at least.
    delay
        Seconds before a busy server is asked again; doubled each time, unless the server says how long.
    """

    name = "pubchem"
    rank = Rank.PUBCHEM
    exact = True
    version = "live"

    def __init__(
        self, base_url: str = BASE_URL, store: Path | None = None, *, interval: float = 0.2, delay: float = 1.0
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._store = store or config.dictionaries_dir() / "pubchem.sqlite"
        self._interval = interval
        self._delay = delay
        self._last = -interval
        self._session: requests.Session | None = None
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
        reason, wait = "", self._delay
        for _ in range(_ATTEMPTS):
            self._keep_pace()
            answer = self._get(url)
            if isinstance(answer, str):
                reason, pause = answer, None
            elif answer.status_code in _BUSY:
                reason, pause = f"HTTP {answer.status_code} {answer.reason}", answer.headers.get("Retry-After")
            else:
                return _title_and_smiles(answer, name, url)
            time.sleep(min(float(pause), 120.0) if pause and pause.isdecimal() else wait)
            wait *= 2
        raise NetworkError(f"PubChem does not answer {url}: {reason} ({_ATTEMPTS} attempts); try again later")

    def _get(self, url: str) -> "requests.Response | str":
        """Return the response, or in words why there is none that a later attempt may not mend."""
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.headers["User-Agent"] = "cladmop"
        try:
            return self._session.get(url, timeout=_TIMEOUT)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            return "no connection, or it was cut"
        except requests.RequestException as error:
            raise NetworkError(f"cannot ask {url} ({type(error).__name__}); check the address") from error

    def _keep_pace(self) -> None:
        time.sleep(max(0.0, self._last + self._interval - time.monotonic()))
        self._last = time.monotonic()


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


def _title_and_smiles(answer: "requests.Response", name: str, url: str) -> tuple[str, str | None]:
    """Read an answer.

    Raises
    ------
    NetworkError
        If it is none of PubChem's.
    """
    try:
        content = answer.json()
        if answer.status_code in {400, 404} and str(content["Fault"]["Code"]).startswith("PUGREST."):
            return name, None
        rows: list[dict[str, Any]] = content["PropertyTable"]["Properties"]
        found = [(str(row.get("Title") or name).lower(), _smiles(row)) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise NetworkError(f"{url}: HTTP {answer.status_code}, no answer of PubChem's; check the address") from error
    keys = {_connectivity(smiles) for _, smiles in found}
    return found[0] if len(keys) == 1 and None not in keys else (name, None)


def _smiles(row: dict[str, Any]) -> str:
    return next(str(row[key]) for key in _SMILES_KEYS if key in row)


def _connectivity(smiles: str) -> str | None:
    try:
        return standardise(smiles).inchikey[:14]
    except InputError:
        return None
