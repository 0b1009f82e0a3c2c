"""What runs while an application is up: the thread that computes with its lanes, batches, readers and look-ups."""

from collections.abc import Sequence
from typing import Any

from cladmop.records import Trial
from cladmop.server.batching import Lane, Worker
from cladmop.server.jobs import Jobs
from cladmop.server.lookup import Lookup
from cladmop.server.metrics import Metrics
from cladmop.server.reading import Reader
from cladmop.server.service import SimilarTo, TrialService, WhatIf
from cladmop.server.settings import Settings

_TOGETHER = 32
"""Quick questions answered in one call."""
Json = dict[str, Any]


class Engine:
    """Takes requests of all kinds, and computes them in turn in one thread."""

    def __init__(self, settings: Settings, service: TrialService, metrics: Metrics) -> None:
        limits = settings.limits
        self.worker = Worker(limits.batch_milliseconds / 1000, metrics.computed)
        self.predict: Lane[Trial, Json] = Lane("predict", service.predict, _TOGETHER, limits.requests)
        self.what_if: Lane[WhatIf, Json] = Lane("whatif", service.what_if, _TOGETHER, limits.requests)
        self.similar: Lane[SimilarTo, Json] = Lane("similar", service.similar, _TOGETHER, limits.requests)
        self.explain: Lane[Trial, Json] = Lane("explain", service.explain, 1, limits.requests)
        self.rank: Lane[Trial, Json] = Lane("rank", service.rank, 1, limits.requests)
        self._rows: Lane[Sequence[Trial], list[Json]] = Lane("batch", service.predict_rows, 1, limits.requests)
        lanes: tuple[Lane[Any, Any], ...] = (
            self.predict, self.what_if, self.similar, self.explain, self.rank, self._rows,
        )  # fmt: skip
        for lane in lanes:
            self.worker.add(lane)
        metrics.watch_queue(self.worker.waiting)
        self.jobs = Jobs(self._score, limits)
        self.reader = Reader(limits)
        self.lookup = Lookup(settings)

    def start(self) -> None:
        """Begin to work, in the running event loop."""
        self.worker.start()

    async def stop(self) -> None:
        """Cancel batches, finish what is being computed, and end the threads."""
        await self.jobs.stop()
        self.reader.close()
        self.lookup.close()
        await self.worker.stop()

    async def _score(self, trials: Sequence[Trial]) -> list[Json]:
        return await self.worker.ask(self._rows, trials)
