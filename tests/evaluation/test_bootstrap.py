"""Resampled metrics equal scikit-learn's on each resample, and intervals behave as intervals."""

import dataclasses
import json
import math
import time

import numpy as np
import pytest
from sklearn import metrics as sk

from cladmop.errors import CorruptArtefactError, InputError
from cladmop.evaluation import bootstrap
from cladmop.evaluation.bootstrap import evaluate, resamples, ten_bootstraps_80
from cladmop.evaluation.estimate import METRICS, Estimate, Evaluation, short


@pytest.fixture
def sample():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 2, 80)
    scores = np.round(np.clip(0.5 + 0.15 * (labels - 0.5) + 0.2 * generator.normal(size=80), 0, 1), 1)
    return labels, scores


def test_resampled_metrics_equal_sklearn_with_weights(sample):
    labels, scores = sample
    (counts,) = resamples(labels, 20, seed=1)
    statistics = bootstrap._statistics(labels, scores, 0.5)
    for row, counted in enumerate(counts):
        expected = {
            "roc_auc": sk.roc_auc_score(labels, scores, sample_weight=counted),
            "average_precision": sk.average_precision_score(labels, scores, sample_weight=counted),
            "f1": sk.f1_score(labels, scores >= 0.5, sample_weight=counted),
            "brier": sk.brier_score_loss(labels, scores, sample_weight=counted),
            "log_loss": sk.log_loss(labels, scores, sample_weight=counted),
            "base_rate": np.average(labels, weights=counted),
        }
        for name, value in expected.items():
            assert statistics[name](counts)[row] == pytest.approx(value, abs=1e-12), name


def test_every_trial_once_gives_the_point_values(sample):
    labels, scores = sample
    whole = evaluate(labels, scores, 0.5, n_bootstrap=2)
    for name, statistic in bootstrap._statistics(labels, scores, 0.5).items():
        assert statistic(np.ones((1, len(labels))))[0] == pytest.approx(getattr(whole, name).value, abs=1e-12), name


def test_intervals_hold_the_value_and_repeat_by_seed(sample):
    first, again, other = (evaluate(*sample, 0.5, n_bootstrap=300, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    for name in ("base_rate", "roc_auc", "average_precision", "f1", "brier"):
        estimate = getattr(first, name)
        assert estimate.low < estimate.value < estimate.high


def test_interval_width_of_the_auc_is_that_of_theory():
    """Half-width .043 on 627 trials, as for the published phase I test split."""
    generator = np.random.default_rng(0)
    labels = (generator.random(627) < 0.553).astype(int)
    scores = 1 / (1 + np.exp(-(0.55 * labels + generator.normal(size=627))))
    start = time.perf_counter()
    estimate = evaluate(labels, scores, 0.5).roc_auc
    assert time.perf_counter() - start < 5
    assert (estimate.high - estimate.low) / 2 == pytest.approx(0.043, abs=0.004)


def test_resamples_have_both_classes_and_the_asked_size():
    labels = np.array([1] + [0] * 9)
    counts = np.concatenate(list(resamples(labels, 500, seed=0, size=8)))
    assert counts.shape == (500, 10)
    assert (counts.sum(axis=1) == 8).all()
    assert (counts @ labels > 0).all()
    assert (counts @ labels < 8).all()


def test_blocks_do_not_change_the_number_of_resamples(monkeypatch):
    labels = np.array([0, 1, 1, 0])
    monkeypatch.setattr(bootstrap, "_BLOCK", 10)
    assert sum(len(counts) for counts in resamples(labels, 25, seed=0)) == 25


@pytest.mark.filterwarnings("error")
def test_one_class_has_no_auc_but_the_rest():
    result = evaluate([1, 1, 1], [0.2, 0.6, 0.9], 0.5, n_bootstrap=10)
    assert math.isnan(result.roc_auc.value)
    assert math.isnan(result.roc_auc.low)
    assert result.base_rate == Estimate(1.0, 1.0, 1.0)
    assert result.average_precision.value == 1.0
    assert result.brier.low <= result.brier.value


def test_evaluation_survives_json():
    result = evaluate([0, 0, 0], [0.2, 0.6, 0.9], 0.5, n_bootstrap=10)
    stored = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    back = Evaluation.from_dict(stored)
    assert stored["roc_auc"]["value"] is None
    assert repr(back) == repr(result)
    assert set(METRICS) < {field.name for field in dataclasses.fields(Evaluation)}
    del stored["f1"]
    with pytest.raises(CorruptArtefactError, match="f1"):
        Evaluation.from_dict(stored)


def test_no_resamples_are_refused():
    with pytest.raises(InputError, match="0 resamples"):
        evaluate([0, 1], [0.1, 0.9], 0.5, n_bootstrap=0)


def test_paper_convention(sample):
    spreads = ten_bootstraps_80(*sample, 0.5)
    assert set(spreads) == {"f1", "average_precision", "roc_auc"}
    assert spreads == ten_bootstraps_80(*sample, 0.5)
    assert spreads["roc_auc"].mean == pytest.approx(sk.roc_auc_score(*sample), abs=0.1)
    assert 0 < spreads["roc_auc"].sd < 0.2


def test_figures_as_the_field_prints_them():
    assert Estimate(0.6612, 0.618, 1.0).text() == ".661 [.618, 1.000]"
    assert Estimate(math.nan, math.nan, math.nan).text() == "–"  # noqa: RUF001
    assert [short(-0.0121), short(-0.0001), short(12.5, 1)] == ["-.012", ".000", "12.5"]
