"""Batches: progress, cancelling, keeping, and what their downloads hold."""

import asyncio
import csv
import io
import json

import pytest

from cladmop import Drug, Trial
from cladmop.errors import InputError
from cladmop.server.errors import BusyError, ConflictError, NotFoundError
from cladmop.server.jobs import COLUMNS, Jobs, JobState, as_csv, as_json_lines, read_format
from cladmop.server.settings import Limits
from serving import ROW, run_apart

TRIALS = [Trial(title=f"trial {number}", drugs=(Drug(name="aspirin"),)) for number in range(40)]


def run(test, score=None, **limits):
    """Run a test with jobs whose scores are rows of titles."""

    async def scores(trials):
        await asyncio.sleep(0)
        return [{**ROW, "title": trial.title} for trial in trials]

    async def whole():
        jobs = Jobs(score or scores, Limits(**limits))
        try:
            return await asyncio.wait_for(test(jobs), 10)
        finally:
            await jobs.stop()

    return run_apart(whole())


async def ended(job):
    while job.ended is None:
        await asyncio.sleep(0.001)


def test_a_batch_is_scored_in_order_and_can_be_read_when_it_has_finished():
    async def test(jobs):
        job = jobs.add(TRIALS)
        with pytest.raises(ConflictError, match="not finished"):
            jobs.rows(job.id)
        await ended(job)
        return job.to_json(), [row["title"] for row in jobs.rows(job.id)]

    said, titles = run(test)
    assert {**said, "id": ""} == {"id": "", "total": 40, "done": 40, "state": "finished", "detail": None}
    assert titles == [trial.title for trial in TRIALS]


def test_batches_are_scored_one_after_the_other_and_only_so_many_wait():
    async def never(trials):
        await asyncio.sleep(100)

    async def test(jobs):
        first, second = jobs.add(TRIALS), jobs.add(TRIALS)
        await asyncio.sleep(0.01)
        assert [first.state, second.state] == [JobState.RUNNING, JobState.QUEUED]
        with pytest.raises(BusyError, match="2 batches"):
            jobs.add(TRIALS)
        assert jobs.cancel(first.id).state is JobState.CANCELLED
        await asyncio.sleep(0.01)
        assert second.state is JobState.RUNNING
        assert first.trials == ()
        third = jobs.add(TRIALS)
        await jobs.stop()
        return first, second, third

    assert {job.state for job in run(test, never, jobs=2)} == {JobState.CANCELLED}


def test_results_are_forgotten_after_their_time_or_when_asked():
    async def test(jobs):
        job = jobs.add(TRIALS)
        await ended(job)
        await asyncio.sleep(0.1)
        with pytest.raises(NotFoundError):
            jobs.get(job.id)
        job = jobs.add(TRIALS)
        await ended(job)
        jobs.cancel(job.id)
        with pytest.raises(NotFoundError):
            jobs.get(job.id)

    run(test, job_seconds=0.05)


def test_the_oldest_result_makes_room_for_a_new_batch():
    async def test(jobs):
        old, new = jobs.add(TRIALS), jobs.add(TRIALS)
        await ended(new)
        jobs.add(TRIALS)
        with pytest.raises(NotFoundError):
            jobs.get(old.id)
        return jobs.get(new.id).state

    assert run(test, jobs=2) is JobState.FINISHED


def test_a_batch_that_fails_says_why_and_hides_what_is_ours():
    async def bad(trials):
        raise InputError("trial 7: no SMILES")

    async def broken(trials):
        raise ZeroDivisionError("secret")

    async def test(jobs):
        job = jobs.add(TRIALS)
        await ended(job)
        with pytest.raises(ConflictError):
            jobs.rows(job.id)
        return job.state, job.detail

    assert run(test, bad) == (JobState.FAILED, "trial 7: no SMILES")
    assert run(test, broken) == (JobState.FAILED, "something went wrong here, not with the file")


def test_ids_cannot_be_guessed():
    async def test(jobs):
        return {jobs.add(TRIALS).id for _ in range(8)}

    ids = run(test)
    assert len(ids) == 8
    assert min(map(len, ids)) >= 24


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x","y")'])
def test_the_download_holds_no_formula(title):
    drug = {"query": title, "name": "x", "inchikey": None, "kind": "unmapped"}
    row = {**ROW, "title": title, "warnings": [title], "diseases": [title], "drugs": [drug]}
    header, cells = csv.reader(io.StringIO(as_csv([row])))
    found = dict(zip(header, cells, strict=True))
    assert tuple(header) == COLUMNS
    assert found["title"] == f"'{title}"
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


def test_figures_are_in_the_download():
    row = {
        **ROW, "interval": {"low": 0.25, "high": 0.75, "level": 0.9}, "domain": {"outside": True},
        "sets": [{"level": 0.8, "outcomes": []}, {"level": 0.9, "outcomes": ["success", "failure"]}],
    }  # fmt: skip
    header, cells = csv.reader(io.StringIO(as_csv([row])))
    found = dict(zip(header, cells, strict=True))
    assert (found["probability"], found["low"], found["high"]) == ("0.500000", "0.250000", "0.750000")
    assert (found["outcomes_90"], found["outside"]) == ("success or failure", "yes")
    assert json.loads(as_json_lines([row])) == row


def test_other_formats_are_refused():
    assert read_format("jsonl") == "jsonl"
    with pytest.raises(InputError, match="choose csv or jsonl"):
        read_format("xlsx")
