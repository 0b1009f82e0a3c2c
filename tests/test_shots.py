"""Zero-shot and few-shot on invented trials."""

from collections import Counter

import numpy as np
import pytest

from cladmop.encoders.base import LEVELS
from cladmop.errors import InputError
from cladmop.pipeline import EncodingSettings, NetworkSettings
from cladmop.reproduce import read_top_data
from cladmop.results import load_rows
from cladmop.shots import Shots
from invented import write_splits

SMALL = {"width": 8, "heads": 2, "centroids": [4], "group_layers": 1, "criteria_width": 8, "head_width": 8}


@pytest.fixture(scope="module")
def shots(tmp_path_factory, language_model, tiny_home):
    place = tmp_path_factory.mktemp("shots")
    settings = NetworkSettings(
        encoding=EncodingSettings(str(language_model)), model=SMALL, pretrain={"epochs": 1}, finetune={"epochs": 1}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        return Shots(read_top_data(write_splits(place / "top"), "I"), settings, place / "runs", lambda _: None)


@pytest.fixture
def drawn(monkeypatch):
    """What each draw was fine-tuned on; training itself is left out."""
    seen = []

    def finetune(network, trials, labels, valid, valid_labels, settings, folder):
        seen.append((trials, np.asarray(labels), settings, folder, len(valid)))
        return network

    monkeypatch.setattr("cladmop.training.finetune.finetune", finetune)
    return seen


def test_draws_are_balanced_different_and_of_the_training_split(shots, drawn):
    row = shots.few_shot(4, draws=3)
    assert len(drawn) == 3
    rows = []
    for trials, labels, settings, _, judged in drawn:
        assert Counter(labels.tolist()) == {0: 4, 1: 4}
        assert judged == 0, "k trials are too few to spare any for stopping"
        places = [next(i for i, one in enumerate(shots.train) if one is trial) for trial in trials]
        assert len(set(places)) == 8
        assert (shots.labels[places] == labels).all()
        rows.append(tuple(places))
        assert settings.epochs > 1
    assert len(set(rows)) == 3
    assert len({settings.seed for _, _, settings, _, _ in drawn}) == 3
    assert len({folder for _, _, _, folder, _ in drawn}) == 3
    assert [len(scores) for scores in row.scores("test")] == [20, 20, 20]

    before = list(rows)
    drawn.clear()
    shots.few_shot(4, draws=3)
    again = [tuple(next(i for i, one in enumerate(shots.train) if one is t) for t in trials) for trials, *_ in drawn]
    assert again == before, "equal seeds draw alike"


@pytest.mark.parametrize("k", [0, 31])
def test_k_that_the_rarer_class_cannot_give_is_refused(shots, k):
    with pytest.raises(InputError, match="1 to 30"):
        shots.few_shot(k, draws=2)


def test_few_shot_trains_and_is_stored(shots):
    row = shots.few_shot(2, draws=2)
    first, second = row.scores("test")
    assert first != second
    assert all(0 < score < 1 for score in first.values())
    assert "2-shot" in row.name


def test_zero_shot_needs_no_label(shots, monkeypatch):
    row = shots.zero_shot()
    (scores,) = row.scores("test")
    assert len(set(scores.values())) > 5
    assert all(0 <= score <= 1 for score in scores.values())
    flipped = [1 - label for label in shots.data.labels("valid")]
    monkeypatch.setattr(type(shots.data), "labels", lambda *_: flipped)
    assert shots.zero_shot().scores("valid") == row.scores("valid")
    assert row.name in {one.name for one in load_rows(shots.folder)}


def test_states_are_of_the_language_model(shots):
    assert shots.train[0].criteria.shape[::2] == (LEVELS, 16)
    assert len(shots.pool) == 0
