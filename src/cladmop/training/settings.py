"""Settings of the two training stages, stored beside the weights as JSON."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from cladmop.model.config import Settings
from cladmop.model.lora import LoraSettings
from cladmop.training.cohort import Objective


@dataclass(frozen=True)
class TrainSettings(Settings):
    """What both stages have in common."""

    epochs: int = 40
    """Epochs at most."""
    patience: int = 8
    """Epochs without a better validation value after which training stops."""
    batch_size: int = 128
    """Trials a batch, at most."""
    tokens_per_batch: int = 131_072
    """Criteria tokens a batch, padding included, at most; batches of long trials get fewer trials."""
    learning_rate: float = 1e-3
    """Step size of Adam."""
    weight_decay: float = 0.01
    """Decoupled weight decay of matrices; biases, norms, tables and learned tokens have none."""
    seed: int = 0
    """Decides the starting weights, the order of batches and dropout."""
    threads: int = 1
    """CPU threads; results are equal to the last bit for equal threads only."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        InputError
            If a field is outside its range.
        """
        self.require_choices()
        for name in ("epochs", "patience", "batch_size", "tokens_per_batch", "threads"):
            self.require(name, condition=getattr(self, name) >= 1, allowed="a whole number from 1")
        self.require("learning_rate", condition=self.learning_rate > 0, allowed="a number above 0")
        self.require("weight_decay", condition=self.weight_decay >= 0, allowed="a number from 0")
        self.require("seed", condition=self.seed >= 0, allowed="a whole number from 0")


@dataclass(frozen=True)
class PretrainSettings(TrainSettings):
    """Pre-training. Paper: pair matching, batches of 128, Adam at 1e-4, all other trials of the batch as negatives."""

    epochs: int = 15
    """Epochs at most."""
    mask_false_negatives: bool = True
    """Whether trials with the same drug or disease set are left out as negatives (paper: no)."""
    pair_block: int = 4
    """Trials of a block in which every criteria is fused with every drug set; used where ``match`` is ``paired``."""
    objective: Objective = "matching"
    """``matching``: pairs of successful trials (paper); ``completion``: completed against stopped past trials;
    ``both``: the sum of the two losses."""
    completion_weight: float = 1.0
    """Weight of completion beside pair matching, above 0; used where ``objective`` is ``both``."""
    hard_negatives: float = 0.0
    """Share of the trials, in [0, 1], batched with trials of like diseases in place of like length, so that their
    negatives are of the same area (paper: 0)."""

    def __post_init__(self) -> None:
        """Check ranges, as `TrainSettings`."""
        super().__post_init__()
        self.require("pair_block", condition=self.pair_block >= 2, allowed="a whole number from 2")
        positive = 0 < self.completion_weight < math.inf
        self.require("completion_weight", condition=positive, allowed="a finite number above 0")
        self.require("hard_negatives", condition=0 <= self.hard_negatives <= 1, allowed="a share in [0, 1]")

    @property
    def weight_beside_matching(self) -> float:
        """Weight of the completion loss: 1 where it stands alone."""
        return self.completion_weight if self.objective == "both" else 1.0

    def deciding(self) -> dict[str, Any]:
        """Return the fields as JSON values without those that are off, which decide nothing.

        So a training keeps its identity, and is found again, when a setting is added that it does not use.
        """
        off = {"objective"} if self.objective == "matching" else set()
        off |= {"completion_weight"} if self.objective != "both" else set()
        off |= {"hard_negatives"} if self.hard_negatives == 0 else set()
        return {name: value for name, value in self.to_dict().items() if name not in off}

    @classmethod
    def paper(cls, *, seed: int = 0) -> "PretrainSettings":
        """Return the paper's settings."""
        return cls(epochs=40, learning_rate=1e-4, weight_decay=0.0, mask_false_negatives=False, seed=seed)


@dataclass(frozen=True)
class FinetuneSettings(TrainSettings):
    """Outcome prediction."""

    mode: Literal["lora", "full"] = "lora"
    """``lora``: adapters and head train; ``full``: everything does."""
    head_learning_rate: float = 1e-3
    """Step size of the outcome head; ``learning_rate`` is that of the rest."""
    lora: LoraSettings = field(default_factory=LoraSettings)
    """What is adapted in mode ``lora``."""
    class_weighted: bool = True
    """Whether successes weigh failures / successes in the loss, so that both classes count alike."""
    metric: Literal["loss", "average_precision", "roc_auc"] = "loss"
    """Validation value that decides when to stop and which epoch to keep."""
    epochs: int = 12
    """Epochs at most."""

    def __post_init__(self) -> None:
        """Check ranges, as `TrainSettings`."""
        super().__post_init__()
        self.require("head_learning_rate", condition=self.head_learning_rate > 0, allowed="a number above 0")

    @classmethod
    def paper(cls, phase: Literal["I", "II", "III"], *, seed: int = 0) -> "FinetuneSettings":
        """Return the paper's settings for a phase: head at 1e-2, LoRA at 5e-2, in phase III at 1e-3."""
        rate = 1e-3 if phase == "III" else 5e-2
        return cls(epochs=30, learning_rate=rate, head_learning_rate=1e-2, weight_decay=0.0, seed=seed)
