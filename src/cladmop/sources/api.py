"""ClinicalTrials.gov's API version 2: one study with a copy kept, or all studies of a query in a folder.

The registry serves only the latest version of a record: its criteria may have been edited after the trial started.
What is fetched keeps the date of the data. At most one request is made a second, as the registry asks.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cladmop import config
from cladmop.errors import InputError, NetworkError
from cladmop.http import PoliteClient, RefusedError
from cladmop.sources.endpoints import PHASES, REGISTRY, DataVersion, Endpoints, corpus_query, read_study
from cladmop.sources.fetching import Fetch, FetchResult
from cladmop.sources.values import as_mapping, as_text
from cladmop.storage import atomic_file

__all__ = [
    "PHASES",
    "REGISTRY",
    "DataVersion",
    "FetchResult",
    "RegistryApi",
    "corpus_query",
    "looks_like_nct_id",
    "read_study",
    "version_of",
]

FRESH_DAYS = 7
"""Days for which a kept copy of a study is taken without asking the registry."""
_NCT_ID = re.compile(r"NCT\d{8}")


class _Copy(NamedTuple):
    """A kept copy of a study."""

    body: bytes
    fetched: dt.date

    @property
    def days(self) -> int:
        return (dt.datetime.now(dt.UTC).date() - self.fetched).days


class RegistryApi:
    """ClinicalTrials.gov, or a server that answers like it.

    Parameters
    ----------
    base_url
        Address of the API, down to its version.
    interval
        Seconds between two requests.
    client
        Asks the server; one of that interval if none is given.
    say
        Takes remarks for the user, a line each.
    """

    def __init__(
        self,
        base_url: str = REGISTRY,
        *,
        interval: float = 1.0,
        client: PoliteClient | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._endpoints = Endpoints(base_url, client or PoliteClient(interval=interval))
        self._interval = interval
        self._say = say

    def version(self) -> DataVersion:
        """Return the version of the API and of its data.

        Raises
        ------
        NetworkError
            If there is no network, or no answer.
        """
        return self._endpoints.version()

    def study(self, nct_id: str, *, cache: Path | None = None) -> bytes:
        """Return the latest version of one study, raw; a copy is kept as ``NCT01234567.json``, dated by the file.

        A copy younger than `FRESH_DAYS` days is taken as it is; an older one only when the registry cannot be had.

        Parameters
        ----------
        nct_id
            NCT and eight digits, in either case.
        cache
            Folder of the copies; ``registry`` in cladmop's home if none is given, and in it a folder for each
            server other than the public one.

        Raises
        ------
        InputError
            If it is no NCT id, or not registered.
        NetworkError
            If there is no copy, and no network or no answer; the message says what else can be done.
        """
        nct_id = nct_id.strip().upper()
        if _NCT_ID.fullmatch(nct_id) is None:
            raise InputError(f"{nct_id!r} is not an NCT id; it is NCT and eight digits")
        path = (cache or self._cache()) / f"{nct_id}.json"
        kept = _kept(path)
        if kept is not None and 0 <= kept.days < FRESH_DAYS:
            self._say(f"{nct_id}: the copy fetched on {kept.fetched} ({kept.days} days ago) is used")
            return kept.body
        try:
            body = self._endpoints.study(nct_id)
        except NetworkError as error:
            if kept is None:
                raise _unavailable(nct_id, error) from error
            self._say(f"{nct_id}: the copy fetched on {kept.fetched} ({kept.days} days ago) is used: {error}")
            return kept.body
        with atomic_file(path) as part:
            part.write_bytes(body)
        return body

    def fetch(self, folder: Path, query: Mapping[str, str], *, page_size: int = 1000) -> FetchResult:
        """Save every page of a query, raw, as ``page-000001.json.gz`` onwards with ``fetch.json`` beside them.

        A killed or cut fetch goes on where it was. If the registry's data changed meanwhile, or it refuses the token
        of the next page, the fetch starts again from page one; what came before stays until it is replaced. A
        folder that is complete and up to date is left as it is. It says first how many studies and requests there
        are, and how long they take at least.

        Parameters
        ----------
        folder
            Where to; made if need be.
        query
            Parameters of ``/studies`` (``query.*``, ``filter.*``, ``fields``); see `corpus_query`.
        page_size
            Studies a page, 1 to 1000.

        Raises
        ------
        InputError
            If the folder was begun with another query, or the registry refuses the query.
        NetworkError
            If there is no network, or a page cannot be had; the pages before it are kept.
        """
        return Fetch(self._endpoints, folder, interval=self._interval, say=self._say).run(query, page_size)

    def _cache(self) -> Path:
        folder = config.home() / "registry"
        base_url = self._endpoints.base_url
        return folder if base_url == REGISTRY else folder / re.sub(r"[^\w.-]", "_", urlsplit(base_url).netloc)


def looks_like_nct_id(text: str) -> bool:
    """Tell whether a text is meant as an NCT id: NCT in either case, then only digits, however many."""
    return re.fullmatch(r"NCT\d+", text, re.IGNORECASE) is not None


def version_of(study: Mapping[str, Any], where: str = "study") -> str:
    """Say which version of a record this is: when the registry processed it and when its sponsor last updated it.

    Raises
    ------
    InputError
        If a field on the way holds another kind of value.
    """
    derived = as_mapping(study.get("derivedSection"), f"{where}: derivedSection")
    misc = as_mapping(derived.get("miscInfoModule"), f"{where}: miscInfoModule")
    protocol = as_mapping(study.get("protocolSection"), f"{where}: protocolSection")
    status = as_mapping(protocol.get("statusModule"), f"{where}: statusModule")
    posted = as_mapping(status.get("lastUpdatePostDateStruct"), f"{where}: lastUpdatePostDateStruct")
    processed = as_text(misc.get("versionHolder"), f"{where}: versionHolder") or "an unknown date"
    updated = as_text(posted.get("date"), f"{where}: lastUpdatePostDateStruct.date") or "an unknown date"
    return f"version of {processed}, last updated on {updated}"


def _kept(path: Path) -> _Copy | None:
    """Return a kept copy; none if there is none that is a study."""
    try:
        body = path.read_bytes()
        read_study(body)
        fetched = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()
    except (OSError, InputError):
        return None
    return _Copy(body, fetched)


def _unavailable(nct_id: str, error: NetworkError) -> NetworkError:
    if isinstance(error, RefusedError):
        return NetworkError(f"{nct_id}: {error}")
    return NetworkError(
        f"{nct_id}: {error}; without the network, download the record as JSON elsewhere, "
        f"from https://clinicaltrials.gov/study/{nct_id}, and give that file"
    )
