"""Model folders: config.json, model.safetensors, text parts, metrics.json, provenance.json and a model card."""

import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cladmop import __version__
from cladmop.errors import CorruptArtefactError, MissingArtefactError, MissingDependencyError
from cladmop.estimator.blend import Blend
from cladmop.estimator.card import card_text, out_of_fold_metrics
from cladmop.estimator.conformal import Conformal
from cladmop.estimator.coverage import Coverage
from cladmop.estimator.domain import TrainingCloud
from cladmop.estimator.members import STATES
from cladmop.estimator.prediction import BaseRate
from cladmop.estimator.replicates import Replicates
from cladmop.estimator.states import StatesModel
from cladmop.rivals.checkpoint import load_rival, save_rival
from cladmop.rivals.tfidf import TextModel
from cladmop.storage import atomic_folder, read_json, sha256_of, write_json

if TYPE_CHECKING:
    from cladmop.estimator.classifier import TrialOutcomeClassifier
    from cladmop.model.cladmop import CLaDMoP

FORMAT = 2
"""Version of the folder layout; a reader refuses others."""
_WEIGHTS = "model.safetensors"
_NETWORK, _STATES, _REPLICATES = "network-{number}.", "states.", "replicates-{name}."
_CONFORMAL, _CLOUD = "conformal.", "cloud."
_TESTED = "tested.json"
Tensors = Mapping[str, NDArray[Any]]


def save(model: "TrialOutcomeClassifier", folder: Path, card: Mapping[str, Any]) -> None:
    """Write a fitted model as a folder, atomically (see ``TrialOutcomeClassifier.save_pretrained``)."""
    from safetensors.numpy import save_file

    with atomic_folder(folder) as part:
        tensors = _tensors(model)
        digests = {}
        if tensors:
            save_file(dict(tensors), part / _WEIGHTS)
            digests[_WEIGHTS] = sha256_of(part / _WEIGHTS)
        for name, text_model in model.text_models_.items():
            save_rival(text_model, _text_folder(part, name))
        config = {
            "format": FORMAT,
            "parameters": {key: value for key, value in model.get_params(deep=False).items() if key != "work_dir"},
            "model": model.networks_[0].config.to_dict() if model.networks_ else None,
            "networks": len(model.networks_),
            "states": model.states_ is not None,
            "texts": list(model.text_models_),
            "blend": model.blend_.to_dict(),
            "base_rates": {group: asdict(rate) for group, rate in model.base_rates_.items()},
            "coverage": [asdict(one) for one in model.coverage_],
            "sha256": digests,
        }
        metrics = out_of_fold_metrics(model)
        write_json(part / "config.json", config)
        write_json(part / "metrics.json", metrics)
        write_json(part / "provenance.json", _provenance(model, card))
        (part / "README.md").write_text(card_text(model, metrics, card), encoding="utf-8")


def load(cls: "type[TrialOutcomeClassifier]", folder: str | Path) -> Any:  # noqa: ANN401 (an instance of cls)
    """Load a model folder, or the shipped model (see ``TrialOutcomeClassifier.from_pretrained``)."""
    path = _shipped() if str(folder) == "default" else Path(folder)
    if not path.is_dir():
        raise MissingArtefactError(f"no model folder {path}; give a folder that save_pretrained wrote, or `default`")
    config = read_json(path / "config.json")
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise CorruptArtefactError(f"{path / 'config.json'} is no model of format {FORMAT}; get the model again")
    try:
        model = cls(**config["parameters"])
        tensors = _load_tensors(path, config["sha256"].get(_WEIGHTS))
        model.base_rates_ = {group: BaseRate(**rate) for group, rate in config["base_rates"].items()}
        model.blend_ = Blend.from_dict(config["blend"])
        model.networks_ = _load_networks(path, config, tensors)
        model.states_ = StatesModel.from_tensors(_below(_STATES, tensors)) if config["states"] else None
        model.text_models_ = {name: _load_text(_text_folder(path, name)) for name in config["texts"]}
        model.coverage_ = tuple(Coverage(**one) for one in config["coverage"])
        model.tested_ = read_json(path / _TESTED) if (path / _TESTED).is_file() else None
        model.conformal_ = Conformal.from_tensors(_below(_CONFORMAL, tensors))
        model.cloud_ = TrainingCloud.from_tensors(_below(_CLOUD, tensors)) if config["states"] else None
        regressions = [*config["texts"], *([STATES] if config["states"] else [])]
        model.replicates_ = {
            name: Replicates.from_tensors(_below(_REPLICATES.format(name=name), tensors)) for name in regressions
        }
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CorruptArtefactError(f"{path / 'config.json'} is malformed ({error!r}); get the model again") from error
    model.classes_ = np.array([0, 1])
    model._source = path  # to be copied or uploaded as it is
    return model


