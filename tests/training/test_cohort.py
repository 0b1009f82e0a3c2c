import numpy as np
import pytest

from cladmop.errors import InputError
from cladmop.training.cohort import PretrainTrials


def pool(trials, successful, completed):
    encoded = trials(len(successful))[0]
    return PretrainTrials(encoded, np.array(successful, np.bool_), np.array(completed, np.int8))


def test_plain_trials_are_successes_of_unknown_status(trials):
    encoded = trials(3)[0]
    plain = PretrainTrials.of(encoded)
    assert plain.successful.all()
    assert plain.completed.tolist() == [-1, -1, -1]
    assert PretrainTrials.of(plain) is plain


@pytest.mark.parametrize(
    ("successful", "completed", "message"),
    [
        (np.ones(2, bool), np.zeros(3, np.int8), r"successful has shape \(2,\); give one label for each of the 3"),
        (np.ones(3, bool), np.zeros((3, 1), np.int8), r"completed has shape \(3, 1\)"),
        (
            np.ones(3, bool),
            np.array([0, 1, 2], np.int8),
            r"completed\[2\] is 2; use 1 for completed, 0 for stopped, -1",
        ),
        (np.ones(3, np.int8), np.zeros(3, np.int8), "successful is of type int8; give a numpy array of bool"),
        (np.ones(3, bool), np.ones(3, bool), "completed is of type bool; give a numpy array of int8"),
        ([True] * 3, np.zeros(3, np.int8), "successful is of type list"),
    ],
)
def test_labels_that_do_not_fit_are_refused(trials, successful, completed, message):
    with pytest.raises(InputError, match=message):
        PretrainTrials(trials(3)[0], successful, completed)


def test_each_objective_is_served_by_its_trials_and_labels_alone(trials):
    mixed = pool(trials, [True, True, False, False, False], [-1, 1, 1, 0, -1])
    served = {objective: mixed.serving(objective) for objective in ("matching", "completion", "both")}
    rows = {"matching": [0, 1], "completion": [1, 2, 3], "both": [0, 1, 2, 3]}
    for objective, kept in served.items():
        assert [id(trial) for trial in kept.encoded] == [id(mixed.encoded[row]) for row in rows[objective]]
    assert served["matching"].completed.tolist() == [-1, -1]
    assert served["completion"].successful.tolist() == [False, False, False]
    assert served["both"].counts() == {"trials": 4, "successful": 2, "completed": 2, "stopped": 1}


def test_too_little_for_an_objective_is_said_by_number_and_place(trials):
    mixed = pool(trials, [True, False, False], [1, 1, 1])
    with pytest.raises(InputError, match="pair matching needs at least 2 successful trials in the pool; got 1"):
        mixed.require("matching", "the pool")
    with pytest.raises(InputError, match="in train; got 3 completed and 0 stopped; add such trials"):
        mixed.require("completion", "train")
    both = pool(trials, [True, True, False], [1, -1, 0])
    for objective in ("matching", "completion", "both"):
        both.require(objective, "train")


def test_joined_keeps_trials_and_labels_in_order(trials):
    mixed = pool(trials, [True, False], [-1, 0])
    both = PretrainTrials.successes(trials(1, seed=5)[0]).joined(mixed)
    assert both.successful.tolist() == [True, True, False]
    assert both.completed.tolist() == [-1, -1, 0]
    assert both.encoded[1:] == list(mixed.encoded)


def test_kinds_tell_all_labels_apart(trials):
    successful = [flag for flag in (False, True) for _ in range(3)]
    assert len(set(pool(trials, successful, [-1, 0, 1, -1, 0, 1]).kinds.tolist())) == 6
