"""Zero-shot and few-shot on invented trials."""

from collections import Counter

import numpy as np
import pytest

from cladmop.encoders.base import LEVELS
from cladmop.errors import InputError
from cladmop.pipeline import EncodingSettings, NetworkSettings
from cladmop.results import load_rows
from cladmop.shots import Shots
from cladmop.storage import read_json
from cladmop.top_data import read_top_data
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

    def finetune(network, trials, labels, valid, valid_labels, settings, folder, *, config):
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
    (row,) = shots.zero_shot()
    (scores,) = row.scores("test")
    assert len(set(scores.values())) > 5
    assert all(0 <= score <= 1 for score in scores.values())
    flipped = [1 - label for label in shots.data.labels("valid")]
    monkeypatch.setattr(type(shots.data), "labels", lambda *_: flipped)
    assert shots.zero_shot()[0].scores("valid") == row.scores("valid")
    assert row.name in {one.name for one in load_rows(shots.folder)}


def test_states_are_of_the_language_model(shots):
    assert shots.train[0].criteria.shape[::2] == (LEVELS, 16)


def test_with_a_corpus_pretraining_sees_its_trials_and_may_learn_completion(
    tmp_path, language_model, tiny_home, monkeypatch, invented_corpus
):
    monkeypatch.setenv("CLADMOP_HOME", str(tiny_home))
    settings = NetworkSettings(
        encoding=EncodingSettings(str(language_model)), model=SMALL, pretrain={"epochs": 1, "objective": "both"}
    )
    data = read_top_data(write_splits(tmp_path / "top"), "I", invented_corpus)
    both = Shots(data, settings, tmp_path / "runs", lambda _: None)
    rows = both.zero_shot()
    assert [row.name.partition("corpus")[2] for row in rows] == [", zero-shot", ", zero-shot, completion"]
    assert rows[0].scores("valid") != rows[1].scores("valid")
    manifest = read_json(next((tmp_path / "runs").glob("networks/*-corpus/seed-0/pretrained/training.json")))
    counts = Counter(one.group for one in data.corpus)
    seen = Counter(manifest["train"]) + Counter(manifest["held_out"])
    assert seen["stopped"] == counts["stopped"]
    assert seen["completed"] == counts["successful"] + counts["unproven"]
    assert seen["successful"] == counts["successful"] + sum(data.labels("train"))
