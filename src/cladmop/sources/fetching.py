"""All studies of a query, page by page into a folder: resumed after a kill, started again when the data change."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError, NetworkError
from cladmop.progress import progress_bar
from cladmop.sources.endpoints import PAGING, DataVersion, Endpoints, OutdatedError
from cladmop.sources.pages import Manifest, PageFolder, Plan, Seen

LARGEST_PAGE = 1000
"""Studies a page, at most."""
_NEXT_CHECK = 50
"""Pages after which it is asked whether the registry's data have changed."""
_STARTS = 4
"""Times a fetch begins at page one before it is given up."""


class FetchResult(NamedTuple):
    """What lies in a folder when a fetch is complete."""

    pages: int
    studies: int
    """Distinct NCT ids."""
    timestamp: str
    """When the registry had processed its data."""


class Fetch:
    """Fetches a query into a folder.

    Parameters
    ----------
    endpoints
        The registry.
    folder
        Where the pages go.
    interval
        Seconds between two requests, to say how long it takes at least.
    say
        Takes remarks for the user, a line each.
    """

    def __init__(self, endpoints: Endpoints, folder: Path, *, interval: float, say: Callable[[str], None]) -> None:
        self._endpoints = endpoints
        self._target = PageFolder(folder)
        self._interval = interval
        self._say = say

    def run(self, query: Mapping[str, str], page_size: int) -> FetchResult:
        """Fetch what is missing; see `RegistryApi.fetch`."""
        plan = self._plan(query, page_size)
        self._target.sweep()
        self._target.take_renewal()
        version = self._endpoints.version()
        work, manifest = self._resume(plan, version)
        for _ in range(_STARTS):
            try:
                manifest = self._fill(work, manifest)
            except (OutdatedError, MissingArtefactError, CorruptArtefactError) as reason:
                self._say(f"{reason}; starting again from page one, what came before stays until it is replaced")
                version = self._endpoints.version()
                work = self._target.renewal
                manifest = work.begin(plan, *version)
            else:
                self._target.take_renewal()
                self._tell_missing(manifest)
                return FetchResult(manifest.pages, manifest.studies, manifest.data_timestamp)
        raise NetworkError(f"{plan.source} changed during each of {_STARTS} fetches; try again later")

    def _plan(self, query: Mapping[str, str], page_size: int) -> Plan:
        if not 1 <= page_size <= LARGEST_PAGE:
            raise InputError(f"page size {page_size} is not what the registry takes; choose 1 to {LARGEST_PAGE}")
        for name in PAGING:
            if name in query:
                raise InputError(f"query: {name!r} is set by the fetch itself; leave it out")
        plan = Plan(self._endpoints.base_url, dict(query), page_size)
        begun = self._target.manifest()
        if begun is not None and begun.plan != plan:
            raise InputError(
                f"{self._target.path} was begun with query {begun.plan.query}, page size {begun.plan.page_size}, "
                f"from {begun.plan.source}; ask the same, or choose another folder"
            )
        return plan

    def _resume(self, plan: Plan, version: DataVersion) -> tuple[PageFolder, Manifest]:
        """Return the pages to go on with: those of the registry's present data, or none yet."""
        here, renewed = self._target.manifest(), self._target.renewal.manifest()
        if here is None or not here.pages:
            return self._target, self._target.begin(plan, *version)
        current = here.data_timestamp == version.timestamp
        if current and here.complete:
            return self._target, here
        if renewed is not None and renewed.data_timestamp == version.timestamp:
            return self._target.renewal, renewed
        if current:
            return self._target, here
        self._say(f"the registry's data of {here.data_timestamp} are now of {version.timestamp}; fetching them anew")
        return self._target.renewal, self._target.renewal.begin(plan, *version)

    def _fill(self, work: PageFolder, manifest: Manifest) -> Manifest:
        """Fetch the pages that are missing.

        Raises
        ------
        OutdatedError
            If the registry's data changed, or it refuses a token.
        MissingArtefactError, CorruptArtefactError
            If a saved page is missing or damaged.
        """
        if manifest.complete and work.has_all_pages(manifest):
            self._say(f"{work.path} holds the {manifest.studies:,} studies of {manifest.data_timestamp}: nothing to do")
            return manifest
        seen = work.seen(manifest)
        if not manifest.pages:
            manifest = self._add(work, manifest, seen)
        self._tell_plan(manifest)
        with progress_bar("registry", manifest.total or 0, "studies") as bar:
            bar.advance(manifest.studies)
            while not manifest.all_came:
                before = manifest.studies
                manifest = self._add(work, manifest, seen)
                bar.advance(manifest.studies - before)
                if manifest.pages % _NEXT_CHECK == 0:
                    self._require_same_data(manifest)
        self._require_same_data(manifest)
        return work.note(manifest, complete=True)

    def _add(self, work: PageFolder, manifest: Manifest, seen: Seen) -> Manifest:
        """Fetch and save the next page."""
        try:
            body, page = self._endpoints.page(manifest)
        except NetworkError as error:
            raise NetworkError(
                f"page {manifest.pages + 1}: {error}; "
                f"{manifest.pages} pages are kept in {work.path}, the same fetch goes on from there"
            ) from error
        return work.add(manifest, body, page, seen)

    def _require_same_data(self, manifest: Manifest) -> None:
        now = self._endpoints.version().timestamp
        if now != manifest.data_timestamp:
            raise OutdatedError(f"the registry's data of {manifest.data_timestamp} are now of {now}")

    def _tell_plan(self, manifest: Manifest) -> None:
        if manifest.total is None:
            self._say("the registry does not say how many studies it has of this query")
            return
        requests = max(0, math.ceil(manifest.total / manifest.plan.page_size) - manifest.pages)
        minutes = math.ceil(requests * self._interval / 60)
        self._say(
            f"{manifest.total:,} studies of {manifest.data_timestamp}, {manifest.studies:,} of them here: "
            f"{requests:,} more requests, at least {minutes} min"
        )

    def _tell_missing(self, manifest: Manifest) -> None:
        if manifest.unidentified:
            self._say(f"{manifest.unidentified:,} records have no readable NCT id; reading the pages rejects them")
        came = manifest.studies + manifest.unidentified
        if manifest.total is not None and came != manifest.total:
            self._say(f"the registry counts {manifest.total:,} studies, its pages held {came:,}")
