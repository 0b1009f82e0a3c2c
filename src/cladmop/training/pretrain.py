"""Stage one: match criteria with drugs and diseases, tell completed from stopped trials, or both.

Shapes: B trials.
"""

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cladmop.evaluation.metrics import average_precision, roc_auc
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig
from cladmop.model.criteria import Criteria
from cladmop.model.fusion import DMTokens
from cladmop.model.losses import balanced_bce
from cladmop.training.batches import Batches, collate, fingerprint
from cladmop.training.cohort import Pool, PretrainTrials
from cladmop.training.distributed import ranks
from cladmop.training.loop import Stage, finish, finished, identity_of, parameter_groups, reproducible, run
from cladmop.training.matching import (
    fused_retrieval,
    matching_loss_of,
    mean_matching_loss,
    retrieval,
    shared_matching_loss,
)
from cladmop.training.predict import predict_logits
from cladmop.training.settings import PretrainSettings

_METRICS = {"matching": "matching_loss", "completion": "completion_loss", "both": "loss"}
"""The held-out value by which each objective stops."""


def pretrain(train: Pool, held_out: Pool, config: ModelConfig, settings: PretrainSettings, folder: Path) -> CLaDMoP:
    """Train a network from scratch by ``settings.objective``; stop on the loss of held-out trials.

    Within `cladmop.training.distributed.joined` several processes share each batch, and end with the same network.

    Parameters
    ----------
    train
        Trials with what each may teach, or successful ones alone. For pair matching at least 2 successful ones: every
        other successful trial of a batch is a negative, see `PretrainSettings`. For completion trials of both kinds.
        Trials without a part in the objective are left out.
    held_out
        Trials to judge by; as many are needed as for ``train``.
    config
        Sizes and switches of the network.
    settings
        Of the training.
    folder
        Where weights, config, history and, until it is finished, the state for resuming go. A finished training is
        not run again.

    Returns
    -------
    CLaDMoP
        The network with the best held-out loss, in evaluation mode. Its outcome head is trained by completion, and
        left as it started by matching alone.

    Raises
    ------
    InputError
        If there are too few trials of a kind in either set, or the folder holds another training.
    """
    teaching, judging = (PretrainTrials.of(trials).serving(settings.objective) for trials in (train, held_out))
    teaching.require(settings.objective, "train")
    judging.require(settings.objective, "held_out")
    identity = _identity(teaching, judging, config, settings)
    done = finished(folder, identity)
    if done is not None:
        return done
    with reproducible(settings):
        model = CLaDMoP(config)
        history = run(_stage(model, teaching, judging, settings), settings, folder, identity)
        matched = judging.take(np.flatnonzero(judging.successful)).encoded
        with torch.no_grad():
            fused = fused_retrieval(model, matched) if matched and ranks().leads else {}
    model.requires_grad_(requires_grad=True)
    manifest = {"stage": "pretrain", "identity": identity, "settings": settings.to_dict()}
    counts = {"trials": len(teaching), "train": teaching.counts(), "held_out": judging.counts()}
    finish(model, folder, {**manifest, **counts, "fused_retrieval": fused, "history": history})
    return model


def _identity(train: PretrainTrials, held_out: PretrainTrials, config: ModelConfig, settings: PretrainSettings) -> str:
    labels = [(trials.successful.tolist(), trials.completed.tolist()) for trials in (train, held_out)]
    return identity_of(
        stage="pretrain", model=config.to_dict(), settings=settings.deciding(),
        train=fingerprint(train.encoded), held_out=fingerprint(held_out.encoded),
        **({} if settings.objective == "matching" else {"labels": labels}),
    )  # fmt: skip


def _stage(model: CLaDMoP, train: PretrainTrials, held_out: PretrainTrials, settings: PretrainSettings) -> Stage:
    unused = {"matching": model.outcome_head, "completion": model.match_head}.get(settings.objective)
    if unused is not None:
        unused.requires_grad_(requires_grad=False)
    named = {name: value for name, value in model.named_parameters() if value.requires_grad}
    share = float(train.completed[train.known].mean()) if train.known.any() else math.nan
    judge = _Judge(model, held_out, settings, share)
    size, tokens = settings.batch_size, settings.tokens_per_batch
    loss = batch_loss if ranks().size == 1 else shared_batch_loss
    return Stage(
        name="pretrain",
        model=model,
        groups=parameter_groups(named, lambda _: settings.learning_rate, settings.weight_decay),
        batches=Batches.over(train.encoded, size, tokens, settings.seed, settings.hard_negatives),
        loss=lambda rows: loss(model, train.take(rows), settings, share),
        validate=judge.values,
        metric=_METRICS[settings.objective],
        higher_is_better=False,
    )


