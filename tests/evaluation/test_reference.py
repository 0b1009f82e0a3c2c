"""The reference is the rival with the best mean over folds, chosen by nothing else."""

import numpy as np
import pytest

from cladmop.errors import InputError
from cladmop.evaluation.folds import Fold, ordered_folds
from cladmop.evaluation.metrics import roc_auc
from cladmop.evaluation.reference import choose_reference

IDS = [f"NCT{10_000_000 + number}" for number in range(40)]
LABELS = np.arange(40) % 2
FOLDS = ordered_folds(IDS, 4)


def test_the_best_mean_over_folds_wins():
    noise = np.random.default_rng(0).random(40)
    scores = {"weak": 0.2 * LABELS + 0.8 * noise, "strong": 0.8 * LABELS + 0.2 * noise}
    name, values = choose_reference(LABELS, scores, FOLDS)
    assert name == "strong"
    each = [roc_auc(LABELS[fold.validation], scores["weak"][fold.validation]) for fold in FOLDS]
    assert values["weak"] == pytest.approx(np.mean(each))


def test_scales_of_folds_do_not_matter():
    shift = np.repeat([0.0, 5.0, -5.0, 9.0], 10)
    assert choose_reference(LABELS, {"a": LABELS + shift}, FOLDS)[1] == {"a": 1.0}


def test_ties_go_to_the_first():
    scores = {"first": LABELS / 2, "second": LABELS / 3}
    assert choose_reference(LABELS, scores, FOLDS)[0] == "first"


def test_a_fold_of_one_class_is_named():
    folds = [Fold("ordered 1", np.arange(1, 40), np.array([0])), Fold("ordered 2", np.array([0]), np.arange(1, 40))]
    with pytest.raises(InputError, match="'ordered 1' holds one class"):
        choose_reference(LABELS, {"a": LABELS}, folds)


def test_every_trial_is_validated_once():
    overlapping = [FOLDS[0], FOLDS[0], *FOLDS[2:]]
    for folds in (FOLDS[:3], overlapping, ordered_folds([*IDS, "NCT20000000"], 4), []):
        with pytest.raises(InputError, match="40 trials once"):
            choose_reference(LABELS, {"a": LABELS}, folds)


def test_a_rival_that_left_a_trial_out_is_refused():
    with pytest.raises(InputError, match="score of row 3 is nan"):
        choose_reference(LABELS, {"a": np.where(np.arange(40) == 3, np.nan, LABELS)}, FOLDS)
    with pytest.raises(InputError, match="no rival"):
        choose_reference(LABELS, {}, FOLDS)


def test_the_table_keeps_the_order_of_the_rivals():
    scores = {name: np.random.default_rng(seed).random(40) for seed, name in enumerate("cab")}
    assert list(choose_reference(LABELS, scores, FOLDS)[1]) == ["c", "a", "b"]
