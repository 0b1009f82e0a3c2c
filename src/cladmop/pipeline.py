"""From trials to a trained network: encode -> pretrain -> finetune -> score, each stage resumable in its folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cladmop.config import states_dir
from cladmop.encoders.base import EncodedTrial, Unit
from cladmop.model.config import Settings
from cladmop.records import Trial
from cladmop.training.cohort import Objective, Pool, PretrainTrials

if TYPE_CHECKING:
    from cladmop.encoders.cache import Forecast
    from cladmop.encoders.trial import TrialEncoder
    from cladmop.model.cladmop import CLaDMoP
    from cladmop.model.config import ModelConfig
    from cladmop.training.cost import TrainingForecast
    from cladmop.training.settings import FinetuneSettings, PretrainSettings

Structures = Literal["repaired", "published"]
Dtype = Literal["auto", "float32", "bfloat16"]
_HELD_OUT = 10
"""One trial in so many is held out of pre-training."""
STAGES = ("pretrained", "finetuned")
"""Folders of a network's two stages within its own."""
_OBJECTIVES = {"matching": "pair matching", "completion": "completion", "both": "pair matching and completion"}
Labelled = tuple[Sequence[EncodedTrial], Sequence[int]]
"""Encoded trials with their labels, 0 or 1."""


@dataclass(frozen=True)
class EncodingSettings(Settings):
    """What turns a trial into arrays."""

    encoder: str = "minilm"
    """Embedded name (``minilm``, ``smollm2``), hub name or folder of the frozen language model."""
    revision: str | None = None
    """Hub revision; none for embedded models and folders."""
    unit: Unit = Unit.ITEMS
    """What one criteria vector stands for."""
    structures: Structures = "repaired"
    """``repaired``: structures of the drug names as resolved here; ``published``: as the data set lists them."""
    dtype: Dtype = "auto"
    """Arithmetic of the frozen language model: ``auto``, ``float32`` or ``bfloat16``."""
    molecules: Literal["morgan", "minimol"] = "morgan"
    """Molecule features: Morgan counts and descriptors, or MiniMol's pretrained ones (extra ``minimol``)."""


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """Everything that decides a trained CLaDMoP network, apart from the trials."""

    encoding: EncodingSettings = field(default_factory=EncodingSettings)
    preset: str = "default"
    """Widths and depths: ``paper`` or ``default``."""
    phase: Literal["I", "II", "III"] = "I"
    """Phase of the labels; the paper's learning rates depend on it."""
    model: dict[str, Any] = field(default_factory=dict)
    """Fields of ``ModelConfig`` that differ from the preset (ablations)."""
    pretraining: bool = True
    """Pre-training on past trials before the labels are seen."""
    pretrain: dict[str, Any] = field(default_factory=dict)
    """Fields of ``PretrainSettings`` that differ from the preset."""
    finetune: dict[str, Any] = field(default_factory=dict)
    """Fields of ``FinetuneSettings`` that differ from the preset."""
    seed: int = 0

    def model_config(self, example: EncodedTrial) -> "ModelConfig":
        """Return the network's sizes for trials encoded like ``example``."""
        from cladmop.diseases.icd import vocabulary
        from cladmop.model.config import ModelConfig

        return ModelConfig.preset(
            self.preset,
            text_width=example.criteria.shape[2],
            molecule_width=example.molecules.shape[1],
            disease_vocabulary=len(vocabulary()),
            **self.model,
        )

    def pretrain_settings(self) -> "PretrainSettings":
        """Return the preset's settings of pre-training with this network's changes and seed."""
        from cladmop.training.settings import PretrainSettings

        preset = PretrainSettings.paper() if self.preset == "paper" else PretrainSettings()
        return replace(preset, **self.pretrain, seed=self.seed)

    def finetune_settings(self) -> "FinetuneSettings":
        """Return the preset's settings of fine-tuning with this network's changes and seed."""
        from cladmop.model.lora import LoraSettings
        from cladmop.training.settings import FinetuneSettings

        preset = FinetuneSettings.paper(self.phase) if self.preset == "paper" else FinetuneSettings()
        changes = dict(self.finetune)
        if "lora" in changes:
            changes["lora"] = LoraSettings.from_dict(changes["lora"], where="lora")
        return replace(preset, **changes, seed=self.seed)

    @property
    def objective(self) -> Objective:
        """What pre-training learns."""
        return self.pretrain_settings().objective

    def slug(self) -> str:
        """Return a short name for folders: ``minilm-items-repaired-default``."""
        encoder = Path(self.encoding.encoder).name
        parts = (encoder, self.encoding.unit, self.encoding.structures, self.preset)
        changes: list[str] = [] if self.encoding.molecules == "morgan" else [self.encoding.molecules]
        changes += [] if self.objective == "matching" else [self.objective]
        changes += [] if self.pretraining else ["no-pretraining"]
        return "-".join((*parts, *changes))

    def describe(self, seeds: int) -> str:
        """Return what the row of a table holds, in a few words."""
        pretraining = f"{_OBJECTIVES[self.objective]}, LoRA" if self.pretraining else "no pre-training"
        members = f"mean of {seeds} seeds" if seeds > 1 else "one seed"
        return f"{self.preset} preset, {self.encoding.structures} structures, {pretraining}, {members}"


