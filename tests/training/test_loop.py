"""Equal bytes: run twice, and killed and run again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from cladmop.errors import CladmopError
from cladmop.model.cladmop import CLaDMoP
from cladmop.training.finetune import finetune
from cladmop.training.loop import DivergedError, parameter_groups, reproducible
from cladmop.training.settings import FinetuneSettings, TrainSettings

SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import make_config, make_trials
from cladmop.training import checkpoint, loop
from cladmop.training.cohort import PretrainTrials
from cladmop.training.finetune import finetune
from cladmop.training.pretrain import pretrain
from cladmop.training.settings import FinetuneSettings, PretrainSettings

folder, stage, pause = Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
if pause:
    import time
    save = loop.save_progress
    def slow(*args):
        save(*args)
        time.sleep(pause)
    loop.save_progress = slow
(train, y), (valid, y_valid) = make_trials(48), make_trials(24, seed=1)
if stage == "both":
    settings = PretrainSettings(epochs=5, batch_size=16, pair_block=8, objective="both", hard_negatives=0.5)
    pools = (PretrainTrials(one, z == 1, z.astype("int8")) for one, z in ((train, y), (valid, y_valid)))
    pretrain(*pools, make_config(), settings, folder)
elif stage == "pretrain":
    pretrain(train, valid, make_config(), PretrainSettings(epochs=5, batch_size=16, pair_block=8), folder)
else:
    settings = FinetuneSettings(epochs=5, batch_size=16, learning_rate=1e-2)
    finetune(None, train, y, valid, y_valid, settings, folder, config=make_config())
"""


def start(folder: Path, stage: str, pause: float) -> subprocess.Popen:
    arguments = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(folder), stage, str(pause)]
    return subprocess.Popen(arguments, env={**os.environ, "OMP_NUM_THREADS": "1"})


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["pretrain", "both", "finetune"])
def test_killed_and_run_again_ends_with_the_bytes_of_an_unbroken_run(tmp_path, stage):
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    run = start(broken, stage, pause=30)
    deadline = time.monotonic() + 120
    while not (broken / "training.safetensors").exists():
        assert run.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not (broken / "training.json").exists()
    (broken / ".training.safetensors.abc.part").write_bytes(b"half")  # as a kill in the middle of a write leaves it

    for folder in (broken, whole):
        assert start(folder, stage, pause=0).wait(timeout=200) == 0
    assert bytes_of(broken) == bytes_of(whole)
    assert sorted(bytes_of(broken)) == ["config.json", "model.safetensors", "training.json"]


def test_two_runs_give_the_same_bytes_whatever_the_state_of_the_generator(tmp_path, trials, configs):
    encoded, y = trials(32)
    for name, seed in (("a", 1), ("b", 2)):
        torch.manual_seed(seed)
        finetune(None, encoded, y, [], [], FinetuneSettings(epochs=2), tmp_path / name, config=configs())
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    finetune(None, encoded, y, [], [], FinetuneSettings(epochs=2, seed=1), tmp_path / "c", config=configs())
    assert bytes_of(tmp_path / "a")["model.safetensors"] != bytes_of(tmp_path / "c")["model.safetensors"]


def test_reproducible_leaves_no_trace():
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    with reproducible(TrainSettings(threads=threads + 1)):
        torch.rand(7)
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_loss_that_is_no_number_is_one_clear_error(tmp_path, trials, configs):
    encoded, y = trials(16)
    model = CLaDMoP(configs())
    torch.nn.init.constant_(model.outcome_head.leave.weight, float("nan"))
    with pytest.raises(DivergedError, match="lower the learning rate") as caught:
        finetune(model, encoded, y, [], [], FinetuneSettings(epochs=1), tmp_path)
    assert isinstance(caught.value, CladmopError)


def test_decay_falls_on_matrices_of_linear_layers_alone(configs):
    model = CLaDMoP(configs())
    names = {parameter: name for name, parameter in model.named_parameters()}
    groups = parameter_groups(dict(model.named_parameters()), lambda name: 2.0 if "head" in name else 1.0, 0.1)
    assert sum(len(group["params"]) for group in groups) == len(names)
    linear = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    assert {names[p] for group in groups if group["weight_decay"] for p in group["params"]} == linear
    assert all(("head" in names[p]) == (group["lr"] == 2.0) for group in groups for p in group["params"])
