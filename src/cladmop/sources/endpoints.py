"""The questions that ClinicalTrials.gov's API version 2 answers: its version, one study, a page of studies."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from cladmop.errors import InputError
from cladmop.http import PoliteClient, RefusedError
from cladmop.sources.pages import UNREADABLE, Manifest, Page, read_page

REGISTRY = "https://clinicaltrials.gov/api/v2"
"""The public registry's API."""
PHASES = ("EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4")
"""Phases of drug trials as the API spells them."""
PAGING = ("pageSize", "pageToken", "countTotal", "format")
"""Parameters of ``/studies`` that are not part of a query."""
_STUDY_ATTEMPTS = 3
"""A person waits for a study."""


class DataVersion(NamedTuple):
    """What the registry serves."""

    api_version: str
    timestamp: str
    """When it last processed its data, ``YYYY-MM-DDThh:mm:ss``."""


class OutdatedError(Exception):
    """Pages to come would not go with the pages that are here; a fetch starts again."""


class _Version(msgspec.Struct, rename="camel"):
    api_version: str
    data_timestamp: str


_VERSION = msgspec.json.Decoder(_Version)


def corpus_query(phases: Iterable[str] = PHASES) -> dict[str, str]:
    """Return the query of all interventional trials of ``phases``, without results (the bulk of a record).

    Raises
    ------
    InputError
        If none is given, or one is not spelled as the API does (`PHASES`).
    """
    chosen = tuple(phases)
    for phase in chosen:
        if phase not in PHASES:
            raise InputError(f"phase {phase!r} is not known to the registry; choose from {', '.join(PHASES)}")
    if not chosen:
        raise InputError(f"no phase is given; choose from {', '.join(PHASES)}")
    any_phase = " OR ".join(f"AREA[Phase]{phase}" for phase in chosen)
    return {
        "filter.advanced": f"AREA[StudyType]INTERVENTIONAL AND ({any_phase})",
        "fields": "protocolSection,derivedSection",
    }


class Endpoints:
    """Asks the API at ``base_url`` through ``client``."""

    def __init__(self, base_url: str, client: PoliteClient) -> None:
        self.base_url = base_url.rstrip("/")
        self._client = client

    def version(self) -> DataVersion:
        """Return the version of the API and of its data.

        Raises
        ------
        NetworkError
            If there is no network, or no answer.
        """
        answer = _VERSION.decode(self._client.get(f"{self.base_url}/version", defect=_defect(_VERSION.decode)))
        return DataVersion(answer.api_version, answer.data_timestamp)

    def study(self, nct_id: str) -> bytes:
        """Return one study as JSON.

        Raises
        ------
        InputError
            If no study has this id.
        NetworkError
            If there is no network, or no answer.
        """
        url = f"{self.base_url}/studies/{nct_id}"
        try:
            return self._client.get(url, attempts=_STUDY_ATTEMPTS, defect=_defect(read_study))
        except RefusedError as error:
            if error.status_code == 404:
                raise InputError(f"{nct_id} is not registered at {self.base_url}; check the number") from error
            raise

    def page(self, manifest: Manifest) -> tuple[bytes, Page]:
        """Return the page that comes next, raw and read.

        Raises
        ------
        OutdatedError
            If the registry refuses the page's token.
        InputError
            If it refuses the query.
        NetworkError
            If there is no network, no answer, or no page in it.
        """
        token = manifest.next_token
        parameters = {**manifest.plan.query, "pageSize": str(manifest.plan.page_size), "countTotal": "true"}
        if token is not None:
            parameters["pageToken"] = token

        def read(body: bytes) -> Page:
            page = read_page(body)
            if token is not None and page.next_page_token == token:
                raise InputError("a page that names itself as the next")
            return page

        try:
            body = self._client.get(f"{self.base_url}/studies", parameters, defect=_defect(read))
        except RefusedError as error:
            if error.status_code != 400:
                raise
            if token is not None:
                raise OutdatedError(f"the registry refuses the token of its next page ({error.detail})") from error
            raise InputError(
                f"query {manifest.plan.query}: the registry refuses it ({error.detail}); "
                "https://clinicaltrials.gov/data-api/api says what it takes"
            ) from error
        return body, read(body)


def read_study(body: bytes) -> Mapping[str, Any]:
    """Return a study's JSON object.

    Raises
    ------
    InputError
        If it is not JSON, or not a study.
    """
    try:
        study = msgspec.json.decode(body)
    except UNREADABLE as error:
        raise InputError(f"not JSON ({error})") from error
    if not isinstance(study, dict) or not isinstance(study.get("protocolSection"), dict):
        raise InputError("not a study: no protocolSection")
    return study


def _defect(read: Callable[[bytes], object]) -> Callable[[bytes], str]:
    """Make of a reader what says why a body cannot be read."""

    def defect(body: bytes) -> str:
        try:
            read(body)
        except (InputError, *UNREADABLE) as error:
            return f"the answer is {error}"
        return ""

    return defect
