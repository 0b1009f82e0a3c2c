"""Ablations: what each part of the method is worth, on validation only.

Every variant is the base settings with one change, trained with the same seeds on the training split, stopped and
measured on validation; the test split is never read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cladmop.encoders.base import EncodedTrial, Unit
from cladmop.errors import InputError
from cladmop.model.config import ModelConfig
from cladmop.pipeline import (
    NetworkSettings,
    Structures,
    encode_trials,
    make_trial_encoder,
    mean_probability,
    train_seeds,
)
from cladmop.reproduce import Say, claim, scores_by_id
from cladmop.results import Row, save_row
from cladmop.shots import draw_reference
from cladmop.top_data import TopData
from cladmop.training.cohort import PretrainTrials

BASE = "as is"
NO_FINETUNING = "no fine-tuning (match score)"


def variants(base: NetworkSettings) -> dict[str, NetworkSettings]:
    """Return every variant of the base settings by name, the base first; what equals the base is left out."""
    encoding = base.encoding
    other_unit = Unit.TOKENS if encoding.unit is Unit.ITEMS else Unit.ITEMS
    other_structures: Structures = "published" if encoding.structures == "repaired" else "repaired"
    largest = [100, 50, 25] if base.preset == "paper" else [32, 16, 8]
    other_preset = "paper" if base.preset == "default" else "default"
    changed = {
        BASE: base,
        "no pre-training": replace(base, pretraining=False),
        NO_FINETUNING: base,
        "no fusion (last layer only)": _model(base, fusion="last"),
        "no grouping (full cross-attention)": _model(base, grouping=False),
        "1 grouping layer": _model(base, centroids=largest[-1:]),
        "2 grouping layers": _model(base, centroids=largest[-2:]),
        "3 grouping layers": _model(base, centroids=largest),
        "S = 0": _model(base, group_layers=0),
        "S = 2": _model(base, group_layers=2),
        "no LoRA (full fine-tuning)": replace(base, finetune={**base.finetune, "mode": "full"}),
        "head only": _lora(base, cross=False, own=False),
        "head + XLoRA": _lora(base, cross=True, own=False),
        "head + SLoRA": _lora(base, cross=False, own=True),
        "plain negatives": replace(base, pretrain={**base.pretrain, "mask_false_negatives": False}),
        f"{other_unit} as units": replace(base, encoding=replace(encoding, unit=other_unit)),
        f"{other_structures} structures": replace(base, encoding=replace(encoding, structures=other_structures)),
        f"{other_preset} preset": replace(base, preset=other_preset),
    }
    return {
        name: settings
        for name, settings in changed.items()
        if name in {BASE, NO_FINETUNING} or _effective(settings) != _effective(base)
    }


def _effective(settings: NetworkSettings) -> tuple[object, ...]:
    """Return all that the settings come to, presets resolved."""
    sizes = ModelConfig.preset(
        settings.preset, text_width=1, molecule_width=1, disease_vocabulary=1, **_as_stored(settings.model)
    )
    stages = settings.pretrain_settings(), settings.finetune_settings()
    return settings.encoding, settings.pretraining, sizes, *stages


def _as_stored(changes: Mapping[str, object]) -> dict[str, object]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}


def _model(base: NetworkSettings, **changes: object) -> NetworkSettings:
    return replace(base, model={**base.model, **changes})


def _lora(base: NetworkSettings, **changes: bool) -> NetworkSettings:
    return replace(base, finetune={**base.finetune, "lora": changes})


def ablate(  # noqa: PLR0917 (data and settings, then what, how often, where)
    data: TopData, base: NetworkSettings, only: Sequence[str], seeds: int, folder: Path, say: Say
) -> list[Row]:
    """Train and score the named variants (all if none is named); finished ones are kept.

    Raises
    ------
    InputError
        If a name is not a variant, or the folder was begun with other settings.
    """
    known = variants(base)
    unknown = [name for name in only if name not in known]
    if unknown:
        raise InputError(f"--only {unknown[0]!r}: the variants are {', '.join(map(repr, known))}")
    claim(folder, {**data.identity(), "seeds": seeds, **base.to_dict()})
    names = list(only) or list(known)
    encoded: dict[object, list[list[EncodedTrial]]] = {}
    rows = []
    for number, name in enumerate(known):
        if name not in names:
            continue
        settings = known[name]
        if settings.encoding not in encoded:
            encoded.clear()  # the states of one encoding can fill the memory
            groups = [data.trials("train"), data.trials("valid"), data.past]
            encoded[settings.encoding] = encode_trials(make_trial_encoder(settings.encoding), groups, say)
        say(f"{name} ({names.index(name) + 1} of {len(names)})")
        place = folder / f"{number:02d}"
        scores = _scores(data, settings, name, seeds, place, encoded[settings.encoding])
        rows.append(save_row(place / "row", name, f"{seeds} seeds" if seeds > 1 else "one seed", {"valid": [scores]}))
    return rows


def _scores(  # noqa: PLR0917 (as `ablate`)
    data: TopData, settings: NetworkSettings, name: str, seeds: int, folder: Path, groups: Sequence[list[EncodedTrial]]
) -> Mapping[str, float]:
    train, valid, past = groups
    if name == NO_FINETUNING:
        return _match_scores(data, settings, folder, groups)
    labelled = (train, data.labels("train")), (valid, data.labels("valid"))
    networks = train_seeds(folder, settings, seeds, *labelled, data.pool(past))
    return scores_by_id(data.trials("valid"), mean_probability(networks, valid))


def _match_scores(
    data: TopData, settings: NetworkSettings, folder: Path, groups: Sequence[list[EncodedTrial]]
) -> Mapping[str, float]:
    from cladmop.pipeline import pretrain_network
    from cladmop.training.predict import match_scores

    train, valid, past = groups
    successes = [trial for trial, label in zip(train, data.labels("train"), strict=True) if label == 1]
    network = pretrain_network(
        folder / f"seed-{settings.seed}" / "pretrained",
        settings,
        PretrainTrials.successes(successes).joined(data.pool(past)),
    )
    reference = draw_reference(successes, settings.seed)
    return scores_by_id(data.trials("valid"), match_scores(network, valid, reference))
