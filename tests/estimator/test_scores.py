import numpy as np
import pytest
from scipy.special import expit

from cladmop.errors import InputError
from cladmop.estimator.replicates import Replicates, bootstrap_counts
from cladmop.estimator.scores import Scores


@pytest.fixture
def scores():
    random = np.random.default_rng(0)
    shared = random.normal(scale=0.5, size=(20, 1))
    return Scores(np.array([0.0, 0.2, 2.0]), np.array([0.0, 0.2, 2.0]) + shared)


def test_interval_is_students_t_on_the_log_odds(scores):
    low, high = scores.interval(0.9)
    deviation = scores.replicates[:, 0].std(ddof=1)
    assert expit(1.7291 * deviation) == pytest.approx(high[0], abs=1e-4)
    assert low[0] == pytest.approx(1 - high[0])
    assert (low < scores.probability).all()
    assert (scores.probability < high).all()


def test_wider_level_wider_interval(scores):
    narrow, wide = scores.interval(0.5), scores.interval(0.99)
    assert (wide[0] < narrow[0]).all()
    assert (wide[1] > narrow[1]).all()


def test_what_refits_share_cancels_in_a_change(scores):
    change = scores.change(1, 0)
    assert change.log_odds == pytest.approx(0.2)
    assert change.points == pytest.approx(expit(0.2) - 0.5)
    assert change.sure
    assert change.high - change.low < scores.interval()[1][0] - scores.interval()[0][0]


def test_change_to_itself_is_nothing(scores):
    change = scores.change(2, 2)
    assert (change.points, change.low, change.high, change.sure) == (0, 0, 0, False)


def test_no_interval_without_refits_or_outside_the_levels(scores):
    with pytest.raises(InputError, match="refits"):
        Scores(np.zeros(2), np.zeros((0, 2))).interval()
    with pytest.raises(InputError, match="between 0 and 1"):
        scores.interval(90)


def test_bootstrap_keeps_the_number_of_each_class():
    labels = np.array([1] * 30 + [0] * 12)
    counts = bootstrap_counts(labels, 8, seed=1)
    assert (counts[:, labels == 1].sum(axis=1) == 30).all()
    assert (counts[:, labels == 0].sum(axis=1) == 12).all()
    assert not (counts[0] == counts[1]).all()
    assert (bootstrap_counts(labels, 8, seed=1) == counts).all()


def test_refits_of_dense_and_sparse_designs_agree_and_survive_storage():
    from scipy.sparse import csr_matrix

    random = np.random.default_rng(3)
    design = random.normal(size=(60, 5)).astype(np.float32)
    labels = (design[:, 0] + random.normal(size=60) > 0).astype(np.int64)
    counts = bootstrap_counts(labels, 4, seed=0)
    dense = Replicates.fit(design, labels, counts, np.ones(60), C=1.0)
    sparse = Replicates.fit(csr_matrix(design), labels, counts, np.ones(60), C=1.0)
    assert np.allclose(dense.logits(design), sparse.logits(csr_matrix(design)), atol=0.02)
    assert (dense.coefficients[:, 0] > 0.3).all()
    assert dense.logits(design).shape == (4, 60)
    again = Replicates.from_tensors(dense.tensors())
    assert (again.logits(design) == dense.logits(design)).all()


def test_refits_spread_about_as_the_sampling_error_says():
    random = np.random.default_rng(4)
    design = random.normal(size=(400, 1))
    labels = (random.random(400) < expit(design[:, 0])).astype(np.int64)
    refits = Replicates.fit(design, labels, bootstrap_counts(labels, 60, 0), np.ones(400), C=1e6)
    predicted = expit(design[:, 0])
    expected = (1 / ((predicted * (1 - predicted) * design[:, 0] ** 2).sum())) ** 0.5
    assert refits.coefficients[:, 0].astype(float).std() == pytest.approx(expected, rel=0.3)
