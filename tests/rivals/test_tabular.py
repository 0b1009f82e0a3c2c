"""What TabPFN is handed, by a stand-in for the package, and what is said where it or its weights are absent."""

import sys
from types import ModuleType

import numpy as np
import pytest

from cladmop.errors import CladmopError, InputError, MissingArtefactError, MissingDependencyError
from cladmop.rivals.tabular import WEIGHTS, TabPfn


class Classifier:
    """Keeps what it is handed, and scores by the first column."""

    made: list["Classifier"]

    def __init__(self, **settings):
        self.settings = settings
        self.made.append(self)

    def fit(self, table, labels):
        self.table, self.labels = table, labels

    def predict_proba(self, table):
        self.scored = table
        success = 1 / (1 + np.exp(-table[:, 0]))
        return np.column_stack([1 - success, success])


@pytest.fixture
def made(monkeypatch, tmp_path):
    """The classifiers that are made; the package's weights lie in a temporary folder."""
    pytest.importorskip("torch")
    package, loading = ModuleType("tabpfn"), ModuleType("tabpfn.model_loading")
    Classifier.made = []
    package.TabPFNClassifier, package.model_loading = Classifier, loading
    loading.get_cache_dir = lambda: tmp_path
    monkeypatch.setitem(sys.modules, "tabpfn", package)
    monkeypatch.setitem(sys.modules, "tabpfn.model_loading", loading)
    (tmp_path / WEIGHTS).touch()
    return Classifier.made


def test_what_it_is_handed(made, encode, invented, tmp_path):
    import torch

    trials, labels = invented(130)
    new, _ = invented(20, seed=1)
    scores = TabPfn(encode, seed=3).fit(trials, labels).predict_proba(new)
    (classifier,) = made
    assert classifier.settings == {
        "model_path": str(tmp_path / WEIGHTS),
        "device": "cpu",
        "inference_precision": torch.float32,
        "random_state": 3,
        "ignore_pretraining_limits": True,
    }
    assert classifier.table.shape == (130, 100)
    assert classifier.scored.shape == (20, 100)
    assert np.isfinite(classifier.table).all()
    spread = classifier.table.std(axis=0)
    assert (np.diff(spread) <= 1e-6).all()  # principal components, first the widest
    np.testing.assert_array_equal(classifier.labels, labels)
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores, 1 / (1 + np.exp(-classifier.scored[:, 0])))


def test_few_trials_give_few_columns(made, encode, invented):
    trials, labels = invented(30)
    TabPfn(encode).fit(trials, labels)
    assert made[0].table.shape == (30, 30)


def test_of_too_many_trials_some_are_drawn(made, encode, invented, monkeypatch):
    monkeypatch.setattr(TabPfn, "context", 40)
    trials, _ = invented(100)
    labels = np.repeat([0, 1], [75, 25])
    for seed in (0, 0, 1):
        TabPfn(encode, seed=seed).fit(trials, labels)
    first, again, other = (one.table for one in made)
    assert first.shape == (40, 40)
    assert made[0].labels.tolist() == [0] * 30 + [1] * 10
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_other_weights(made, encode, tmp_path):
    (tmp_path / "mine.safetensors").touch()
    assert TabPfn(encode, weights=tmp_path / "mine.safetensors").weights == tmp_path / "mine.safetensors"
    with pytest.raises(InputError, match=r"old\.ckpt is no \.safetensors"):
        TabPfn(encode, weights=tmp_path / "old.ckpt")


def test_without_weights_nothing_is_fetched(made, encode, tmp_path):
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(MissingArtefactError, match=WEIGHTS):
        TabPfn(encode)
    assert made == []


@pytest.mark.parametrize("absent", ["tabpfn", "tabpfn.model_loading"])
def test_without_the_package(absent, made, encode, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, absent, None)
    for weights in (None, tmp_path / WEIGHTS):
        with pytest.raises(MissingDependencyError, match=r"pip install 'cladmop\[tabpfn\]'"):
            TabPfn(encode, weights=weights)


def test_unfitted(made, encode, invented):
    with pytest.raises(CladmopError, match="'tabpfn' is not fitted"):
        TabPfn(encode).predict_proba(invented(3)[0])
