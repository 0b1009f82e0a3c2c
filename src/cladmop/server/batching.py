"""One thread that computes, and lanes of work that wait for it: equal requests are scored together.

The model is not made for several threads at once, and one call for many trials costs much less than many calls. Each
kind of work has its lane; the lanes take turns, so that a quick score never waits behind all the long explanations.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from cladmop.errors import CladmopError
from cladmop.server.errors import BusyError

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
_FIRST_GUESS = 0.2
_SMOOTHING = 0.1


class Lane(Generic[Asked, Answer]):
    """One kind of work.

    Parameters
    ----------
    name
        For metrics.
    run
        Computes the answers of several requests, in their order.
    most
        Requests computed together at most.
    waiting
        Requests that may wait at most.
    """

    def __init__(self, name: str, run: Callable[[Sequence[Asked]], Sequence[Answer]], most: int, waiting: int) -> None:
        self.name = name
        self.run = run
        self.most = most
        self.waiting = waiting
        self.queue: deque[tuple[Asked, asyncio.Future[Answer]]] = deque()

    def take(self) -> list[tuple[Asked, "asyncio.Future[Answer]"]]:
        """Remove the next requests that somebody still waits for."""
        taken: list[tuple[Asked, asyncio.Future[Answer]]] = []
        while self.queue and len(taken) < self.most:
            asked, answer = self.queue.popleft()
            if not answer.done():
                taken.append((asked, answer))
        return taken


class Worker:
    """The thread that computes, fed by lanes in turn. Used from one event loop.

    Parameters
    ----------
    window
        Seconds that work waits for more of its kind.
    watch
        Told the lane's name, how many requests were computed together, and the seconds it took.
    """

    def __init__(self, window: float, watch: Callable[[str, int, float], None] = lambda *_: None) -> None:
        self._window = window
        self._watch = watch
        self._lanes: list[Lane[Any, Any]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cladmop-model")
        self._news = asyncio.Event()
        self._turns: asyncio.Task[None] | None = None
        self._seconds = _FIRST_GUESS

    def add(self, lane: Lane[Asked, Answer]) -> None:
        """Let a lane take part."""
        self._lanes.append(lane)

    def waiting(self) -> int:
        """Count the requests that wait."""
        return sum(len(lane.queue) for lane in self._lanes)

    def start(self) -> None:
        """Begin to work, in the running event loop."""
        self._turns = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """Finish what is being computed, and cancel what waits."""
        if self._turns is not None:
            self._turns.cancel()
            await asyncio.wait([self._turns])
        for lane in self._lanes:
            while items := lane.take():
                for _, answer in items:
                    answer.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    async def ask(self, lane: Lane[Asked, Answer], asked: Asked) -> Answer:
        """Wait for an answer; when the caller gives up, what has not begun is not computed.

        Raises
        ------
        BusyError
            If too many wait in this lane.
        CladmopError
            If this request cannot be answered.
        """
        # Those whose callers are gone do not count.
        if len(lane.queue) >= lane.waiting:
            lane.queue = deque(item for item in lane.queue if not item[1].done())
        if len(lane.queue) >= lane.waiting:
            wait = self._seconds * len(lane.queue) / lane.most
            raise BusyError(f"{len(lane.queue)} requests wait already; try again in a while", wait)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        lane.queue.append((asked, answer))
        self._news.set()
        return await answer

    async def run_alone(self, function: Callable[[], Answer]) -> Answer:
        """Run something once in the thread that computes, before or beside the lanes."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def _work(self) -> None:
        turn = 0
        while True:
            await self._news.wait()
            self._news.clear()
            while self.waiting():
                lane = self._lanes[turn % len(self._lanes)]
                turn += 1
                if not lane.queue:
                    continue
                if lane.most > 1 and len(lane.queue) < lane.most:
                    await asyncio.sleep(self._window)
                items = lane.take()
                if items:
                    await self._compute(lane, items)

    async def _compute(self, lane: Lane[Any, Any], items: list[tuple[Any, "asyncio.Future[Any]"]]) -> None:
        begin = time.perf_counter()
        done = asyncio.get_running_loop().run_in_executor(self._thread, lane.run, [asked for asked, _ in items])
        await asyncio.wait([done])
        seconds = time.perf_counter() - begin
        self._seconds += _SMOOTHING * (seconds - self._seconds)
        self._watch(lane.name, len(items), seconds)
        error = done.exception()
        if error is None:
            for (_, answer), value in zip(items, done.result(), strict=True):
                _settle(answer, value, None)
        elif isinstance(error, CladmopError) and len(items) > 1:
            # One of them is to blame: each for itself.
            for item in items:
                await self._compute(lane, [item])
        else:
            for _, answer in items:
                _settle(answer, None, error)


def _settle(answer: "asyncio.Future[Any]", value: object, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)