def copy(source: Path, folder: Path) -> None:
    """Copy a model folder, atomically; hidden files (a hub's or an editor's) are left out.

    Raises
    ------
    MissingArtefactError
        If it is no longer there.
    StorageError
        If the copy cannot be written.
    """
    if not (source / "config.json").is_file():
        raise MissingArtefactError(f"the model folder {source} is no longer there; load the model again, then save it")
    with atomic_folder(folder) as part:
        shutil.copytree(source, part, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))


def _shipped() -> Path:
    return Path(str(resources.files("cladmop"))) / "pretrained" / "default"


def _text_folder(folder: Path, name: str) -> Path:
    return folder / f"text-{name}"


def _provenance(model: "TrialOutcomeClassifier", card: Mapping[str, Any]) -> dict[str, Any]:
    uses_states = bool(model.networks_) or model.states_ is not None
    fingerprint = model.trial_encoder().text.fingerprint if uses_states else None
    versions = {"cladmop": __version__, "python": platform.python_version()}
    return {**versions, "encoder_fingerprint": fingerprint, **card}


def _tensors(model: "TrialOutcomeClassifier") -> Tensors:
    found: dict[str, NDArray[Any]] = {}
    if model.networks_:
        from cladmop.model.half import to_half

        for number, network in enumerate(model.networks_):
            prefix = _NETWORK.format(number=number)
            found |= {prefix + name: array for name, array in to_half(network).items()}
    if model.states_ is not None:
        found |= {_STATES + name: array for name, array in model.states_.tensors().items()}
    for part, replicates in model.replicates_.items():
        prefix = _REPLICATES.format(name=part)
        found |= {prefix + name: array for name, array in replicates.tensors().items()}
    found |= {_CONFORMAL + name: array for name, array in model.conformal_.tensors().items()}
    if model.cloud_ is not None:
        found |= {_CLOUD + name: array for name, array in model.cloud_.tensors().items()}
    return found


def _load_tensors(path: Path, sha256: str | None) -> Tensors:
    if sha256 is None:
        return {}
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    weights = path / _WEIGHTS
    if not weights.is_file():
        raise MissingArtefactError(f"no file {weights}; copy the whole model folder")
    if sha256_of(weights) != sha256:
        raise CorruptArtefactError(f"{weights} does not have the bytes it was written with; get the model again")
    try:
        tensors: Tensors = load_file(weights)
    except SafetensorError as error:
        raise CorruptArtefactError(f"{weights} is no safetensors file ({error}); get the model again") from error
    return tensors


def _below(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}


def _load_networks(path: Path, config: Mapping[str, Any], tensors: Tensors) -> "list[CLaDMoP]":
    if not config["networks"]:
        return []
    try:
        from cladmop.model.half import from_half
    except ImportError as error:
        raise MissingDependencyError(
            f"{path} holds networks, which need torch; install it with: pip install 'cladmop[nn]'"
        ) from error
    from cladmop.model.config import ModelConfig

    sizes = ModelConfig.from_dict(config["model"], where=str(path / "config.json"))
    networks = []
    for number in range(int(config["networks"])):
        try:
            networks.append(from_half(sizes, _below(_NETWORK.format(number=number), tensors)))
        except RuntimeError as error:
            raise CorruptArtefactError(f"{path / _WEIGHTS} does not fit config.json; get the model again") from error
    return networks


def _load_text(folder: Path) -> TextModel:
    rival = load_rival(folder)
    if not isinstance(rival, TextModel):
        raise CorruptArtefactError(f"{folder} holds a {rival.kind!r}, not a text model; get the model again")
    return rival
