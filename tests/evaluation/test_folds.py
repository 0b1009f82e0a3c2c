"""Folds: every trial once, none on both sides, time in order."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cladmop.errors import InputError
from cladmop.evaluation.folds import forward_folds, ordered_folds, random_folds


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    ids = [f"NCT{number:08d}" for number in generator.choice(10**6, 90, replace=False)]
    labels = generator.integers(0, 2, 90)
    return [*ids, *ids[:10]], np.append(labels, labels[:10])


def apart(folds, ids):
    ids = np.array(ids)
    return all(not set(ids[fold.train]) & set(ids[fold.validation]) for fold in folds)


def test_random_folds(rows):
    ids, labels = rows
    folds = random_folds(labels, ids, splits=5, repeats=2)
    assert [fold.name for fold in folds[:2]] == ["random 1.1", "random 1.2"]
    assert len(folds) == 10
    assert apart(folds, ids)
    for repeat in (folds[:5], folds[5:]):
        assert sorted(np.concatenate([fold.validation for fold in repeat])) == list(range(100))
    rates = [labels[fold.validation].mean() for fold in folds]
    assert max(rates) - min(rates) < 0.2
    again = random_folds(labels, ids, splits=5, repeats=2)
    assert all((a.validation == b.validation).all() for a, b in zip(folds, again, strict=True))
    assert set(folds[0].validation) != set(folds[5].validation)


def test_ordered_folds_are_runs_of_numbers(rows):
    ids, _ = rows
    folds = ordered_folds(ids, splits=5)
    assert apart(folds, ids)
    assert sorted(np.concatenate([fold.validation for fold in folds])) == list(range(100))
    runs = [sorted(ids[row] for row in fold.validation) for fold in folds]
    assert all(earlier[-1] < later[0] for earlier, later in itertools.pairwise(runs))
    assert [len(set(run)) for run in runs] == [18] * 5


def test_forward_folds_never_look_ahead(rows):
    ids, _ = rows
    folds = forward_folds(ids, splits=4)
    assert len(folds) == 4
    for fold in folds:
        assert max(ids[row] for row in fold.train) < min(ids[row] for row in fold.validation)
    assert len(folds[-1].train) + len(folds[-1].validation) == 100


@settings(deadline=None)
@given(st.lists(st.integers(0, 99), min_size=6, max_size=40, unique=True), st.integers(2, 6))
def test_runs_differ_by_one_trial_at_most(numbers, splits):
    folds = ordered_folds([f"NCT{number:08d}" for number in numbers], splits)
    sizes = [len(fold.validation) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


def test_too_few_trials():
    with pytest.raises(InputError, match="3 trials cannot be cut into 4"):
        ordered_folds(["NCT00000001", "NCT00000002", "NCT00000003"], 4)
    with pytest.raises(InputError, match="3 trials cannot be cut into 5"):
        forward_folds(["NCT00000001", "NCT00000002", "NCT00000003"], 4)
    with pytest.raises(InputError, match=r"5 folds x 2 of \[1, 2\]"):
        random_folds([1, 1, 0], ["NCT00000001", "NCT00000002", "NCT00000003"])
    with pytest.raises(InputError, match="2 labels but 1 scores"):
        random_folds([1, 0], ["NCT00000001"])
