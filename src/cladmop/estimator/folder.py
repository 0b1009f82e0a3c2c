"""Model folders: config.json, model.safetensors, text parts, metrics.json, provenance.json and a model card."""

import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cladmop import __version__
from cladmop.errors import CorruptArtefactError, MissingArtefactError
from cladmop.estimator.blend import Blend
from cladmop.estimator.card import card_text, out_of_fold_metrics
from cladmop.estimator.prediction import BaseRate
from cladmop.evaluation.rivals.checkpoint import load_rival, save_rival
from cladmop.evaluation.rivals.tfidf import TextModel
from cladmop.storage import atomic_folder, read_json, sha256_of, write_json

if TYPE_CHECKING:
    from torch import Tensor

    from cladmop.estimator.classifier import TrialOutcomeClassifier
    from cladmop.model.cladmop import CLaDMoP

FORMAT = 1
"""Version of the folder layout; a reader refuses others."""
_WEIGHTS = "model.safetensors"
_NETWORK = "network-{number}."


def save(model: "TrialOutcomeClassifier", folder: Path, card: Mapping[str, Any]) -> None:
    """Write a fitted model as a folder, atomically (see ``TrialOutcomeClassifier.save_pretrained``)."""
    from safetensors.torch import save_file

    with atomic_folder(folder) as part:
        digests = {}
        if model.networks_:
            save_file(_network_tensors(model.networks_), part / _WEIGHTS)
            digests[_WEIGHTS] = sha256_of(part / _WEIGHTS)
        for name, text_model in model.text_models_.items():
            save_rival(text_model, part / f"text-{name}")
        config = {
            "format": FORMAT,
            "parameters": _parameters(model),
            "model": model.networks_[0].config.to_dict() if model.networks_ else None,
            "networks": len(model.networks_),
            "encoder_fingerprint": model.trial_encoder().text.fingerprint if model.networks_ else None,
            "blend": model.blend_.to_dict(),
            "base_rates": {group: asdict(rate) for group, rate in model.base_rates_.items()},
            "sha256": digests,
        }
        metrics = out_of_fold_metrics(model)
        write_json(part / "config.json", config)
        write_json(part / "metrics.json", metrics)
        write_json(part / "provenance.json", {"cladmop": __version__, "python": platform.python_version(), **card})
        (part / "README.md").write_text(card_text(model, metrics, card), encoding="utf-8")


def load(cls: "type[TrialOutcomeClassifier]", folder: str | Path) -> "Any":  # noqa: ANN401 (an instance of cls)
    """Load a model folder, or the shipped model (see ``TrialOutcomeClassifier.from_pretrained``)."""
    import numpy as np

    path = _shipped() if str(folder) == "default" else Path(folder)
    if not path.is_dir():
        raise MissingArtefactError(f"no model folder {path}; give a folder that save_pretrained wrote, or `default`")
    config = read_json(path / "config.json")
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise CorruptArtefactError(f"{path / 'config.json'} is no model of format {FORMAT}; get the model again")
    try:
        parameters = dict(config["parameters"])
        model = cls(**{**parameters, "text_parts": tuple(parameters["text_parts"])})
        model.base_rates_ = {group: BaseRate(**rate) for group, rate in config["base_rates"].items()}
        model.blend_ = Blend.from_dict(config["blend"])
        model.networks_ = _load_networks(path, config)
    except (KeyError, TypeError, AttributeError) as error:
        raise CorruptArtefactError(f"{path / 'config.json'} is malformed ({error!r}); get the model again") from error
    model.text_models_ = {name: _load_text(path / f"text-{name}") for name in model.text_parts}
    model.classes_ = np.array([0, 1])
    return model


def _shipped() -> Path:
    return Path(str(resources.files("cladmop"))) / "pretrained" / "default"


def _parameters(model: "TrialOutcomeClassifier") -> dict[str, Any]:
    """Return the constructor's arguments, but where this machine keeps its checkpoints."""
    parameters: dict[str, Any] = model.get_params(deep=False)
    return {
        **{key: value for key, value in parameters.items() if key != "work_dir"},
        "text_parts": list(model.text_parts),
    }


def _network_tensors(networks: "list[CLaDMoP]") -> "dict[str, Tensor]":
    return {
        _NETWORK.format(number=number) + name: tensor.detach().contiguous()
        for number, network in enumerate(networks)
        for name, tensor in network.state_dict().items()
    }


def _load_networks(path: Path, config: Mapping[str, Any]) -> "list[CLaDMoP]":
    if not config["networks"]:
        return []
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from cladmop.model.cladmop import CLaDMoP
    from cladmop.model.config import ModelConfig

    weights = path / _WEIGHTS
    if not weights.is_file():
        raise MissingArtefactError(f"no file {weights}; copy the whole model folder")
    if sha256_of(weights) != config["sha256"][_WEIGHTS]:
        raise CorruptArtefactError(f"{weights} does not have the bytes it was written with; get the model again")
    try:
        tensors = load_file(weights)
    except SafetensorError as error:
        raise CorruptArtefactError(f"{weights} is no safetensors file ({error}); get the model again") from error
    sizes = ModelConfig.from_dict(config["model"], where=str(path / "config.json"))
    networks = []
    for number in range(int(config["networks"])):
        prefix = _NETWORK.format(number=number)
        own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        network = CLaDMoP(sizes)
        try:
            network.load_state_dict(own)
        except RuntimeError as error:
            raise CorruptArtefactError(f"{weights} does not fit config.json ({error}); get the model again") from error
        networks.append(network.eval())
    return networks


def _load_text(folder: Path) -> TextModel:
    rival = load_rival(folder)
    if not isinstance(rival, TextModel):
        raise CorruptArtefactError(f"{folder} holds a {rival.kind!r}, not a text model; get the model again")
    return rival
