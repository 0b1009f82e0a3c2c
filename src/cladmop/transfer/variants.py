"""The ways to pre-train and fine-tune that are compared."""

from dataclasses import dataclass, replace
from typing import Any

from cladmop.estimator.classifier import NETWORK_CHANGES
from cladmop.pipeline import NetworkSettings

NO_PRETRAINING = "no pre-training"
"""The variant that all others are compared with."""
WHOLE = "corpus"
"""The variant that pre-trains on the whole corpus."""


@dataclass(frozen=True)
class Variant:
    """One way to pre-train and fine-tune."""

    settings: NetworkSettings
    corpus: float = 1.0
    """Share of the corpus that pre-training sees; smaller shares lie within larger ones."""
    since: int | None = None
    """Only trials of the corpus that ended in this year or later; none for all."""
    every_completed: bool = False
    """Whether pair matching also sees completed trials that no rule calls successful."""

    def pretraining(self) -> tuple[object, ...]:
        """Return all that decides the pre-trained network of a fold."""
        settings = self.settings
        return settings.pretraining, settings.model, settings.pretrain, self.corpus, self.since, self.every_completed


def variants(base: NetworkSettings) -> dict[str, Variant]:
    """Return every variant by name, the reference first.

    The network is that of the shipped model: full fine-tuning, strong dropout and decay, a fixed number of epochs.
    """
    base = replace(base, model=dict(NETWORK_CHANGES["model"]), finetune=dict(NETWORK_CHANGES["finetune"]))
    matching, none = Variant(base), replace(base, pretraining=False)
    completion, both = (_pretrain(base, objective=objective) for objective in ("completion", "both"))
    return {
        NO_PRETRAINING: Variant(none),
        "TOP's successes": Variant(base, corpus=0.0),
        "corpus, 1/8": Variant(base, corpus=1 / 8),
        "corpus, 1/4": Variant(base, corpus=1 / 4),
        "corpus, 1/2": Variant(base, corpus=1 / 2),
        WHOLE: matching,
        "completion, 1/4": Variant(completion, corpus=1 / 4),
        "completion, 1/2": Variant(completion, corpus=1 / 2),
        "completion": Variant(completion),
        "corpus and completion": Variant(both),
        "corpus, ended since 2003": Variant(base, since=2003),
        "completion, ended since 2003": Variant(completion, since=2003),
        "corpus, every completed trial": Variant(base, every_completed=True),
        "corpus, hard negatives": Variant(_pretrain(base, hard_negatives=0.5)),
        "corpus, unfused match": Variant(_model(base, match="unfused")),
        "corpus, no names": Variant(_model(base, names=False)),
        "corpus, LoRA": Variant(_finetune(base, mode="lora", learning_rate=1e-3, head_learning_rate=1e-3)),
        "corpus, slow fine-tuning": Variant(_finetune(base, learning_rate=1e-4)),
        "corpus and completion, slow fine-tuning": Variant(_finetune(both, learning_rate=1e-4)),
    }


def _model(base: NetworkSettings, **changes: Any) -> NetworkSettings:  # noqa: ANN401 (fields of ModelConfig)
    return replace(base, model={**base.model, **changes})


def _pretrain(base: NetworkSettings, **changes: Any) -> NetworkSettings:  # noqa: ANN401 (fields of PretrainSettings)
    return replace(base, pretrain={**base.pretrain, **changes})


def _finetune(base: NetworkSettings, **changes: Any) -> NetworkSettings:  # noqa: ANN401 (fields of FinetuneSettings)
    return replace(base, finetune={**base.finetune, **changes})
