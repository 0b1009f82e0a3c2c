"""Every model of tables learns, repeats itself, bears gaps, and refuses what it must."""

import sys

import numpy as np
import pytest

from cladmop.errors import CladmopError, InputError, MissingDependencyError
from cladmop.evaluation.metrics import log_loss, roc_auc
from cladmop.rivals import classical
from cladmop.rivals.classical import CLASSICAL, FeedForward, GradientBoosting, KnnForest, RandomForest


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Fewer trees and epochs than the defaults: a test needs no more."""
    from sklearn import ensemble

    whole = ensemble.RandomForestClassifier
    monkeypatch.setattr(ensemble, "RandomForestClassifier", lambda trees, **settings: whole(trees // 10, **settings))
    monkeypatch.setattr(FeedForward, "epochs", 12)


@pytest.fixture(scope="module")
def data(invented):
    return invented(120), invented(40, seed=1), invented(40, seed=2)


@pytest.fixture(params=CLASSICAL, ids=lambda rival: rival.kind)
def make(request, encode, data):
    if request.param is GradientBoosting:
        pytest.importorskip("lightgbm")
    further = {"valid": data[1]} if request.param is FeedForward else {}
    return lambda seed=0: request.param(encode, seed=seed, **further)


def test_learns_and_repeats_itself(make, data):
    (trials, labels), _, (new, truth) = data
    scores = make().fit(trials, labels).predict_proba(new)
    assert scores.shape == (40,)
    assert scores.dtype == np.float64
    assert ((scores >= 0) & (scores <= 1)).all()
    assert roc_auc(truth, scores) > 0.75
    again = make().fit(trials, labels)
    np.testing.assert_array_equal(again.predict_proba(new), scores)
    assert again.predict_proba([]).shape == (0,)


@pytest.mark.parametrize("kind", ["random-forest", "knn-forest", "gradient-boosting", "feed-forward"])
def test_the_seed_decides(kind, encode, data):
    if kind == "gradient-boosting":
        pytest.importorskip("lightgbm")
    (rival,) = (one for one in CLASSICAL if one.kind == kind)
    further = {"valid": data[1]} if rival is FeedForward else {}
    first, second = (rival(encode, seed=seed, **further).fit(*data[0]).predict_proba(data[2][0]) for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.filterwarnings("error")
def test_no_training_trial_needs_a_molecule_or_criteria(make, data):
    trials, labels = data[0]
    bare = [trial.model_copy(update={"drugs": (), "exclusion": ()}) for trial in trials]
    scores = make().fit(bare, labels).predict_proba(trials)
    assert np.isfinite(scores).all()


def test_what_it_refuses(make, data):
    trials, labels = data[0]
    rival = make()
    with pytest.raises(CladmopError, match=f"{rival.kind!r} is not fitted"):
        rival.predict_proba(trials)
    with pytest.raises(InputError, match="one class"):
        rival.fit(trials[:2], [1, 1])
    with pytest.raises(InputError, match="labels of shape"):
        rival.fit(trials, labels[:3])


def test_molecules_are_borrowed_from_the_nearest_trials(encode):
    """Two clusters of trials by their other columns; those without a molecule get the mean of their own cluster's."""
    rival = KnnForest(encode)
    rival.features.molecules = slice(0, 2)
    random = np.random.default_rng(0)
    cluster = np.repeat([0, 1], 6)
    other = cluster[:, None] * 10 + random.normal(size=(12, 3))
    table = np.column_stack([random.normal(size=(12, 2)), other]).astype(np.float32)
    table[[0, 6], :2] = np.nan
    filled = rival._filler(table)(table)
    for row, lenders in ((0, slice(1, 6)), (6, slice(7, 12))):
        np.testing.assert_allclose(filled[row, :2], table[lenders, :2].mean(axis=0), rtol=1e-5)
    kept = [row for row in range(12) if row not in {0, 6}]
    np.testing.assert_array_equal(filled[kept], table[kept])
    np.testing.assert_array_equal(filled[:, 2:], table[:, 2:])


def test_borrowed_molecules_change_scores(encode, data):
    (trials, labels), _, (new, _) = data
    forests = [rival(encode).fit(trials, labels).predict_proba(new) for rival in (RandomForest, KnnForest)]
    assert not np.array_equal(*forests)


class Scripted:
    """A network whose scores of the epochs are given: the truth is 1 throughout, so that higher is better."""

    def __init__(self, scores):
        self.scores, self.epoch = scores, 0

    def partial_fit(self, *_, **__):
        self.epoch += 1

    def predict_proba(self, table):
        return np.tile([[1 - self.scores[self.epoch - 1], self.scores[self.epoch - 1]]], (len(table), 1))


@pytest.mark.parametrize(
    ("scores", "kept", "run"),
    [
        ([0.5, 0.7, 0.9, *[0.8] * 9], 3, 11),  # the best, then eight in vain
        ([*np.linspace(0.1, 0.9, 12)], 12, 12),  # the best to the last
    ],
)
def test_the_network_of_the_best_epoch_is_kept(scores, kept, run, encode):
    network, table, truth = Scripted(scores), np.zeros((4, 1)), np.ones(4)
    best = FeedForward(encode, valid=([], []))._best_epoch(network, (table, truth), (table, truth))
    assert (best.epoch, network.epoch) == (kept, run)


def test_validation_trials_stop_the_network(encode, data):
    trials, labels = data[1]
    honest, reversed_ = (
        log_loss(labels, FeedForward(encode, valid=(trials, truth)).fit(*data[0]).predict_proba(trials))
        for truth in (labels, 1 - labels)
    )
    assert honest < reversed_  # of the same epochs, reversed labels keep another
    with pytest.raises(InputError, match="one class"):
        FeedForward(encode, valid=(trials[:2], [1, 1])).fit(*data[0])


def test_without_lightgbm(encode, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cladmop\[benchmark\]'"):
        GradientBoosting(encode)


def test_kinds_are_unique():
    assert len({rival.kind for rival in classical.CLASSICAL}) == 6
