import numpy as np
import pytest
import torch

from cladmop.errors import InputError
from cladmop.evaluation.metrics import roc_auc
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.lora import LoraSettings
from cladmop.storage import read_json
from cladmop.training.checkpoint import load_model, save_model
from cladmop.training.finetune import finetune
from cladmop.training.predict import predict_proba
from cladmop.training.settings import FinetuneSettings


def quick(**changes):
    return FinetuneSettings(
        **{"epochs": 12, "batch_size": 32, "learning_rate": 1e-2, "head_learning_rate": 1e-2, **changes}
    )


@pytest.mark.parametrize(
    ("mode", "metric"), [("lora", "loss"), ("full", "loss"), ("full", "average_precision"), ("lora", "roc_auc")]
)
def test_learns_an_outcome_that_the_criteria_tell(tmp_path, trials, configs, mode, metric):
    (train, y), (valid, y_valid), (test, y_test) = trials(192), trials(48, seed=1), trials(96, seed=2)
    settings = quick(mode=mode, metric=metric)
    model = finetune(None, train, y, valid, y_valid, settings, tmp_path, config=configs())
    assert roc_auc(y_test, predict_proba(model, test)) > 0.8
    loaded = load_model(tmp_path)
    assert np.array_equal(predict_proba(loaded, test), predict_proba(model, test))
    history = read_json(tmp_path / "training.json")["history"]
    assert {"loss", "valid_loss", "valid_average_precision", "valid_roc_auc"} == set(history[0])


@pytest.mark.parametrize("from_folder", [True, False])
def test_lora_starts_from_the_given_network_and_changes_only_what_it_may(tmp_path, trials, configs, from_folder):
    torch.manual_seed(5)
    start = CLaDMoP(configs())
    save_model(start, tmp_path / "start")
    before = {name: value.clone() for name, value in start.state_dict().items()}
    encoded, y = trials(64)
    settings = quick(epochs=2, lora=LoraSettings(cross=False))
    model = finetune(
        tmp_path / "start" if from_folder else start, encoded, y, encoded[:20], y[:20], settings, tmp_path / "tuned"
    )
    assert all(torch.equal(value, before[name]) for name, value in start.state_dict().items())
    after = model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("fusion.blocks.") for name in changed)
    assert all(name.startswith(("fusion.blocks.", "outcome_head.")) for name in changed)


def test_without_validation_all_epochs_run_and_the_last_is_kept(tmp_path, trials, configs):
    encoded, y = trials(16)
    settings = quick(epochs=5, patience=1)
    finetune(None, encoded, y, [], [], settings, tmp_path, config=configs())
    assert len(read_json(tmp_path / "training.json")["history"]) == 5


def test_early_stopping_keeps_the_best_epoch(tmp_path, trials, configs):
    (train, y), (valid, y_valid) = trials(64), trials(32, seed=1)
    settings = quick(epochs=40, patience=3, mode="full")
    model = finetune(None, train, y, valid, 1 - y_valid, settings, tmp_path, config=configs())  # labels turned around
    values = [epoch["valid_loss"] for epoch in read_json(tmp_path / "training.json")["history"]]
    best = int(np.argmin(values))
    assert len(values) == best + 1 + 3 < 40
    p = np.clip(predict_proba(model, valid), 1e-9, 1 - 1e-9)
    weight = (y == 0).sum() / (y == 1).sum()
    truth = 1 - y_valid
    assert -(weight * truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean() == pytest.approx(values[best], abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "message"),
    [([0, 1], "one label for each of the 16"), ([1] * 16, "both 0"), ([0, 2] * 8, "both 0"), ([0.5] * 16, "both 0")],
)
def test_labels_that_cannot_be_used_are_refused(tmp_path, trials, configs, labels, message):
    encoded, _ = trials(16)
    with pytest.raises(InputError, match=message):
        finetune(None, encoded, labels, [], [], quick(), tmp_path, config=configs())


def test_start_and_config_exclude_each_other(tmp_path, trials, configs):
    encoded, y = trials(16)
    with pytest.raises(InputError, match="needs a pre-trained network"):
        finetune(None, encoded, y, [], [], quick(), tmp_path)
    with pytest.raises(InputError, match="drop the config"):
        finetune(CLaDMoP(configs()), encoded, y, [], [], quick(), tmp_path, config=configs())
