"""What pre-training is worth, measured on invented trials."""

from pathlib import Path

import pytest

from cladmop.errors import InputError
from cladmop.pipeline import EncodingSettings, NetworkSettings
from cladmop.top_data import TopData, read_top_data
from cladmop.transfer.runs import Transfer
from cladmop.transfer.tables import tables_of_folds, tables_of_test
from cladmop.transfer.variants import NO_PRETRAINING, Variant, variants
from invented import write_splits

SMALL = {"width": 8, "heads": 2, "centroids": [4], "group_layers": 1, "criteria_width": 8, "head_width": 8}


@pytest.fixture(scope="module")
def data(tmp_path_factory, invented_corpus):
    return read_top_data(write_splits(tmp_path_factory.mktemp("top")), "I", invented_corpus)


@pytest.fixture(scope="module")
def transfer(data, tmp_path_factory, language_model, tiny_home):
    settings = NetworkSettings(encoding=EncodingSettings(str(language_model)), pretrain={"epochs": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        patch.setattr("cladmop.transfer.variants.NETWORK_CHANGES", {"model": SMALL, "finetune": {"epochs": 1}})
        patch.setattr("cladmop.transfer.runs.FEW", 4)
        yield Transfer(data, settings, 2, 2, tmp_path_factory.mktemp("runs") / "transfer", lambda _: None)


def test_rows_hold_every_labelled_trial_once_and_no_test_trial(transfer, data):
    wanted = {one.outcome.nct_id for one in (*data.train, *data.valid)}
    for name in (NO_PRETRAINING, "corpus", "corpus and completion"):
        for row in transfer.measure(name):
            assert all(set(scores) == wanted for scores in row.scores("valid")), row.name
    scores, differences, retrieval = tables_of_folds(transfer._folder, data, n_bootstrap=20)
    names = {row[0] for row in scores.rows}
    assert {NO_PRETRAINING, f"{NO_PRETRAINING}, 32-shot"} <= {name.replace("4-shot", "32-shot") for name in names}
    assert {"corpus, zero-shot match", "corpus and completion, zero-shot completion"} <= names
    assert all(row[0] != NO_PRETRAINING for row in differences.rows)
    assert [row[0] for row in retrieval.rows] == ["corpus", "corpus and completion"]


def test_test_rows_hold_every_test_trial_and_need_no_label(transfer, data, tmp_path):
    rows = [transfer.score_test(name, 2) for name in (NO_PRETRAINING, "completion")]
    wanted = {str(trial.nct_id) for trial in data.test}
    assert all(set(row.scores("test")[0]) == wanted for row in rows)
    top = write_splits(tmp_path)
    scores, differences = tables_of_test(transfer._folder, top, "I", n_bootstrap=20)
    assert [row[0] for row in scores.rows] == [NO_PRETRAINING, "completion"]
    assert [row[0] for row in differences.rows] == ["completion"]


def test_shares_are_nested_and_the_rest_of_the_pool_stays(transfer, data):
    def ids(variant: Variant) -> set[int]:
        return {id(one) for one in transfer._pool(variant).encoded}

    base = variants(transfer._base)
    eighth, half, whole = (ids(base[name]) for name in ("corpus, 1/8", "corpus, 1/2", "corpus"))
    assert eighth < half < whole
    assert len(whole) == len(data.past)
    assert len(ids(base["TOP's successes"])) == len(data.successes)
    recent = transfer._pool(Variant(transfer._base, since=2009))
    late = [one for one in data.corpus if one.outcome.completion_date.year >= 2009]
    assert 0 < len(recent) - len(data.successes) == len(late) < len(data.corpus)
    every = transfer._pool(base["corpus, every completed trial"])
    assert every.counts()["successful"] == every.counts()["completed"] + len(data.successes)


def test_what_cannot_be_measured_is_refused(transfer, data):
    with pytest.raises(InputError, match="variants are"):
        transfer.measure("nothing of the kind")
    without = TopData(data.phase, data.train, data.valid, data.test, data.successes)
    with pytest.raises(InputError, match="--corpus"):
        Transfer(without, NetworkSettings(), 2, 2, Path("unused"), lambda _: None)
