"""What pre-training may see beside the training split."""

import numpy as np

from cladmop.corpus.rules import Group
from cladmop.records import LabelledTrial
from cladmop.top_data import read_top_data
from invented import top_row, write_splits, write_top


def test_no_trial_of_the_splits_is_taken_from_a_corpus(tmp_path, invented_corpus):
    top = write_splits(tmp_path, sizes=(10, 4, 4))
    whole = read_top_data(top, "I", invented_corpus)
    numbers = [one.outcome.nct_id for one in whole.corpus]
    assert len(numbers) == 48
    for split, taken in (("train", numbers[0]), ("valid", numbers[1]), ("test", numbers[2])):
        path = top / f"phase_I_{split}.csv"
        rows = [{**top_row(row), "nctid": taken if row == 0 else f"NCT0000000{row}"} for row in range(4)]
        write_top(path, rows)
    second = top / "phase_II_test.csv"
    write_top(second, [{**top_row(0), "nctid": numbers[3]}])
    third = top / "phase_III_train.csv"
    write_top(third, [{**top_row(1), "nctid": numbers[4]}, {**top_row(3), "nctid": "NCT77777777"}])
    left = read_top_data(top, "I", invented_corpus)
    assert [one.outcome.nct_id for one in left.corpus] == numbers[5:]
    assert {trial.nct_id for trial in left.successes} == {numbers[4], "NCT77777777"}
    assert left.identity() == whole.identity() != read_top_data(top, "I").identity()


def test_labels_of_the_pool_follow_the_groups(tmp_path, invented_corpus):
    data = read_top_data(write_splits(tmp_path, sizes=(10, 4, 4)), "I", invented_corpus)
    encoded = [object() for _ in data.past]
    pool = data.pool(encoded)
    groups = np.array([one.group for one in data.corpus])
    assert (pool.successful == (groups == Group.SUCCESSFUL)).all()
    assert (pool.completed == (groups != Group.STOPPED)).all()
    assert all(isinstance(one, LabelledTrial) for one in data.train)


def test_names_tell_a_corpus(tmp_path, invented_corpus):
    top = write_splits(tmp_path, sizes=(10, 4, 4))
    assert read_top_data(top, "I").named("network") == "network"
    assert read_top_data(top, "I", invented_corpus).named("network", "-corpus") == "network-corpus"
