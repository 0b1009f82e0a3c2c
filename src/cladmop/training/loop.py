"""The epoch loop of both stages: early stopping, resuming, and a history that is the same every time."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cladmop.errors import CladmopError, InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.progress import progress_bar
from cladmop.storage import read_json, write_json
from cladmop.training.batches import Batches
from cladmop.training.checkpoint import (
    MANIFEST,
    STATE,
    Progress,
    load_model,
    load_progress,
    refuse_other,
    save_model,
    save_progress,
    sweep,
)
from cladmop.training.distributed import averaged, from_the_first, mean_value, ranks, wait
from cladmop.training.settings import TrainSettings

_CLIP = 1.0


class DivergedError(CladmopError):
    """The loss became infinite or no number."""


@dataclass(frozen=True)
class Stage:
    """What one stage trains, on what, and how it is judged."""

    name: str
    """Name for people and for the manifest."""
    model: CLaDMoP
    groups: list[dict[str, Any]]
    """Parameter groups of Adam."""
    batches: Batches
    loss: Callable[[NDArray[np.intp]], Tensor]
    """Loss of the training trials of one index batch; of several processes the part of each, whose mean it is."""
    validate: Callable[[], dict[str, float]] | None
    """Validation values of the network as it stands; none to train all epochs and keep the last."""
    metric: str
    """The value, among those of ``validate``, that decides."""
    higher_is_better: bool


def run(stage: Stage, settings: TrainSettings, folder: Path, identity: str) -> list[dict[str, float]]:
    """Train until the epochs are over or validation stops improving; leave the best weights in ``stage.model``.

    After every epoch the state goes to ``folder``, from where a killed run goes on. Random numbers are seeded anew
    in each epoch, so an interrupted run ends with the same bytes as an unbroken one.

    Several processes (`cladmop.training.distributed`) take the same steps; the first one validates and writes.

    Returns
    -------
    list of dict
        One entry an epoch: the training loss and what ``validate`` returned.

    Raises
    ------
    DivergedError
        If the loss is not finite.
    InputError
        If the folder holds another training, or the processes do not see the same folder.
    """
    optimizer = torch.optim.AdamW(stage.groups)
    progress = load_progress(identity, stage.model, optimizer, folder)
    _require_agreement(progress, folder)
    loss = averaged(stage.model, stage.loss)
    steps = settings.epochs * len(stage.batches.epoch(0))
    with progress_bar(stage.name, steps, "steps") as bar:
        bar.advance(progress.epochs * len(stage.batches.epoch(0)))
        while progress.epochs < settings.epochs and not _stale(progress, settings):
            torch.manual_seed(_mix(settings.seed, progress.epochs) + ranks().rank)
            batches = stage.batches.epoch(progress.epochs)
            values = {"loss": _train(stage, loss, optimizer, batches, lambda: bar.advance(1, _note(progress, stage)))}
            values |= from_the_first(_validated(stage) if ranks().leads else {})
            _record(progress, stage, values)
            if ranks().leads:
                save_progress(progress, stage.model, optimizer, folder)
    stage.model.load_state_dict(progress.best)
    stage.model.eval()
    return progress.history


def _require_agreement(progress: Progress, folder: Path) -> None:
    """Check that this process goes on from where the first one does."""
    first = from_the_first({"epochs": progress.epochs, "identity": progress.identity})
    if (first["epochs"], first["identity"]) != (progress.epochs, progress.identity):
        raise InputError(
            f"process {ranks().rank} goes on after epoch {progress.epochs} of {folder}, the first one after epoch "
            f"{first['epochs']}, or their trials differ; give a folder and trials that all machines share"
        )


def _train(
    stage: Stage,
    loss_of: Callable[[NDArray[np.intp]], Tensor],
    optimizer: torch.optim.Optimizer,
    batches: list[NDArray[np.intp]],
    advance: Callable[[], None],
) -> float:
    stage.model.train()
    total, trials = 0.0, 0
    parameters = [parameter for group in stage.groups for parameter in group["params"]]
    for rows in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(rows)
        value = mean_value(loss.item())
        if not math.isfinite(value):
            raise DivergedError(f"{stage.name}: the loss became {value}; lower the learning rate")
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, _CLIP)
        optimizer.step()
        total, trials = total + value * len(rows), trials + len(rows)
        advance()
    return total / trials


def _validated(stage: Stage) -> dict[str, float]:
    if stage.validate is None:
        return {}
    stage.model.eval()
    with torch.no_grad():
        return {f"valid_{name}": value for name, value in stage.validate().items()}


def _record(progress: Progress, stage: Stage, values: dict[str, float]) -> None:
    progress.epochs += 1
    progress.history.append(values)
    value = values.get(f"valid_{stage.metric}")
    sign = 1 if stage.higher_is_better else -1
    if value is None or progress.best_value is None or sign * value > sign * progress.best_value:
        progress.best_value, progress.best_epoch = value, progress.epochs
        progress.best = {name: tensor.detach().clone() for name, tensor in stage.model.state_dict().items()}


def _stale(progress: Progress, settings: TrainSettings) -> bool:
    return progress.best_epoch is not None and progress.epochs - progress.best_epoch >= settings.patience


def _note(progress: Progress, stage: Stage) -> str:
    return "" if progress.best_value is None else f"best {stage.metric} {progress.best_value:.3f}"


def parameter_groups(
    named: Mapping[str, torch.nn.Parameter], rate: Callable[[str], float], weight_decay: float
) -> list[dict[str, Any]]:
    """Return Adam's parameter groups: a learning rate by name, and weight decay for matrices of linear layers only.

    Biases, norms, embedding tables, centroids and absent tokens are not decayed.
    """
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in named.items():
        decay = weight_decay if _is_matrix(name, parameter) else 0.0
        groups.setdefault((rate(name), decay), []).append(parameter)
    return [{"params": params, "lr": lr, "weight_decay": decay} for (lr, decay), params in groups.items()]


_TABLES = ("molecule_position", "category_position", "ancestor", "phase", "side", "kind", "centroids_GD", "absent_")


def _is_matrix(name: str, parameter: torch.nn.Parameter) -> bool:
    return parameter.ndim == 2 and not any(part.startswith(_TABLES) for part in name.split("."))


@contextmanager
def reproducible(settings: TrainSettings) -> Iterator[None]:
    """Seed PyTorch, fix its threads and forbid nondeterministic kernels while the block runs."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_mix(settings.seed, None))
        torch.set_num_threads(settings.threads)
        torch.use_deterministic_algorithms(mode=True)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(mode=strict)