def batch_loss(model: CLaDMoP, trials: PretrainTrials, settings: PretrainSettings, share: float) -> Tensor:
    """Return the matching loss of a batch's successful trials, plus that of completion where the status is known.

    A part without trials is left out. The criteria are read once for both.

    Parameters
    ----------
    model
        The network.
    trials
        The batch: each has a part in one objective at least.
    settings
        Of the training; ``completion_weight`` counts where the objective is ``both``.
    share
        Share of completed trials among the completed and stopped ones of the training set; see `balanced_bce`.
    """
    read = model.read(collate(trials.encoded))
    matched, known = np.flatnonzero(trials.successful), np.flatnonzero(trials.known)
    losses = []
    if len(matched):
        some = trials.take(matched).encoded
        losses.append(matching_loss_of(model, *_rows(read, matched), some, settings))
    if len(known):
        targets = torch.from_numpy(trials.completed[known]).float()
        loss = balanced_bce(model.outcome_of(*_rows(read, known)), targets, share)
        losses.append(settings.weight_beside_matching * loss)
    return sum(losses[1:], start=losses[0])


def shared_batch_loss(model: CLaDMoP, trials: PretrainTrials, settings: PretrainSettings, share: float) -> Tensor:
    """Return this process's part of the `batch_loss` of a batch that several processes share.

    Each reads its own trials alone: successful ones by whole blocks of pairs, and as many of the others. The mean of
    the parts over the processes is the loss of the batch, and so it is with gradients.

    Parameters
    ----------
    model, trials, settings, share
        As for `batch_loss`, the same on all processes.
    """
    matched, others = np.flatnonzero(trials.successful), np.flatnonzero(~trials.successful)
    part = ranks().share(len(matched), settings.pair_block)
    mine = np.sort(np.concatenate([matched[part], others[ranks().share(len(others))]]))
    # A process without a trial reads one that does not count: the others wait for it to take part.
    reading = trials.take(mine if len(mine) else np.arange(1))
    read = model.read(collate(reading.encoded))
    losses = []
    if len(matched):
        rows = np.flatnonzero(reading.successful) if part.start < part.stop else np.arange(1)
        losses.append(shared_matching_loss(model, _rows(read, rows), trials.take(matched).encoded, part, settings))
    if trials.known.any():
        known = np.flatnonzero(reading.known) if len(mine) else np.arange(0)
        logits = model.outcome_of(*_rows(read, known if len(known) else np.arange(1)))[: len(known)]
        targets = torch.from_numpy(reading.completed[known]).float()
        loss = balanced_bce(logits, targets, share) * len(known) if len(known) else logits.sum()
        losses.append(ranks().size * settings.weight_beside_matching * loss / int(trials.known.sum()))
    return sum(losses[1:], start=losses[0])


def _rows(read: tuple[Criteria, DMTokens], rows: NDArray[np.intp]) -> tuple[Criteria, DMTokens]:
    """Return the rows of a batch that was read; the batch itself where that is all of them."""
    criteria, tokens = read
    if len(rows) == len(criteria.pooled_BC):
        return read
    index = torch.from_numpy(rows)
    return criteria.rows(index), tokens.rows(index)


class _Judge:
    """Held-out values of a network as it stands."""

    def __init__(self, model: CLaDMoP, held_out: PretrainTrials, settings: PretrainSettings, share: float) -> None:
        self.model, self.settings, self.share = model, settings, share
        self.matched = held_out.take(np.flatnonzero(held_out.successful)).encoded
        self.known = held_out.take(np.flatnonzero(held_out.known))
        size, tokens = settings.batch_size, settings.tokens_per_batch
        self.batches = Batches.over(self.matched, size, tokens, settings.seed).epoch(0)

    def values(self) -> dict[str, float]:
        values = {}
        if self.matched:
            values["matching_loss"] = mean_matching_loss(self.model, self.matched, self.batches, self.settings)
            values |= retrieval(self.model, self.matched, self.settings)
        if len(self.known):
            values |= self._completion()
        if self.settings.objective == "both":
            weighted = self.settings.weight_beside_matching * values["completion_loss"]
            values["loss"] = values["matching_loss"] + weighted
        return values

    def _completion(self) -> dict[str, float]:
        size, tokens = self.settings.batch_size, self.settings.tokens_per_batch
        logits = predict_logits(self.model, self.known.encoded, size, tokens)
        completed = self.known.completed
        targets = torch.from_numpy(completed).double()
        return {
            "completion_loss": balanced_bce(torch.from_numpy(logits), targets, self.share).item(),
            "completion_roc_auc": roc_auc(completed, logits),
            "completion_average_precision": average_precision(completed, logits),
        }
