import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.errors import CorruptArtefactError
from cladmop.estimator.blend import Blend, log_odds

LABELS = np.array([0, 1] * 40)
GOOD = np.where(LABELS == 1, 0.7, 0.3) + np.linspace(-0.2, 0.2, 80)
WEAK = 0.5 + 0.3 * (GOOD - 0.5) + 0.1 * np.sin(np.arange(80))


def test_weights_are_shares_and_parts_average_as_log_odds():
    blend = Blend.fit(LABELS, {"a": GOOD, "b": WEAK}, {"a": 3.0, "b": 1.0})
    assert blend.weights == {"a": 0.75, "b": 0.25}
    expected = 1 / (1 + np.exp(-(0.75 * log_odds(GOOD) + 0.25 * log_odds(WEAK))))
    assert np.allclose(blend({"a": GOOD, "b": WEAK}), blend.calibrator(expected))


def test_calibrated_probabilities_have_the_mean_of_the_labels():
    blend = Blend.fit(LABELS, {"a": 0.2 + 0.1 * GOOD}, {"a": 1.0})
    assert blend({"a": 0.2 + 0.1 * GOOD}).mean() == pytest.approx(LABELS.mean(), abs=0.02)
    assert 0 < blend.threshold < 1


def test_json_round_trip():
    blend = Blend.fit(LABELS, {"a": GOOD}, {"a": 1.0})
    assert Blend.from_dict(json.loads(json.dumps(blend.to_dict()))) == blend


@pytest.mark.parametrize("plain", [{}, {"weights": [1], "calibrator": {}, "threshold": 1}])
def test_malformed_blend_is_refused(plain):
    with pytest.raises(CorruptArtefactError, match=r"config\.json"):
        Blend.from_dict(plain)


@given(st.floats(0, 1))
def test_log_odds_are_finite_and_odd(probability):
    value = float(log_odds(probability))
    assert np.isfinite(value)
    assert value == pytest.approx(-float(log_odds(1 - probability)), abs=1e-6)
