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
    fold = Fold("ordered 1", np.arange(1, 40), np.array([0]))
    with pytest.raises(InputError, match="'ordered 1' holds one class"):
        choose_reference(LABELS, {"a": LABELS}, [fold])
    with pytest.raises(InputError, match="no rival"):
        choose_reference(LABELS, {}, FOLDS)
