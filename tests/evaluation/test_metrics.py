"""Metrics against scikit-learn, worked examples and degenerate input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cladmop.errors import InputError
from cladmop.evaluation import metrics

LABELS = [1, 0, 1, 1, 0, 0, 1, 0]
SCORES = [0.9, 0.8, 0.7, 0.4, 0.4, 0.3, 0.2, 0.1]


def test_ranking_metrics_by_hand():
    # Of 16 pairs, 10 are in order and one is tied.
    assert metrics.roc_auc(LABELS, SCORES) == pytest.approx(10.5 / 16)
    # Recall rises at 0.9, 0.7, 0.4 (a tie: 3 of 5) and 0.2.
    expected = 0.25 * (1 / 1 + 2 / 3 + 3 / 5 + 4 / 7)
    assert metrics.average_precision(LABELS, SCORES) == pytest.approx(expected)


def test_average_precision_is_not_of_thresholded_scores():
    thresholded = (np.array(SCORES) >= 0.5).astype(float)
    assert metrics.average_precision(LABELS, SCORES) != pytest.approx(metrics.average_precision(LABELS, thresholded))


def test_constant_scores_reach_the_base_rate():
    constant = [0.5] * len(LABELS)
    assert metrics.roc_auc(LABELS, constant) == 0.5
    assert metrics.average_precision(LABELS, constant) == metrics.base_rate(LABELS) == 0.5
    assert metrics.ece(LABELS, [0.7] * len(LABELS)) == pytest.approx(0.2)


@pytest.mark.parametrize(("label", "precision"), [(0, math.nan), (1, 1.0)])
def test_one_class(label, precision):
    labels = [label] * 4
    scores = [0.1, 0.2, 0.3, 0.4]
    assert math.isnan(metrics.roc_auc(labels, scores))
    assert metrics.average_precision(labels, scores) == pytest.approx(precision, nan_ok=True)
    assert metrics.f1(labels, scores, 0.5) == 0.0
    assert metrics.all_positive_f1(labels) == label


@pytest.mark.filterwarnings("error")
def test_degenerate_input_gives_no_warning():
    metrics.f1([0, 0], [0.1, 0.2], 0.5)
    metrics.average_precision([0, 0], [0.1, 0.2])
    assert metrics.log_loss([1, 1], [1.0, 1.0]) == pytest.approx(0)
    assert math.isfinite(metrics.log_loss([1, 0], [0.0, 1.0]))


def test_probability_metrics_by_hand():
    assert metrics.brier([1, 0], [0.8, 0.4]) == pytest.approx((0.04 + 0.16) / 2)
    assert metrics.log_loss([1, 0], [0.8, 0.4]) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)


def test_calibration_error_by_hand():
    # Two bins of two trials: |.2 - 0|, |.7 - 1|.
    assert metrics.ece([0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], bins=2) == pytest.approx(0.25)


def test_calibration_bins_hold_equal_numbers_and_keep_ties_together():
    scores = np.random.default_rng(0).random(100)
    assert np.bincount(metrics.equal_mass_bins(scores)).tolist() == [10] * 10
    tied = np.array([0.1] * 15 + [0.9] * 5)
    assert len(set(metrics.equal_mass_bins(tied)[:15])) == 1


def test_calibration_error_does_not_depend_on_order():
    generator = np.random.default_rng(1)
    scores, labels = generator.integers(0, 5, 200) / 5, generator.integers(0, 2, 200)
    order = generator.permutation(200)
    assert metrics.ece(labels[order], scores[order]) == pytest.approx(metrics.ece(labels, scores))


def test_published_all_positive_f1():
    labels = [1] * 553 + [0] * 447
    assert metrics.all_positive_f1(labels) == pytest.approx(0.712, abs=1e-3)
    assert metrics.all_positive_f1(labels) == pytest.approx(metrics.f1(labels, [0.5] * 1000, 0.0))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=1, max_size=30)
)
def test_best_threshold_beats_every_other(rows):
    labels, scores = [row[0] for row in rows], [row[1] for row in rows]
    best = metrics.f1(labels, scores, metrics.best_threshold(labels, scores))
    assert all(best >= metrics.f1(labels, scores, threshold) - 1e-12 for threshold in [*scores, 0.0, 1.0])
    assert best >= metrics.all_positive_f1(labels) - 1e-12


def test_best_threshold_lies_between_scores():
    assert metrics.best_threshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.8]) == pytest.approx(0.4)
    neighbours = [0.5, np.nextafter(0.5, 1)]
    assert metrics.best_threshold([0, 1], neighbours) == neighbours[1]
    assert metrics.best_threshold([1, 1], [0.3, 0.4]) == 0.0


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([], [], "no rows"),
        ([1, 0], [0.5], "2 labels but 1 scores"),
        ([1, 2], [0.5, 0.5], "label of row 1 is 2"),
        ([1, 0], [0.5, math.nan], "score of row 1 is nan"),
        ([1, 0], [math.inf, 0.5], "score of row 0 is inf"),
        ([1, 0], [[0.5, 0.5]], r"shape \(1, 2\)"),
        ([1, 0], ["a", "b"], "not numbers"),
    ],
)
def test_bad_input_is_named(labels, scores, message):
    for metric in (metrics.roc_auc, metrics.average_precision, metrics.brier, metrics.ece, metrics.best_threshold):
        with pytest.raises(InputError, match=message):
            metric(labels, scores)


def test_scores_outside_the_unit_interval_rank_but_are_no_probabilities():
    assert metrics.roc_auc([0, 1], [-3.0, 2.0]) == 1.0
    with pytest.raises(InputError, match="score of row 0 is -3; it must be between 0 and 1"):
        metrics.brier([0, 1], [-3.0, 2.0])
