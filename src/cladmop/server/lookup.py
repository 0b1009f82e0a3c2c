"""Trials by their NCT number, from the one registry that the service is told to ask."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from cladmop.errors import InputError, NetworkError
from cladmop.records import Trial
from cladmop.server.errors import BusyError, ForbiddenError, NotFoundError
from cladmop.server.settings import Settings
from cladmop.sources.api import REGISTRY, RegistryApi, looks_like_nct_id, read_study, version_of
from cladmop.sources.ctgov import trial_from_study
from cladmop.sources.fields import require_content
from cladmop.sources.values import shown

_AT_ONCE = 8
"""Look-ups that may wait: the registry is asked once a second at most."""


class Lookup:
    """Asks the registry, in a thread of its own, since politeness makes it wait."""

    def __init__(self, settings: Settings) -> None:
        self._on = settings.lookup
        self._seconds = settings.limits.lookup_seconds
        self._registry = RegistryApi(settings.registry or REGISTRY)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cladmop-lookup")
        self._waiting = 0

    async def find(self, nct_id: str) -> tuple[Trial, str]:
        """Return a trial, and a sentence on which version of its record this is.

        Raises
        ------
        ForbiddenError
            If look-ups are switched off.
        InputError
            If it is no NCT number, or its record cannot be read.
        NotFoundError
            If no trial has it.
        NetworkError
            If the registry cannot be reached in time.
        BusyError
            If many wait for the registry.
        """
        if not self._on:
            raise ForbiddenError("this service looks nothing up; paste the record's JSON, or upload it as a file")
        nct_id = nct_id.strip().upper()
        if not (looks_like_nct_id(nct_id) and len(nct_id) == 11 and nct_id.isascii()):
            raise InputError(f"nct_id {shown(nct_id)} is not an NCT number; it is NCT and eight digits")
        if self._waiting >= _AT_ONCE:
            raise BusyError(f"{self._waiting} look-ups wait for the registry already; try again in a while", 5)
        self._waiting += 1
        asked = asyncio.get_running_loop().run_in_executor(self._thread, self._study, nct_id)
        asked.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(asked)
        except TimeoutError as error:
            raise NetworkError(
                f"{nct_id}: the registry did not answer within {self._seconds:g} s; try again, or upload the record"
            ) from error

    def close(self) -> None:
        """Ask nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _done(self, asked: "asyncio.Future[tuple[Trial, str]]") -> None:
        self._waiting -= 1
        # Looked at, so that asyncio does not report an error that nobody waited for.
        _ = asked.cancelled() or asked.exception()

    def _study(self, nct_id: str) -> tuple[Trial, str]:
        try:
            body = self._registry.study(nct_id)
        except InputError as error:
            raise NotFoundError(str(error)) from error
        study = read_study(body)
        trial = trial_from_study(study, where=nct_id)
        require_content(trial, nct_id)
        version = (
            f"{version_of(study, nct_id)}; the registry serves the latest version only, whose criteria may have been "
            "edited after the trial started"
        )
        return trial, version
