"""Encoded trials as fixed vectors."""

from dataclasses import replace

import numpy as np
import pytest

from cladmop import Trial
from cladmop.errors import InputError
from cladmop.rivals.meta.features import Standardiser


@pytest.fixture(scope="module")
def encoded(encode, invented):
    return encode(invented(60)[0])


def test_features_are_standardised_means_of_two_levels_and_flags(encoded):
    width, columns = 12, 4 * 2 * 12 + 4
    features = Standardiser.fit(encoded).features(encoded)
    assert features.shape == (60, columns)
    assert features.dtype == np.float32
    features = features * np.sqrt(columns)
    raw = np.stack([one.criteria[:, one.side == 0].astype(np.float32).mean(axis=1) for one in encoded])
    for place, level in enumerate((2, 3)):
        expected = (raw[:, level] - raw[:, level].mean(axis=0)) / np.maximum(raw[:, level].std(axis=0), 1e-6)
        np.testing.assert_allclose(
            features[:, place * width : (place + 1) * width], np.clip(expected, -4, 4), atol=2e-3
        )


def test_an_absent_part_is_at_the_mean_and_flagged(encoded):
    """Drug names: an invented trial has one or none."""
    features = Standardiser.fit(encoded).features(encoded)
    absent = np.array([not (one.name_kinds == 0).any() for one in encoded])
    assert 0 < absent.sum() < 60
    assert (features[absent, 48:72] == 0).all()
    assert (features[~absent, 48:72] != 0).any(axis=1).all()
    flags = features[:, -2]
    assert len(np.unique(flags[absent])) == len(np.unique(flags[~absent])) == 1
    assert flags[absent][0] < 0 < flags[~absent][0]


def test_a_part_that_no_trial_had_may_come_later(encode, encoded):
    bare = [replace(one, names=one.names[:, :0], name_kinds=one.name_kinds[:0]) for one in encoded]
    standardiser = Standardiser.fit(bare)
    assert np.isfinite(standardiser.features(encoded)).all()
    assert np.isfinite(standardiser.features(encode([Trial()]))).all()
    assert np.abs(standardiser.features(encoded)).max() <= 4 / np.sqrt(100) + 1e-6


def test_another_width_is_refused_and_no_trial_is_no_row(encoded):
    standardiser = Standardiser.fit(encoded)
    assert standardiser.features([]).shape == (0, 100)
    narrow = replace(encoded[0], criteria=encoded[0].criteria[..., :6], names=encoded[0].names[..., :6])
    with pytest.raises(InputError, match="52 features a trial, but 100"):
        standardiser.features([narrow])
