import json

import pytest
import torch

from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError
from cladmop.model.cladmop import CLaDMoP
from cladmop.training.checkpoint import STATE, Progress, load_model, load_progress, save_model, save_progress


@pytest.fixture
def folder(tmp_path, configs):
    save_model(CLaDMoP(configs()), tmp_path / "model")
    return tmp_path / "model"


def test_round_trip(tmp_path, configs):
    model = CLaDMoP(configs(match="unfused"))
    save_model(model, tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.config == model.config
    assert not loaded.training
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in model.state_dict().items())


def test_missing_folder_and_files(tmp_path, folder):
    with pytest.raises(MissingArtefactError, match="no model folder"):
        load_model(tmp_path / "nowhere")
    (folder / "model.safetensors").unlink()
    with pytest.raises(MissingArtefactError, match="no weights"):
        load_model(folder)
    (folder / "config.json").unlink()
    with pytest.raises(MissingArtefactError, match=r"config\.json"):
        load_model(folder)


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty"])
def test_damaged_weights_are_refused(folder, damage):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes({"flip": bytes(content), "truncate": bytes(content[:-9]), "empty": b""}[damage])
    with pytest.raises(CorruptArtefactError, match="SHA-256"):
        load_model(folder)


@pytest.mark.parametrize("change", [{"width": 16}, {"width": 0}, {"unheard": 1}])
def test_a_config_that_does_not_fit_is_refused(folder, change):
    path = folder / "config.json"
    stored = json.loads(path.read_text())
    stored["model"] |= change
    path.write_text(json.dumps(stored))
    with pytest.raises(CorruptArtefactError, match="make the model again"):
        load_model(folder)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"model": 3, "weights_sha256": "x"}'])
def test_a_broken_config_is_refused(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(CorruptArtefactError):
        load_model(folder)


def trained(configs):
    torch.manual_seed(0)
    model = CLaDMoP(configs())
    optimizer = torch.optim.AdamW(model.outcome_head.parameters(), lr=0.1)
    sum(parameter.square().sum() for parameter in model.outcome_head.parameters()).backward()
    optimizer.step()
    return model, optimizer


def test_progress_round_trip_restores_weights_moments_and_history(tmp_path, configs):
    model, optimizer = trained(configs)
    best = {name: value + 1 for name, value in model.state_dict().items()}
    save_progress(Progress("me", 2, 1, 0.5, [{"loss": 1.0}, {"loss": 2.0}], best), model, optimizer, tmp_path)

    other = CLaDMoP(configs())
    fresh = torch.optim.AdamW(other.outcome_head.parameters(), lr=0.1)
    progress = load_progress("me", other, fresh, tmp_path)
    assert (progress.epochs, progress.best_epoch, progress.best_value) == (2, 1, 0.5)
    assert progress.history == [{"loss": 1.0}, {"loss": 2.0}]
    assert all(torch.equal(progress.best[name], best[name]) for name in best)
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in model.state_dict().items())
    ours, theirs = fresh.state_dict()["state"], optimizer.state_dict()["state"]
    assert all(torch.equal(ours[i][key], theirs[i][key]) for i in theirs for key in theirs[i])


def test_progress_of_another_training_is_refused(tmp_path, configs):
    model, optimizer = trained(configs)
    save_progress(Progress("me"), model, optimizer, tmp_path)
    with pytest.raises(InputError, match="another folder"):
        load_progress("you", model, optimizer, tmp_path)


def test_damaged_progress_is_refused(tmp_path, configs):
    model, optimizer = trained(configs)
    save_progress(Progress("me"), model, optimizer, tmp_path)
    path = tmp_path / STATE
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptArtefactError, match="delete it"):
        load_progress("me", model, optimizer, tmp_path)


def test_without_progress_a_training_starts_fresh(tmp_path, configs):
    assert load_progress("me", *trained(configs), tmp_path) == Progress("me")
