"""Draws, episodes and tasks."""

import numpy as np
import pytest

from cladmop.errors import InputError
from cladmop.rivals.meta.tasks import chapter_and_phase, draw_shots, group_tasks


def draw_as_before(labels, k, draw, seed):
    """What few-shot runs of the network drew with before the draw had a function of its own."""
    generator = np.random.default_rng((seed, k, draw))
    rows = [generator.choice(np.flatnonzero(labels == label), k, replace=False) for label in (0, 1)]
    return np.sort(np.concatenate(rows))


@pytest.mark.parametrize(("k", "draw", "seed"), [(1, 0, 0), (8, 0, 0), (8, 4, 0), (8, 4, 7), (30, 2, 1)])
def test_draws_are_those_of_the_few_shot_runs(k, draw, seed):
    labels = (np.random.default_rng(3).random(100) < 0.55).astype(np.int64)
    rows = draw_shots(labels, k, draw, seed)
    np.testing.assert_array_equal(rows, draw_as_before(labels, k, draw, seed))
    assert np.bincount(labels[rows]).tolist() == [k, k]


def test_a_draw_is_what_it_was_when_rows_were_stored():
    assert draw_shots([0, 1] * 10, 2, 1, 0).tolist() == [10, 13, 15, 16]


@pytest.mark.parametrize("k", [0, 4])
def test_a_draw_that_the_rarer_class_cannot_give_is_refused(k):
    with pytest.raises(InputError, match=f"k = {k}: give 1 to 3"):
        draw_shots([0, 1, 1, 0, 0, 1, 1], k, 0, 0)


def test_episodes_hold_both_classes_and_no_trial_twice():
    (task,) = group_tasks(["a"] * 40, [0, 1] * 20, enough=8)
    support, query = task.episode(5, 3, np.random.default_rng(0))
    assert (support % 2).tolist() == [0] * 5 + [1] * 5
    assert (query % 2).tolist() == [0] * 3 + [1] * 3
    assert len({*support, *query}) == 16
    other, _ = task.episode(5, 3, np.random.default_rng(1))
    assert other.tolist() != support.tolist()


def test_small_groups_are_pooled_and_a_small_pool_is_left_out():
    keys = ["a"] * 4 + ["b"] * 4 + ["c"] * 2 + ["d"] * 2
    labels = [0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1]
    tasks = group_tasks(keys, labels, enough=2)
    assert [sorted([*task.failures, *task.successes]) for task in tasks] == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9, 10, 11]]
    assert tasks[1].failures.tolist() == [4, 9, 10]
    assert len(group_tasks(keys[:8], labels[:8], enough=2)) == 1, "b alone has one failure"
    with pytest.raises(InputError, match="5 failures and 7 successes to meta-train on make no task; give 6 of each"):
        group_tasks(keys, labels, enough=6)


def test_a_trial_is_of_the_chapter_of_most_of_its_codes(encode):
    from cladmop import Phase, Trial
    from cladmop.diseases.icd import vocabulary

    trials = [
        Trial(phase=Phase.PHASE_1_2, inclusion=("adults",), icd10=("J45.909", "C34.90", "C50.9")),
        Trial(phase=Phase.PHASE_3, inclusion=("adults",), icd10=("J45.909", "C34.90")),
        Trial(inclusion=("adults",)),
    ]
    ids = vocabulary().ids
    assert chapter_and_phase(encode(trials)) == [(ids["2"], "I"), (ids["2"], "III"), (0, "none")]
