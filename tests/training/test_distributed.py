"""Two processes give the loss, the gradients and the network of one; what they share is whole, whatever its size."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from cladmop.errors import InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.storage import read_json
from cladmop.training.cohort import PretrainTrials
from cladmop.training.distributed import Ranks, from_the_first, gather_rows, joined, mean_value, ranks
from cladmop.training.pretrain import batch_loss, pretrain
from cladmop.training.settings import PretrainSettings

STEPS = {
    "paired": ({"match": "paired"}, {"pair_block": 3}, 11),
    "paired, drug sets shared": ({"match": "paired"}, {"pair_block": 4, "mask_false_negatives": True}, 17),
    "own": ({"match": "own"}, {"mask_false_negatives": False}, 11),
    "unfused, both": ({"match": "unfused"}, {"objective": "both", "completion_weight": 0.5}, 14),
    "paired, both": ({"match": "paired"}, {"objective": "both", "pair_block": 2}, 14),
    "completion": ({"match": "paired"}, {"objective": "completion"}, 9),
    "fewer blocks than processes": ({"match": "paired"}, {"pair_block": 4}, 3),
    "one trial with a status": ({"match": "paired"}, {"objective": "completion"}, 1),
}
"""Changes of the network and of the settings, and trials of the batch."""
QUICK = PretrainSettings(epochs=3, batch_size=16, learning_rate=5e-3, pair_block=4, objective="both")

SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch
from safetensors.torch import save_file
import test_distributed as given
from conftest import make_config, make_trials
from cladmop.training.distributed import averaged, from_the_first, joined, mean_value, wait
from cladmop.training.pretrain import pretrain, shared_batch_loss

out = Path(sys.argv[2])
torch.set_num_threads(1)
with joined() as group:
    assert group.size == 2
    assert from_the_first({"rank": group.rank, "text": "a" * 100 * (group.rank + 1)}) == {"rank": 0, "text": "a" * 100}
    assert mean_value(float(group.rank)) == 0.5
    for number, name in enumerate(given.STEPS):
        model, trials, settings = given.step(name, make_config, make_trials)
        loss = averaged(model, lambda rows: shared_batch_loss(model, trials.take(rows), settings, 0.6))
        part = loss(given.np.arange(len(trials)))
        part.backward()
        gradients = {key: value.grad for key, value in model.named_parameters() if value.grad is not None}
        value = torch.tensor([mean_value(part.item())], dtype=torch.float64)
        save_file({"loss": value, **gradients}, out / f"step-{number}-{group.rank}.safetensors")
    train, held_out = given.pools(make_trials)
    config = make_config(dropout=0.0)
    pretrain(train, held_out, config, given.QUICK, out / "trained")
    wait()
    again = pretrain(train, held_out, config, given.QUICK, out / "trained")
    save_file(again.state_dict(), out / f"again-{group.rank}.safetensors")
"""


def pool(encoded, labels) -> PretrainTrials:
    labels = np.asarray(labels)
    known = np.arange(len(labels)) % 3 != 1
    return PretrainTrials(encoded, labels == 1, np.where(known, labels, -1).astype(np.int8))


def pools(make_trials):
    return pool(*make_trials(44)), pool(*make_trials(20, seed=1))


def step(name, make_config, make_trials):
    """A network, the trials of one batch, and settings."""
    sizes, changes, count = STEPS[name]
    encoded, labels = make_trials(count)
    if "shared" in name:
        encoded = [replace(trial, drug_set=f"drug {place % 5}") for place, trial in enumerate(encoded)]
    settings = PretrainSettings(**{"objective": "matching", **changes})
    trials = pool(encoded, labels) if settings.objective != "matching" else PretrainTrials.successes(encoded)
    torch.manual_seed(5)
    return CLaDMoP(make_config(dropout=0.0, **sizes)), trials.serving(settings.objective), settings


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Path:
    """What two processes that torchrun started have written."""
    out = tmp_path_factory.mktemp("two")
    (out / "run.py").write_text(SCRIPT, encoding="utf-8")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [*torchrun, str(out / "run.py"), str(Path(__file__).parent), str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


@pytest.mark.parametrize("name", STEPS)
def test_loss_and_gradients_are_those_of_one_process_on_the_whole_batch(two, configs, trials, name):
    model, batch, settings = step(name, configs, trials)
    loss = batch_loss(model, batch, settings, 0.6)
    loss.backward()
    expected = {key: value.grad for key, value in model.named_parameters() if value.grad is not None}
    assert any(gradient.abs().max() > 1e-3 for gradient in expected.values())
    for rank in range(2):
        found = load_file(two / f"step-{list(STEPS).index(name)}-{rank}.safetensors")
        assert found.pop("loss").item() == pytest.approx(loss.item(), abs=1e-5)
        assert found.keys() == expected.keys()
        for key, gradient in expected.items():
            assert torch.allclose(found[key], gradient, atol=1e-5), key


def test_a_whole_training_is_that_of_one_process(two, tmp_path, configs, trials):
    alone = pretrain(*pools(trials), configs(dropout=0.0), QUICK, tmp_path)
    history, expected = (read_json(folder / "training.json")["history"] for folder in (two / "trained", tmp_path))
    assert len(history) == QUICK.epochs
    for epoch, single in zip(history, expected, strict=True):
        assert epoch == pytest.approx(single, abs=1e-3)
    assert expected[0]["loss"] - expected[-1]["loss"] > 0.01
    first, second = (load_file(two / f"again-{rank}.safetensors") for rank in range(2))
    for name, value in alone.state_dict().items():
        assert torch.equal(first[name], second[name])
        assert torch.allclose(first[name], value, atol=1e-2), name


def test_one_writes_and_nothing_is_left_over(two):
    assert sorted(path.name for path in (two / "trained").iterdir()) == [
        "config.json", "model.safetensors", "training.json",
    ]  # fmt: skip


@pytest.mark.parametrize("total", [0, 1, 3, 8, 9, 23])
@pytest.mark.parametrize(("size", "block"), [(1, 4), (2, 4), (3, 1), (5, 2)])
def test_shares_cover_every_row_once_in_whole_blocks(total, size, block):
    shares = [Ranks(rank, size).share(total, block) for rank in range(size)]
    assert [row for share in shares for row in range(share.start, share.stop)] == list(range(total))
    assert all(before.stop == after.start for before, after in pairwise(shares))
    assert all(share.start % block == 0 or share.start == total for share in shares)


def test_a_process_alone_meets_nobody(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined() as group:
        assert group == ranks() == Ranks(0, 1)
        rows = torch.ones(2, 3)
        assert gather_rows(rows, slice(0, 2), 2) is rows
        assert (mean_value(1.5), from_the_first("a")) == (1.5, "a")


def test_several_processes_without_a_place_to_meet_are_one_error(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("MASTER_ADDR", "MASTER_PORT", "RANK"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="start them with torchrun"), joined():
        pass