def _mix(seed: int, epoch: int | None) -> int:
    """Return one seed for each epoch and one, for none, for the starting weights."""
    return int(np.random.SeedSequence((seed, 0 if epoch is None else epoch + 1)).generate_state(1, np.uint64)[0] >> 1)


def identity_of(**parts: Any) -> str:  # noqa: ANN401 (any JSON values)
    """Return a SHA-256 over all that decides the result of a training."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def weights_digest(model: CLaDMoP) -> str:
    """Return a SHA-256 over config and weights of a network."""
    digest = hashlib.sha256(json.dumps(model.config.to_dict(), sort_keys=True).encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def finished(folder: Path, identity: str) -> CLaDMoP | None:
    """Return the network of a finished training, none where it has yet to run.

    Raises
    ------
    InputError
        If the folder holds another training.
    """
    sweep(folder)
    if not (folder / MANIFEST).exists():
        return None
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict):
        raise InputError(f"{folder / MANIFEST} is no training manifest; delete the folder to train again")
    refuse_other(str(manifest.get("identity")), identity, folder)
    (folder / STATE).unlink(missing_ok=True)
    return load_model(folder)


def finish(model: CLaDMoP, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the network, then the manifest that says it is whole, and drop the state for resuming.

    Of several processes the first one writes, and the others wait for it.
    """
    if ranks().leads:
        save_model(model, folder)
        write_json(folder / MANIFEST, dict(manifest))
        (folder / STATE).unlink(missing_ok=True)
    wait()