def make_trial_encoder(settings: EncodingSettings) -> "TrialEncoder":
    """Build the encoder of whole trials: frozen language model with its cache, molecules, diseases."""
    from cladmop.drugs.resolve import DrugResolver
    from cladmop.encoders.cache import StateCache
    from cladmop.encoders.disease import DiseaseEncoder
    from cladmop.encoders.molecule import MiniMolFeaturizer, MorganFeaturizer
    from cladmop.encoders.text import load_text_encoder
    from cladmop.encoders.trial import TrialEncoder

    return TrialEncoder(
        text=partial(load_text_encoder, settings.encoder, revision=settings.revision, dtype=settings.dtype),
        cache=StateCache(states_dir()),
        unit=settings.unit,
        structures=settings.structures,
        molecules=MorganFeaturizer() if settings.molecules == "morgan" else MiniMolFeaturizer(),
        resolver=DrugResolver.default(),
        diseases=DiseaseEncoder(),
    )


def encode_trials(
    encoder: "TrialEncoder", groups: Sequence[Sequence[Trial]], say: Callable[[str], None]
) -> list[list[EncodedTrial]]:
    """Encode several groups of trials after saying what it will cost; cached states are not computed again."""
    everything = [trial for group in groups for trial in group]
    say(encoding_cost(encoder, encoder.forecast(everything, timed=True)))
    encoded = iter(encoder.encode(everything))
    return [[next(encoded) for _ in group] for group in groups]


def encoding_cost(encoder: "TrialEncoder", forecast: "Forecast") -> str:
    """Return one line on what encoding will cost: texts, tokens, disk, time and memory, or that all is cached."""
    from cladmop.training.cost import gigabytes, memory_used

    if not forecast.missing:
        return f"{encoder.text.name}: all {forecast.texts:,} texts are cached, nothing to encode"
    return f"{encoder.text.name}: {forecast}, about {gigabytes(memory_used())} of memory"


