"""Calibrators recover known maps and survive storage."""

import json

import numpy as np
import pytest

from cladmop.errors import CorruptArtefactError, InputError
from cladmop.evaluation.calibration import Isotonic, Platt, calibrator_from_dict
from cladmop.evaluation.metrics import brier, ece, roc_auc


@pytest.fixture(scope="module")
def sample():
    """Scores whose log-odds are twice too large and shifted: p = sigmoid(0.5 logit(score) - 0.4)."""
    generator = np.random.default_rng(0)
    logits = 2 * generator.normal(size=20_000)
    labels = (generator.random(20_000) < 1 / (1 + np.exp(-(0.5 * logits - 0.4)))).astype(int)
    return labels, 1 / (1 + np.exp(-logits))


def test_platt_recovers_slope_and_intercept(sample):
    platt = Platt.fit(*sample)
    assert platt.slope == pytest.approx(0.5, abs=0.03)
    assert platt.intercept == pytest.approx(-0.4, abs=0.04)
    assert roc_auc(sample[0], platt(sample[1])) == pytest.approx(roc_auc(*sample))


@pytest.mark.parametrize("kind", [Platt, Isotonic])
def test_calibration_improves_and_is_stored_exactly(kind, sample):
    labels, scores = sample
    calibrator = kind.fit(labels[:10_000], scores[:10_000])
    after = calibrator(scores[10_000:])
    assert ((after >= 0) & (after <= 1)).all()
    assert ece(labels[10_000:], scores[10_000:]) > 0.1
    assert ece(labels[10_000:], after) < 0.03
    assert brier(labels[10_000:], after) < brier(labels[10_000:], scores[10_000:])
    assert (np.diff(calibrator(np.linspace(0, 1, 50))) >= 0).all()
    back = calibrator_from_dict(json.loads(json.dumps(calibrator.to_dict())))
    assert back == calibrator


def test_isotonic_equals_sklearn(sample):
    from sklearn.isotonic import IsotonicRegression

    labels, scores = sample[0][:500], sample[1][:500]
    reference = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, labels)
    grid = np.linspace(0, 1, 101)
    np.testing.assert_allclose(Isotonic.fit(labels, scores)(grid), reference.predict(grid), atol=1e-12)


@pytest.mark.filterwarnings("error")
def test_separable_and_extreme_scores_stay_finite():
    platt = Platt.fit([0, 0, 1, 1], [0.0, 0.1, 0.9, 1.0])
    assert np.isfinite([platt.slope, platt.intercept]).all()
    assert 0 < platt([0.0])[0] < platt([1.0])[0] < 1
    assert Isotonic.fit([0, 1, 0, 1], [0.5] * 4)([0.2, 0.9]).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("kind", [Platt, Isotonic])
def test_one_class_is_refused(kind):
    with pytest.raises(InputError, match="all 2 labels are 1"):
        kind.fit([1, 1], [0.5, 0.6])
    with pytest.raises(InputError, match="between 0 and 1"):
        kind.fit([0, 1], [0.5, 1.6])


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"kind": "spline"},
        {"kind": "platt", "slope": 1.0},
        {"kind": "platt", "slope": float("nan"), "intercept": 0.0},
        {"kind": "isotonic", "scores": [0.2, 0.1], "probabilities": [0.1, 0.2]},
        {"kind": "isotonic", "scores": [0.1, 0.2], "probabilities": [0.1]},
        {"kind": "isotonic", "scores": [], "probabilities": []},
    ],
)
def test_damaged_calibrators(plain):
    with pytest.raises(CorruptArtefactError, match="calibrator"):
        calibrator_from_dict(plain)
