"""Checkpoint folders, and the state of a training that was not finished.

A checkpoint folder holds ``model.safetensors`` and ``config.json``, the latter written last and naming the SHA-256
of the former. While training runs, ``training.safetensors`` beside them holds everything needed to go on from the
last finished epoch. It is one file, so that it is replaced at once. Nothing is pickled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes
from torch import Tensor, nn

from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig
from cladmop.storage import atomic_file, read_json, write_json

WEIGHTS, CONFIG = "model.safetensors", "config.json"
STATE, MANIFEST = "training.safetensors", "training.json"

Tensors = Mapping[str, Tensor]


def save_model(model: CLaDMoP, folder: Path) -> None:
    """Write weights and config of a network.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    content = save_bytes(_portable(model.state_dict()))
    _write(folder / WEIGHTS, content)
    write_json(folder / CONFIG, {"model": model.config.to_dict(), "weights_sha256": sha256(content).hexdigest()})


def load_model(folder: Path) -> CLaDMoP:
    """Read a network, in evaluation mode.

    Raises
    ------
    MissingArtefactError
        If the folder or one of its files does not exist.
    CorruptArtefactError
        If a file was changed or truncated, or weights and config do not belong together.
    """
    if not folder.is_dir():
        raise MissingArtefactError(f"no model folder {folder}; check the path, or train a model into it")
    stored = read_json(folder / CONFIG)
    try:
        config = ModelConfig.from_dict(stored["model"], where=str(folder / CONFIG))
        expected = stored["weights_sha256"]
    except (KeyError, TypeError, InputError) as error:
        raise CorruptArtefactError(f"{folder / CONFIG} is no network config ({error}); make the model again") from error
    try:
        content = (folder / WEIGHTS).read_bytes()
    except FileNotFoundError as error:
        raise MissingArtefactError(f"no weights {folder / WEIGHTS}; make the model again") from error
    if sha256(content).hexdigest() != expected:
        raise CorruptArtefactError(
            f"{folder / WEIGHTS} has not the SHA-256 {expected[:12]}... that {CONFIG} names; make the model again"
        )
    model = CLaDMoP(config)
    try:
        model.load_state_dict(load_bytes(content))
    except (SafetensorError, RuntimeError) as error:
        raise CorruptArtefactError(
            f"{folder / WEIGHTS} does not fit {CONFIG}: {str(error).splitlines()[0]}; make the model again"
        ) from error
    return model.eval()


@dataclass
class Progress:
    """How far a training has come."""

    identity: str
    """Digest of settings, data and starting weights; a state is resumed by the same training only."""
    epochs: int = 0
    """Epochs finished."""
    best_epoch: int | None = None
    """Epoch, from 1, whose weights are kept."""
    best_value: float | None = None
    """Its validation value."""
    history: list[dict[str, float]] = field(default_factory=list)
    """What each epoch gave."""
    best: dict[str, Tensor] = field(default_factory=dict, repr=False)
    """The kept weights."""


def save_progress(progress: Progress, model: nn.Module, optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Write the state after an epoch, at once.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    moments = optimizer.state_dict()["state"]
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best/{name}": value for name, value in progress.best.items()}
    tensors |= {f"optimizer/{index}/{key}": value for index, state in moments.items() for key, value in state.items()}
    values = {name: getattr(progress, name) for name in ("identity", "epochs", "best_epoch", "best_value", "history")}
    _write(folder / STATE, save_bytes(_portable(tensors), metadata={"progress": json.dumps(values)}))


def load_progress(identity: str, model: nn.Module, optimizer: torch.optim.Optimizer, folder: Path) -> Progress:
    """Restore model and optimizer to the last finished epoch of the same training; a fresh start where none is.

    Raises
    ------
    InputError
        If the folder holds another training.
    CorruptArtefactError
        If the state was changed or truncated.
    """
    path = folder / STATE
    if not path.exists():
        return Progress(identity)
    try:
        with safe_open(path, framework="pt") as stored:
            values: dict[str, Any] = json.loads(stored.metadata()["progress"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (no mapping)
        refuse_other(values["identity"], identity, folder)
        model.load_state_dict(_below("model/", tensors))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _below("optimizer/", tensors).items():
            index, _, key = name.partition("/")
            moments.setdefault(int(index), {})[key] = value
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": moments, "param_groups": groups})
        return Progress(**values, best=_below("best/", tensors))
    except (SafetensorError, RuntimeError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise CorruptArtefactError(f"{path} cannot be resumed ({error}); delete it to start again") from error


def refuse_other(found: str, wanted: str, folder: Path) -> None:
    """Raise an `InputError` where a folder belongs to a training with another identity."""
    if found != wanted:
        raise InputError(
            f"{folder} holds a training with other settings, data or starting weights; "
            "choose another folder, or delete it to start again"
        )


def _below(prefix: str, tensors: Tensors) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _portable(tensors: Tensors) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu").contiguous().clone() for name, value in tensors.items()}


def _write(path: Path, content: bytes) -> None:
    with atomic_file(path) as part:
        part.write_bytes(content)


def sweep(folder: Path) -> None:
    """Remove what a killed writer left: temporary siblings of the files written here."""
    for name in (WEIGHTS, CONFIG, STATE, MANIFEST):
        for part in folder.glob(f".{name}.*.part"):
            part.unlink(missing_ok=True)
