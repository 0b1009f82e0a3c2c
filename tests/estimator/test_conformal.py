import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from cladmop.errors import InputError
from cladmop.estimator.conformal import Conformal
from cladmop.estimator.coverage import measure_coverage, out_of_fold_sets
from cladmop.evaluation.folds import Fold


def draw(count, seed, phase="I"):
    random = np.random.default_rng(seed)
    log_odds = random.normal(size=count)
    labels = (random.random(count) < expit(log_odds)).astype(np.int64)
    return log_odds, labels, [phase] * count


def test_p_value_is_the_share_of_calibration_trials_that_fit_as_badly():
    log_odds = np.linspace(-2, 2, 100)
    conformal = Conformal.of(np.tile(log_odds, 2), np.repeat([0, 1], 100), ["I"] * 200)
    failure, success = conformal.p_values(np.array([log_odds[10] + 1e-6]), ["I"])[0]
    assert success == pytest.approx((11 + 1) / 101)
    assert failure == pytest.approx((89 + 1) / 101)


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_sets_cover_each_class_at_their_level(level):
    conformal = Conformal.of(*draw(2000, 0))
    log_odds, labels, groups = draw(4000, 1)
    sets = [one[0].outcomes for one in conformal.sets(log_odds, groups, (level,))]
    held = np.array([("failure", "success")[label] in one for one, label in zip(sets, labels, strict=True)])
    for label in (0, 1):
        assert held[labels == label].mean() == pytest.approx(level, abs=0.03)


def test_a_higher_level_never_rules_out_more():
    conformal = Conformal.of(*draw(500, 2))
    for eighty, ninety in conformal.sets(*draw(200, 3)[::2]):
        assert set(eighty.outcomes) <= set(ninety.outcomes)


def test_phases_are_judged_apart_and_a_rare_one_by_all():
    first, second = draw(400, 4, "I"), draw(400, 5, "II")
    shifted = second[0] + 3
    conformal = Conformal.of(
        np.concatenate([first[0], shifted]), np.concatenate([first[1], second[1]]), first[2] + second[2]
    )
    p_values = conformal.p_values(np.zeros(3), ["I", "II", "IV"])
    alone = Conformal.of(*first).p_values(np.zeros(1), ["I"])[0]
    assert p_values[0] == pytest.approx(alone)
    assert p_values[1, 1] < p_values[2, 1] < p_values[0, 1]


def test_storage_gives_the_same_sets():
    conformal = Conformal.of(*draw(300, 6))
    again = Conformal.from_tensors(conformal.tensors())
    log_odds, _, groups = draw(50, 7)
    assert again.sets(log_odds, groups) == conformal.sets(log_odds, groups)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=1, max_size=5))
def test_p_values_are_probabilities(log_odds):
    conformal = Conformal.of(*draw(60, 8))
    p_values = conformal.p_values(np.array(log_odds), ["none"] * len(log_odds))
    assert ((p_values > 0) & (p_values <= 1)).all()


def test_level_is_checked():
    with pytest.raises(InputError, match="between 0 and 1"):
        Conformal.of(*draw(60, 9)).sets(np.zeros(1), ["I"], (90,))


def test_coverage_counts_what_is_held_and_decided():
    log_odds, labels, groups = draw(900, 10)
    rows = np.arange(900)
    folds = [Fold(str(k), rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    sets = out_of_fold_sets(log_odds, labels, groups, folds)
    eighty, ninety = measure_coverage(sets, labels)
    assert (eighty.level, ninety.level, ninety.trials) == (0.8, 0.9, 900)
    assert ninety.low < ninety.covered < ninety.high
    assert ninety.covered == pytest.approx(0.9, abs=0.04)
    assert ninety.decided < eighty.decided
    names = ("failure", "success")
    decided = [(one[0].outcomes[0] == names[label]) for one, label in zip(sets, labels, strict=True) if one[0].decided]
    assert eighty.right == pytest.approx(np.mean(decided))
