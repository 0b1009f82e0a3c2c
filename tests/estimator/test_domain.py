import numpy as np
import pytest

from cladmop import Disease, Drug, Phase, Trial
from cladmop.estimator.domain import TrainingCloud


@pytest.fixture(scope="module")
def cloud(fitted):
    return fitted.cloud_


def test_held_out_trials_like_those_of_training_are_inside(fitted, cloud, invented):
    trials, _ = invented(200, seed=9)
    outside = [place.outside for place in cloud.place(fitted.trial_encoder().encode(trials))]
    assert np.mean(outside) < 0.2


def test_a_trial_of_other_words_lies_outside_and_is_said_to(fitted, cloud):
    strange = Trial(
        phase=Phase.PHASE_1,
        inclusion=("quantum chromodynamics lattice",),
        exclusion=("medieval manuscripts",),
        drugs=(Drug(name="zirconium"),),
        diseases=(Disease(name="melancholy"),),
    )
    (place,) = cloud.place(fitted.trial_encoder().encode([strange]))
    assert place.outside
    assert place.percentile == 100
    (prediction,) = fitted.predict_trials([strange])
    assert prediction.domain == place
    assert any("unlike the trials" in warning for warning in prediction.warnings)


def test_percentiles_rise_with_distance(cloud):
    assert (np.diff(cloud.percentiles) >= 0).all()
    assert np.isfinite(cloud.axes.astype(np.float32)).all()


def test_storage_gives_the_same_places(fitted, cloud, invented):
    encoded = fitted.trial_encoder().encode(invented(20, seed=10)[0])
    assert TrainingCloud.from_tensors(cloud.tensors()).place(encoded) == cloud.place(encoded)
