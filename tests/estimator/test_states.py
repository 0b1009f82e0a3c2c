import numpy as np
import pytest

from cladmop.estimator.states import StatesModel, part_means
from cladmop.records import Phase
from cladmop.rivals.phases import GROUPS, phase_columns


@pytest.fixture
def encoded(classifier, invented):
    trials, labels = invented(60)
    return classifier().trial_encoder().encode(trials), labels


def test_part_means_are_means_and_absent_parts_zero(encoded):
    trials, _ = encoded
    means = part_means(trials).reshape(len(trials), 4, 4, -1)
    for row, trial in enumerate(trials):
        assert np.allclose(means[row, 0], trial.criteria[:, trial.side == 0].astype(np.float32).mean(axis=1), atol=1e-3)
        assert (means[row, 2] == 0).all() == (not (trial.name_kinds == 0).any())
        if (trial.name_kinds == 1).any():
            assert np.allclose(means[row, 3], trial.names[:, trial.name_kinds == 1].astype(np.float32).mean(axis=1))


def test_tensors_give_identical_scores(encoded):
    trials, labels = encoded
    model = StatesModel.fit(trials, labels, np.ones(60))
    again = StatesModel.from_tensors(model.tensors())
    assert (again.predict_proba(trials) == model.predict_proba(trials)).all()


def test_trial_of_an_unseen_phase_is_scored_without_a_phase_weight(encoded):
    trials, labels = encoded
    model = StatesModel.fit(trials, labels, np.ones(60))
    assert model.phases[GROUPS.index("III")] == 0
    assert model.phases[GROUPS.index("II")] != 0


def test_phase_columns_tell_groups_apart():
    columns = phase_columns([Phase.PHASE_1, Phase.PHASE_1_2, Phase.PHASE_2_3, Phase.PHASE_3, Phase.NOT_APPLICABLE])
    assert columns.tolist() == [[0] * 4, [0] * 4, [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
