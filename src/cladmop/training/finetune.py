"""Stage two: learn the outcome, with LoRA on the drug branch or in full.

Shapes: B trials.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.evaluation.metrics import average_precision, roc_auc
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig
from cladmop.model.lora import add_lora, merge_lora, trainable_parameters
from cladmop.model.losses import weighted_bce
from cladmop.training.batches import Batches, fingerprint
from cladmop.training.checkpoint import load_model
from cladmop.training.frozen import logits_of
from cladmop.training.loop import (
    Stage,
    finish,
    finished,
    identity_of,
    parameter_groups,
    reproducible,
    run,
    weights_digest,
)
from cladmop.training.settings import FinetuneSettings


class _Labelled(NamedTuple):
    trials: Sequence[EncodedTrial]
    labels: NDArray[np.float32]


def finetune(  # noqa: PLR0917 (two labelled sets in the order of scikit-learn's fit, then how and where)
    start: CLaDMoP | Path | None,
    train: Sequence[EncodedTrial],
    train_labels: ArrayLike,
    valid: Sequence[EncodedTrial],
    valid_labels: ArrayLike,
    settings: FinetuneSettings,
    folder: Path,
    *,
    config: ModelConfig | None = None,
) -> CLaDMoP:
    """Train the outcome; keep the epoch that validates best.

    Parameters
    ----------
    start
        The pre-trained network, or its folder; none to start from random weights, with ``config``. It is not changed.
    train, train_labels
        Trials and their labels, 1 success and 0 failure; both classes must be there.
    valid, valid_labels
        Trials that decide when to stop; empty to train all epochs and keep the last (few-shot).
    settings
        Of the training.
    folder
        Where weights, config, history and, until it is finished, the state for resuming go. A finished training is
        not run again.
    config
        Sizes and switches, where ``start`` is none.

    Returns
    -------
    CLaDMoP
        A plain network, adapters merged, in evaluation mode.

    Raises
    ------
    InputError
        If labels are not 0 and 1 of both kinds, one for each trial; if both or neither of ``start`` and ``config``
        are given; if the folder holds another training.
    """
    fitted = _labelled(train, train_labels, "train_labels")
    judged = _labelled(valid, valid_labels, "valid_labels") if len(valid) else _Labelled((), np.zeros(0, np.float32))
    with reproducible(settings):
        model = _starting_network(start, config)
        identity = identity_of(
            stage="finetune", start=weights_digest(model), settings=settings.to_dict(),
            train=(fingerprint(train), fitted.labels.tolist()), valid=(fingerprint(valid), judged.labels.tolist()),
        )  # fmt: skip
        done = finished(folder, identity)
        if done is not None:
            return done
        stage = _stage(model, fitted, judged, settings)
        history = run(stage, settings, folder, identity)
        if settings.mode == "lora":
            merge_lora(model)
    model.requires_grad_(requires_grad=True)
    manifest = {"stage": "finetune", "identity": identity, "settings": settings.to_dict()}
    finish(model, folder, {**manifest, "trials": len(train), "history": history})
    return model


def _stage(model: CLaDMoP, train: _Labelled, valid: _Labelled, settings: FinetuneSettings) -> Stage:
    if settings.mode == "lora":
        add_lora(model, settings.lora)
    else:
        model.match_head.requires_grad_(requires_grad=False)
    failures, successes = (float((train.labels == label).sum()) for label in (0, 1))
    weight = failures / successes if settings.class_weighted else 1.0
    targets = torch.from_numpy(train.labels)

    def rate(name: str) -> float:
        return settings.head_learning_rate if name.startswith("outcome_head.") else settings.learning_rate

    train_logits, valid_logits = (logits_of(model, labelled.trials, settings) for labelled in (train, valid))
    valid_batches = Batches.over(valid.trials, settings.batch_size, settings.tokens_per_batch).in_order()

    def loss(rows: NDArray[np.intp]) -> torch.Tensor:
        return weighted_bce(train_logits(rows), targets[torch.from_numpy(rows)], weight)

    def validate() -> dict[str, float]:
        logits = torch.cat([valid_logits(rows) for rows in valid_batches]).double()
        truth = np.concatenate([valid.labels[rows] for rows in valid_batches])
        return {
            "loss": weighted_bce(logits, torch.from_numpy(truth).double(), weight).item(),
            "average_precision": average_precision(truth, logits.numpy()),
            "roc_auc": roc_auc(truth, logits.numpy()),
        }

    return Stage(
        name="finetune",
        model=model,
        groups=parameter_groups(trainable_parameters(model), rate, settings.weight_decay),
        batches=Batches.over(train.trials, settings.batch_size, settings.tokens_per_batch, settings.seed),
        loss=loss,
        validate=validate if len(valid.trials) else None,
        metric=settings.metric,
        higher_is_better=settings.metric != "loss",
    )


def _starting_network(start: CLaDMoP | Path | None, config: ModelConfig | None) -> CLaDMoP:
    if start is None:
        if config is None:
            raise InputError("finetune needs a pre-trained network, or a config to start from random weights")
        return CLaDMoP(config)
    if config is not None:
        raise InputError("finetune got a pre-trained network and a config; the network brings its own, drop the config")
    return load_model(start) if isinstance(start, Path) else copy.deepcopy(start)


def _labelled(trials: Sequence[EncodedTrial], values: ArrayLike, name: str) -> _Labelled:
    labels, count = np.asarray(values), len(trials)
    if labels.shape != (count,):
        raise InputError(f"{name} has shape {labels.shape}; give one label for each of the {count} trials")
    classes = set(labels.tolist())
    if classes != {0, 1}:
        raise InputError(f"{name} holds the values {sorted(classes)}; both 0 (failure) and 1 (success) are needed")
    return _Labelled(trials, labels.astype(np.float32))
