"""Pools of pre-training trials: what is held out, what is added, what is left out."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cladmop.errors import InputError
from cladmop.pipeline import NetworkSettings, pretrain_network, train_network
from cladmop.storage import read_json
from cladmop.training.cohort import PretrainTrials
from cladmop.training.loop import weights_digest
from training.conftest import make_trials

SIZES = {"width": 8, "heads": 2, "centroids": [4], "group_layers": 1, "criteria_width": 8, "head_width": 8}


def settings(objective: str, **changes: Any) -> NetworkSettings:
    stage = {"epochs": 1, "batch_size": 16, "objective": objective, **changes}
    return NetworkSettings(model=SIZES, pretrain=stage, finetune={"epochs": 1})


@pytest.fixture(scope="module")
def pool() -> PretrainTrials:
    """60 trials: a third successful, of which half completed, a third completed alone, a third stopped."""
    number = np.arange(60)
    completed = np.choose(number % 3, [np.where(number % 2, 1, -1), 1, 0]).astype(np.int8)
    return PretrainTrials(make_trials(60)[0], number % 3 == 0, completed)


def test_a_tenth_of_each_kind_is_held_out(tmp_path, pool):
    pretrain_network(tmp_path, settings("both"), pool)
    manifest = read_json(tmp_path / "training.json")
    assert manifest["held_out"] == {"trials": 8, "successful": 4, "completed": 4, "stopped": 2}
    assert manifest["train"] == {"trials": 52, "successful": 16, "completed": 26, "stopped": 18}


def test_matching_on_a_mixed_pool_is_matching_on_its_successes(tmp_path, pool):
    successes = [trial for trial, one in zip(pool.encoded, pool.successful, strict=True) if one]
    mixed = pretrain_network(tmp_path / "mixed", settings("matching"), pool)
    plain = pretrain_network(tmp_path / "plain", settings("matching"), successes)
    assert weights_digest(mixed) == weights_digest(plain)


def test_successes_of_the_training_split_alone_are_added_for_matching(tmp_path, pool):
    train, valid = ((trials, labels.tolist()) for trials, labels in (make_trials(40, seed=1), make_trials(20, seed=2)))
    train_network(tmp_path, settings("both"), train, valid, pool)
    manifest = read_json(tmp_path / "pretrained" / "training.json")
    counts = {name: manifest["train"][name] + manifest["held_out"][name] for name in manifest["train"]}
    added = sum(train[1])
    assert counts == {"trials": 60 + added, "successful": 20 + added, "completed": 30, "stopped": 20}


def test_a_pool_that_cannot_teach_the_objective_is_refused(tmp_path, pool):
    with pytest.raises(InputError, match="in the pool; got 0 completed and 0 stopped"):
        pretrain_network(tmp_path, settings("completion"), pool.encoded)
    with pytest.raises(InputError, match="at least 2 successful trials in the pool; got 0"):
        pretrain_network(tmp_path, settings("matching"), [])


def test_other_objectives_have_folders_and_names_of_their_own():
    named = {objective: settings(objective) for objective in ("matching", "completion", "both")}
    assert named["matching"].slug() == NetworkSettings().slug()
    assert named["both"].slug() == NetworkSettings().slug() + "-both"
    assert "pair matching and completion, LoRA" in named["both"].describe(1)
    assert "no pre-training" in replace(named["both"], pretraining=False).describe(1)
