"""Requests that wait are computed together, in turn, in one thread."""

import asyncio
import threading
import time

import pytest

from cladmop.errors import InputError
from cladmop.server.batching import Lane, Worker
from cladmop.server.errors import BusyError
from serving import run_apart


def run(test, *lanes, window=0.005):
    """Run a test with a worker of these lanes."""

    async def whole():
        worker = Worker(window)
        for lane in lanes:
            worker.add(lane)
        worker.start()
        try:
            return await asyncio.wait_for(test(worker), 10)
        finally:
            await worker.stop()

    return run_apart(whole())


def test_what_comes_at_one_time_is_computed_in_one_call_and_answered_in_order():
    calls = []

    def double(values):
        calls.append((len(values), threading.current_thread().name))
        return [2 * value for value in values]

    lane = Lane("double", double, 8, 100)

    async def ask(worker):
        return await asyncio.gather(*(worker.ask(lane, value) for value in range(20)))

    assert run(ask, lane) == [2 * value for value in range(20)]
    assert [count for count, _ in calls] == [8, 8, 4]
    assert {name for _, name in calls} == {"cladmop-model_0"}


def test_one_bad_request_does_not_spoil_those_computed_with_it():
    def check(values):
        if 3 in values:
            raise InputError("three is not allowed")
        return values

    lane = Lane("check", check, 8, 100)

    async def ask(worker):
        return await asyncio.gather(*(worker.ask(lane, value) for value in range(5)), return_exceptions=True)

    answers = run(ask, lane)
    assert answers[:3] + answers[4:] == [0, 1, 2, 4]
    assert isinstance(answers[3], InputError)


def test_an_error_of_ours_is_raised_and_the_worker_goes_on():
    def fail(values):
        if values[0] == 0:
            raise ZeroDivisionError
        return values

    lane = Lane("fail", fail, 1, 100)

    async def ask(worker):
        with pytest.raises(ZeroDivisionError):
            await worker.ask(lane, 0)
        return await worker.ask(lane, 1)

    assert run(ask, lane) == 1


def test_a_full_lane_refuses_and_says_when_to_come_again():
    free = threading.Event()

    def wait(values):
        free.wait(5)
        return values

    lane = Lane("wait", wait, 1, 3)

    async def ask(worker):
        waiting = [asyncio.ensure_future(worker.ask(lane, 0))]
        await asyncio.sleep(0.05)
        waiting += [asyncio.ensure_future(worker.ask(lane, value)) for value in (1, 2, 3)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="3 requests wait") as refused:
            await worker.ask(lane, 4)
        # A caller that gives up makes room, and is not computed.
        waiting.pop().cancel()
        await asyncio.sleep(0)
        waiting.append(asyncio.ensure_future(worker.ask(lane, 5)))
        free.set()
        return await asyncio.gather(*waiting), refused.value.headers

    answers, headers = run(ask, lane)
    assert answers == [0, 1, 2, 5]
    assert int(headers["Retry-After"]) >= 1


def test_quick_work_does_not_wait_behind_all_the_long():
    order = []

    def slow(values):
        time.sleep(0.02)
        order.append("slow")
        return values

    def quick(values):
        order.append("quick")
        return values

    lanes = Lane("slow", slow, 1, 100), Lane("quick", quick, 8, 100)

    async def ask(worker):
        long = [asyncio.ensure_future(worker.ask(lanes[0], value)) for value in range(10)]
        await asyncio.sleep(0.03)
        await worker.ask(lanes[1], 0)
        seen = len(order)
        await asyncio.gather(*long)
        return seen

    assert run(ask, *lanes) <= 4
    assert order.count("slow") == 10


def test_what_waits_is_cancelled_when_it_stops():
    lane = Lane("never", lambda values: time.sleep(0.2) or values, 1, 100)

    async def ask(worker):
        waiting = [asyncio.ensure_future(worker.ask(lane, value)) for value in range(5)]
        await asyncio.sleep(0.05)
        await worker.stop()
        return await asyncio.gather(*waiting[1:], return_exceptions=True)

    assert all(isinstance(answer, asyncio.CancelledError) for answer in run(ask, lane))
