"""Batches of trials that are scored in the background, with progress, cancelling and a file to download."""

import asyncio
import csv
import io
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cladmop.errors import CladmopError, InputError
from cladmop.records import Trial
from cladmop.server.errors import BusyError, ConflictError, NotFoundError, answer_of
from cladmop.server.settings import Limits

CHUNK = 16
"""Trials of a batch scored in one call; between calls, other requests have their turn."""
COLUMNS = (
    "nctid", "title", "phase", "probability", "low", "high", "base_rate", "base_rate_group", "outcomes_90", "outside",
    "diseases", "drugs", "warnings",
)  # fmt: skip
"""Columns of the CSV download."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class JobState(StrEnum):
    """How far a batch is."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass
class Job:
    """A batch: its trials until they are scored, and their scores."""

    trials: Sequence[Trial]
    total: int
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    """Whoever knows it may read the result: it cannot be guessed."""
    state: JobState = JobState.QUEUED
    rows: list[dict[str, Any]] = field(default_factory=list)
    """What ``POST /predict`` would answer for each trial scored so far, without drawings and the trial itself."""
    detail: str | None = None
    """Why it failed."""
    ended: float | None = None
    """When it finished, failed or was cancelled, on the monotonic clock."""
    task: "asyncio.Task[None] | None" = None

    def to_json(self) -> dict[str, Any]:
        """Return how far it is."""
        return {
            "id": self.id,
            "total": self.total,
            "done": len(self.rows),
            "state": self.state.value,
            "detail": self.detail,
        }


class Jobs:
    """The batches of a service.

    Parameters
    ----------
    score
        Scores a few trials.
    limits
        ``jobs`` at one time; finished ones are kept for ``job_seconds``, or until their place is needed.
    """

    def __init__(self, score: Callable[[Sequence[Trial]], Awaitable[list[dict[str, Any]]]], limits: Limits) -> None:
        self._score = score
        self._limits = limits
        self._jobs: dict[str, Job] = {}
        self._turn = asyncio.Lock()

    def add(self, trials: Sequence[Trial]) -> Job:
        """Queue a batch; batches are scored one after the other.

        Raises
        ------
        BusyError
            If as many batches wait or run as may.
        """
        self._forget()
        if len(self._jobs) >= self._limits.jobs:
            raise BusyError(f"{len(self._jobs)} batches wait or run already; try again when one has finished", 30)
        job = Job(trials, len(trials))
        self._jobs[job.id] = job
        job.task = asyncio.get_running_loop().create_task(self._run(job))
        return job

    def get(self, name: str) -> Job:
        """Return a batch.

        Raises
        ------
        NotFoundError
            If there is none of this id, or it is not kept any more.
        """
        self._forget(keep=self._limits.jobs)
        if name not in self._jobs:
            raise NotFoundError("no batch has this id; results are kept for a while only, upload the file again")
        return self._jobs[name]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the scores of a finished batch.

        Raises
        ------
        NotFoundError
            As `get`.
        ConflictError
            If it has not finished.
        """
        job = self.get(name)
        if job.state is not JobState.FINISHED:
            why = f": {job.detail}" if job.detail else ""
            raise ConflictError(f"the batch is {job.state.value}, not finished ({len(job.rows)} of {job.total}){why}")
        return job.rows

    def cancel(self, name: str) -> Job:
        """Stop a batch and forget its scores; one that has ended is forgotten as well."""
        job = self.get(name)
        if job.ended is not None:
            del self._jobs[name]
        elif job.task is not None:
            job.task.cancel()
        self._end(job, JobState.CANCELLED)
        job.rows = []
        return job

    async def stop(self) -> None:
        """Cancel all."""
        for job in self._jobs.values():
            # A task that has not begun never gets to say so.
            self._end(job, JobState.CANCELLED)
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, job: Job) -> None:
        try:
            async with self._turn:
                job.state = JobState.RUNNING
                for start in range(0, job.total, CHUNK):
                    job.rows += await self._score(job.trials[start : start + CHUNK])
            self._end(job, JobState.FINISHED)
        except CladmopError as error:
            self._end(job, JobState.FAILED, answer_of(error)[1]["detail"])
        except asyncio.CancelledError:
            self._end(job, JobState.CANCELLED)
            raise
        finally:
            # An error of ours, which asyncio logs.
            self._end(job, JobState.FAILED, "something went wrong here, not with the file")

    def _end(self, job: Job, state: JobState, detail: str | None = None) -> None:
        """Set how a batch ended; the first end counts."""
        if job.ended is None:
            job.state, job.detail, job.ended, job.trials = state, detail, time.monotonic(), ()

    def _forget(self, keep: int | None = None) -> None:
        """Drop what ended long ago; and what ended first, where more than ``keep`` (by default one less) are kept."""
        most = self._limits.jobs - 1 if keep is None else keep
        ended = sorted((job.ended, job.id) for job in self._jobs.values() if job.ended is not None)
        now = time.monotonic()
        for moment, name in ended:
            if now - moment > self._limits.job_seconds or len(self._jobs) > most:
                del self._jobs[name]


def as_json_lines(rows: Sequence[dict[str, Any]]) -> str:
    """Return scores as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return scores as CSV (`COLUMNS`).

    A text that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@`` or a control
    character) gets an apostrophe in front.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for row in rows:
        interval = row["interval"] or {}
        likely: list[str] = next((one["outcomes"] for one in row["sets"] if one["level"] == 0.9), [])
        texts = (
            row["base_rate_group"],
            " or ".join(likely),
            "" if row["domain"] is None else "yes" if row["domain"]["outside"] else "no",
            "; ".join(row["diseases"]),
            "; ".join(
                f"{drug['query']} = {drug['name']} ({drug['inchikey'] or drug['kind']})" for drug in row["drugs"]
            ),
            "; ".join(row["warnings"]),
        )
        numbers = (row["probability"], interval.get("low"), interval.get("high"), row["base_rate"])
        names = (row["nctid"] or "", row["title"], row["phase"])
        shown = ["" if number is None else f"{number:.6f}" for number in numbers]
        writer.writerow([*map(_as_text, names), *shown, *map(_as_text, texts)])
    return stream.getvalue()


def read_format(name: str) -> str:
    """Return the format of a download.

    Raises
    ------
    InputError
        If it is neither ``csv`` nor ``jsonl``.
    """
    if name not in {"csv", "jsonl"}:
        raise InputError(f"format {name[:40]!r} is not offered; choose csv or jsonl")
    return name


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