class Encodings:
    """Trials as arrays, by how they are encoded; remembers those of the encoding asked for last.

    Those of others are dropped, since one encoding can fill the memory.

    Parameters
    ----------
    say
        Told what encoding will cost.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last: tuple[EncodingSettings, TrialEncoder] | None = None
        self._encoded: dict[Trial, EncodedTrial] = {}

    def encoder(self, encoding: EncodingSettings) -> "TrialEncoder":
        """Return the encoder of some settings."""
        if self._last is None or self._last[0] != encoding:
            self._last = encoding, make_trial_encoder(encoding)
            self._encoded.clear()
        return self._last[1]

    def encode(self, encoding: EncodingSettings, trials: Sequence[Trial]) -> list[EncodedTrial]:
        """Return the arrays of trials, in input order; those remembered are not read again."""
        encoder = self.encoder(encoding)
        new = [trial for trial in dict.fromkeys(trials) if trial not in self._encoded]
        if new:
            forecast = encoder.forecast(new, timed=True)
            if forecast.missing:
                self._say(encoding_cost(encoder, forecast))
            arrays = encoder.encode(new)
            self._encoded.update(zip(new, arrays, strict=True))
        return [self._encoded[trial] for trial in trials]


def train_network(folder: Path, settings: NetworkSettings, train: Labelled, valid: Labelled, pool: Pool) -> "CLaDMoP":
    """Pre-train on past trials, fine-tune on labelled ones; finished stages in ``folder`` are kept.

    Parameters
    ----------
    folder
        Gets ``pretrained/`` and ``finetuned/``.
    settings
        Of the network and both stages.
    train, valid
        Trials that teach the outcome, and those that decide when to stop.
    pool
        Further trials for pre-training: successful ones, or any with their labels. The successes of ``train`` are
        added for pair matching, those of ``valid`` never. A trial that judges a model, in validation or test, is not
        looked for in the pool: the caller leaves it out.
    """
    from cladmop.training.finetune import finetune

    start = None
    if settings.pretraining:
        successes = PretrainTrials.successes([trial for trial, label in zip(*train, strict=True) if label == 1])
        start = pretrain_network(folder / "pretrained", settings, successes.joined(PretrainTrials.of(pool)))
    return finetune(
        start,
        *train,
        *valid,
        settings.finetune_settings(),
        folder / "finetuned",
        config=settings.model_config(train[0][0]) if start is None else None,
    )


def pretrain_network(folder: Path, settings: NetworkSettings, pool: Pool) -> "CLaDMoP":
    """Pre-train by the objective of ``settings``; every tenth trial, drawn by seed, is held out to stop by.

    Trials without a part in the objective are left out first; of those with the same labels a tenth is drawn.
    """
    from cladmop.training.pretrain import pretrain

    stage = settings.pretrain_settings()
    trials = PretrainTrials.of(pool).serving(stage.objective)
    trials.require(stage.objective, "the pool")
    held_out, rest = _hold_out(trials, settings.seed)
    return pretrain(rest, held_out, settings.model_config(trials.encoded[0]), stage, folder)


def forecast_training(  # noqa: PLR0917 (what is trained on what, then where)
    settings: NetworkSettings,
    train: Labelled,
    valid: Labelled,
    pool: Pool,
    pretrained: Sequence[Path],
    finetuned: Sequence[Path],
    scored: int = 0,
) -> "TrainingForecast":
    """Say what training networks will take, from a few epochs on some of their batches, which are thrown away.

    Nothing is timed where nothing is left.

    Parameters
    ----------
    settings, train, valid, pool
        Of one of the networks, as for `train_network`; the others are taken to cost as much.
    pretrained, finetuned
        Folders of the two stages of all of them.
    scored
        Trials that each network scores once it is trained.
    """
    from cladmop.training.cost import TrainingForecast, left_of, memory_used

    learning, tuning = settings.pretrain_settings(), settings.finetune_settings()
    first = left_of(pretrained if settings.pretraining else (), learning.epochs)
    second = left_of(finetuned, tuning.epochs)
    stages = (("pre-trained networks", first), ("fine-tuned networks", second))
    if not first.open and not second.open:
        return TrainingForecast(stages, 0.0, 0)
    from cladmop.training.pace import bytes_beyond, finetuning_pace, pretraining_pace, scoring_seconds

    seconds, beyond = 0.0, 0
    if first.open:
        successes = PretrainTrials.successes([trial for trial, label in zip(*train, strict=True) if label == 1])
        everything = successes.joined(PretrainTrials.of(pool)).serving(settings.objective)
        everything.require(settings.objective, "the pool")
        seconds = first.seconds(pretraining_pace(everything, settings.model_config(everything.encoded[0]), learning))
        beyond = bytes_beyond(everything.encoded, learning)
    if second.open:
        config = settings.model_config(train[0][0])
        seconds += second.seconds(finetuning_pace(train, valid, config, tuning))
        seconds += second.open * scoring_seconds(train[0], config, scored)
        beyond = max(beyond, bytes_beyond(train[0], tuning))
    return TrainingForecast(stages, seconds, memory_used() + beyond)


def _hold_out(trials: PretrainTrials, seed: int) -> tuple[PretrainTrials, PretrainTrials]:
    order = np.random.default_rng(seed).permutation(len(trials))
    kinds = trials.kinds[order]
    drawn = [order[kinds == kind] for kind in np.unique(kinds)]
    held_out = np.sort(np.concatenate([rows[: max(2, len(rows) // _HELD_OUT)] for rows in drawn]))
    return trials.take(held_out), trials.take(np.setdiff1d(order, held_out))


def train_seeds(  # noqa: PLR0917 (where and how, then the three sets of trials)
    folder: Path, settings: NetworkSettings, seeds: int, train: Labelled, valid: Labelled, pool: Pool
) -> "list[CLaDMoP]":
    """Train networks that differ in their seed only: ``settings.seed``, ``settings.seed + 1``, ..."""
    return [
        train_network(folder / f"seed-{seed}", replace(settings, seed=seed), train, valid, pool)
        for seed in range(settings.seed, settings.seed + seeds)
    ]


def mean_probability(networks: "Sequence[CLaDMoP]", encoded: Sequence[EncodedTrial]) -> NDArray[np.float64]:
    """Return the probabilities of success of networks of one configuration, averaged as log-odds, shape (n,)."""
    from scipy.special import expit

    from cladmop.training.predict import ensemble_logits, together

    logits = ensemble_logits(together(networks), encoded).mean(axis=0)
    return np.asarray(expit(logits), dtype=np.float64)
