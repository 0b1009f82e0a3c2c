"""Tasks keep scored trials apart, and their digest knows nothing of scored labels."""

import datetime as dt

import pytest

from cladmop.benchmark.tasks import corpus_task, top_task
from cladmop.corpus.tables import read_corpus
from cladmop.errors import InputError
from invented import top_row, write_splits, write_top


def ids(trials):
    return {trial.nct_id for trial in trials}


@pytest.fixture
def top(tmp_path):
    """Phase I whole, phases II and III by their validation splits, one trial in two phases."""
    write_splits(tmp_path)
    write_top(tmp_path / "phase_II_valid.csv", [top_row(number) for number in (3, 95, *range(200, 220))])
    write_top(tmp_path / "phase_III_valid.csv", [top_row(number) for number in range(215, 240)])
    return tmp_path


def test_a_whole_phase(top):
    task = top_task(top, "I")
    assert (len(task.train[0]), len(task.valid[0]), len(task.test)) == (60, 20, 20)
    assert list(task.read_labels()) == [trial.nct_id for trial in task.test]
    assert task.name == "TOP phase I test"
    others = ids(task.others[0])
    assert len(others) == len(task.others[0]) == 40, "each once, none of phase I's own trials"
    assert not others & (ids(task.train[0]) | ids(task.valid[0]) | ids(task.test))
    assert len(task.successes) == sum(task.others[1])


def test_transfer_where_the_training_split_is_absent(top):
    task = top_task(top, "III")
    assert task.name == "TOP phase III valid, transfer from I"
    assert "Transfer" in task.note
    own = ids(task.test)
    assert len(own) == 25
    for trials in (task.train[0], task.valid[0], task.others[0]):
        assert not ids(trials) & own
    assert not ids(task.train[0]) & ids(task.valid[0])
    assert f"NCT{90_000_095}" not in ids(task.others[0]), "a trial of phase I's test split teaches nothing"
    assert dict(task.read_labels()) == {trial.nct_id: int(trial.nct_id[3:]) % 2 for trial in task.test}


def test_transfer_prefers_the_test_split(top):
    write_top(top / "phase_III_test.csv", [top_row(number) for number in range(300, 320)])
    task = top_task(top, "III")
    assert task.name == "TOP phase III test, transfer from I"
    assert len(task.test) == 20


def test_nothing_to_learn_from(tmp_path):
    write_top(tmp_path / "phase_III_valid.csv", [top_row(number) for number in range(10)])
    with pytest.raises(InputError, match="top download"):
        top_task(tmp_path, "III")


def test_the_digest_depends_on_what_models_see_alone(top):
    before = top_task(top, "I").digest
    write_top(top / "phase_I_test.csv", [top_row(80 + n) | {"label": "1", "status": "planted"} for n in range(20)])
    assert top_task(top, "I").digest == before
    write_top(top / "phase_I_train.csv", [top_row(n) | {"label": str(int(n < 30))} for n in range(60)])
    assert top_task(top, "I").digest != before


def test_a_corpus_is_cut_in_time(invented_corpus):
    since = dt.date(2008, 1, 1)
    task = corpus_task(invented_corpus, since)
    known = {one.outcome.nct_id: one for one in read_corpus(invented_corpus)}
    for trials, labels in (task.train, task.valid):
        assert all(known[trial.nct_id].outcome.completion_date < since for trial in trials)
        assert set(labels) == {0, 1}
        assert labels == [int(known[trial.nct_id].completed) for trial in trials]
    assert all(trial.start_date >= since for trial in task.test)
    assert dict(task.read_labels()) == {trial.nct_id: int(known[trial.nct_id].completed) for trial in task.test}
    for outcome in (0, 1):
        fitted, stopping = (
            [
                known[trial.nct_id].outcome.completion_date
                for trial, label in zip(*side, strict=True)
                if label == outcome
            ]
            for side in (task.train, task.valid)
        )
        assert min(stopping) >= max(fitted)


def test_a_cut_without_a_side_is_refused(invented_corpus):
    with pytest.raises(InputError, match="another date"):
        corpus_task(invented_corpus, dt.date(1990, 1, 1))
