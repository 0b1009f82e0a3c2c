"""The variants: the base settings with one change each, where the change comes from, and who made the choice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cladmop.encoders.base import Unit
from cladmop.model.config import ModelConfig
from cladmop.pipeline import NetworkSettings, Structures

BASE = "as is"
NO_FINETUNING = "no fine-tuning (match score)"

Group = Literal["base", "paper", "ours"]
"""Whose choice is undone: nobody's, a part of the paper's method, or a choice of this package."""


@dataclass(frozen=True)
class Variant:
    """One way to make the network."""

    settings: NetworkSettings
    group: Group
    source: str
    """Where the change comes from: an ablation or a part of the paper, or a row of docs/deviations.md."""
    pool: Literal["all", "phase"] = "all"
    """Past trials beside the training successes: those of all phases (full split) or of this one (phase split)."""
    labels: Literal["phase", "all"] = "phase"
    """Trials that fine-tuning learns from: those of this phase, or those of other phases as well."""
    score: Literal["outcome", "match"] = "outcome"
    """What is measured: the fine-tuned outcome, or the zero-shot match of pre-training."""

    def pretraining(self) -> tuple[object, ...]:
        """Return all that decides the pre-trained network of given trials; variants with equal values share it."""
        settings = self.settings
        return settings.encoding, settings.pretraining, _sizes(settings), settings.pretrain_settings(), self.pool

    def effect(self) -> tuple[object, ...]:
        """Return all that the scores of given trials come from, presets resolved."""
        return *self.pretraining(), self.settings.finetune_settings(), self.labels, self.score


def variants(base: NetworkSettings) -> dict[str, Variant]:
    """Return every variant of the base settings by name, the base first; what equals the base is left out."""
    first = Variant(base, "base", "the settings given")
    changed = {**_of_the_paper(base), **_ours(base), **dict(_encodings(base))}
    return {BASE: first, **{name: one for name, one in changed.items() if one.effect() != first.effect()}}


def _of_the_paper(base: NetworkSettings) -> dict[str, Variant]:
    """Return the changes to what the paper is made of."""
    largest = [100, 50, 25] if base.preset == "paper" else [32, 16, 8]
    table, part = "ablation table of the paper, phase III", "part of the paper's method"

    def ablated(settings: NetworkSettings, source: str = table, **further: Any) -> Variant:  # noqa: ANN401 (fields)
        return Variant(settings, "paper", source, **further)

    return {
        "no pre-training": ablated(replace(base, pretraining=False)),
        NO_FINETUNING: ablated(base, score="match"),
        "phase split": ablated(base, "the paper's phase split against its full split", pool="phase"),
        "no fusion (last layer only)": ablated(_model(base, fusion="last"), part),
        "no grouping (full cross-attention)": ablated(_model(base, grouping=False), part),
        "1 grouping layer": ablated(_model(base, centroids=largest[-1:])),
        "2 grouping layers": ablated(_model(base, centroids=largest[-2:])),
        "3 grouping layers": ablated(_model(base, centroids=largest)),
        "S = 0": ablated(_model(base, group_layers=0)),
        "S = 1": ablated(_model(base, group_layers=1)),
        "S = 2": ablated(_model(base, group_layers=2)),
        "no LoRA (full fine-tuning)": ablated(_finetune(base, mode="full"), part),
        "head only": ablated(_lora(base, cross=False, own=False)),
        "head + XLoRA": ablated(_lora(base, cross=True, own=False)),
        "head + SLoRA": ablated(_lora(base, cross=False, own=True)),
    }


def _ours(base: NetworkSettings) -> dict[str, Variant]:
    """Return the changes to what this package chose, on the base's encoding."""
    preset = "paper" if base.preset == "default" else "default"

    def chosen(settings: NetworkSettings, row: str, **further: Any) -> Variant:  # noqa: ANN401 (fields)
        return Variant(settings, "ours", f"deviation: {row}", **further)

    return {
        "all phases' labels": Variant(base, "ours", "the paper fine-tunes on one phase at a time", labels="all"),
        "plain negatives": chosen(_pretrain(base, mask_false_negatives=False), "negatives"),
        "hard negatives": chosen(_pretrain(base, hard_negatives=0.5), "negatives"),
        "paired match": chosen(_model(base, match="paired"), "pair matching"),
        "unfused match": chosen(_model(base, match="unfused"), "pair matching"),
        "own match": chosen(_model(base, match="own"), "pair matching"),
        "max pooling": chosen(_model(base, pooling="max"), "pooling"),
        "attention pooling": chosen(_model(base, pooling="attention"), "pooling"),
        "no names": chosen(_model(base, names=False), "drugs and diseases"),
        "no sides": chosen(_model(base, sides=False), "inclusion and exclusion"),
        "no phase token": chosen(_model(base, phase_token=False), "phase"),
        f"{preset} preset": Variant(
            replace(base, preset=preset), "ours", "all sizes, switches and rates at once, the paper's or ours"
        ),
    }


def _encodings(base: NetworkSettings) -> Iterator[tuple[str, Variant]]:
    """Yield the changes to what the network reads, last, so that states of one encoding are dropped once."""
    encoding = base.encoding
    structures: Structures = "published" if encoding.structures == "repaired" else "repaired"
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        f"{structures} structures": ("deviation: structures", {"structures": structures}),
    }
    for encoder in ("minilm", "smollm2"):
        if encoder != encoding.encoder:
            changes[f"{encoder} encoder"] = (
                "the paper reads BioGPT, which no registry carries",
                {"encoder": encoder, "revision": None},
            )
    unit = Unit.TOKENS if encoding.unit is Unit.ITEMS else Unit.ITEMS
    changes[f"{unit} as units"] = ("deviation: criteria units", {"unit": unit})
    for name, (source, change) in changes.items():
        yield name, Variant(replace(base, encoding=replace(encoding, **change)), "ours", source)


def _sizes(settings: NetworkSettings) -> ModelConfig:
    """Return the network's sizes, presets resolved; those that belong to the encoders stand at 1."""
    changes = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.model.items()}
    return ModelConfig.preset(settings.preset, text_width=1, molecule_width=1, disease_vocabulary=1, **changes)


def _model(base: NetworkSettings, **changes: object) -> NetworkSettings:
    return replace(base, model={**base.model, **changes})


def _pretrain(base: NetworkSettings, **changes: object) -> NetworkSettings:
    return replace(base, pretrain={**base.pretrain, **changes})


def _finetune(base: NetworkSettings, **changes: object) -> NetworkSettings:
    return replace(base, finetune={**base.finetune, **changes})


def _lora(base: NetworkSettings, **changes: bool) -> NetworkSettings:
    given: Mapping[str, Any] = base.finetune.get("lora", {})
    return _finetune(base, mode="lora", lora={**given, **changes})
