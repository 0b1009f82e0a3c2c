"""Stage one: match the criteria of successful trials with their drugs and diseases.

Shapes: B trials, P width of match embeddings.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig
from cladmop.model.losses import pair_matching_loss, shared_identity, symmetric_info_nce
from cladmop.training.batches import Batches, collate, fingerprint
from cladmop.training.loop import Stage, finish, finished, identity_of, parameter_groups, reproducible, run
from cladmop.training.settings import PretrainSettings

_FUSED_CANDIDATES = 128
"""Held-out trials among which retrieval by fused pairs is measured; its cost grows with their square."""


def pretrain(
    train: Sequence[EncodedTrial],
    held_out: Sequence[EncodedTrial],
    config: ModelConfig,
    settings: PretrainSettings,
    folder: Path,
) -> CLaDMoP:
    """Train a network from scratch by pair matching; stop on the matching loss of held-out trials.

    Parameters
    ----------
    train
        Successful trials, at least 2. Every other trial of a batch is a negative, see `PretrainSettings`.
    held_out
        Successful trials to judge by, at least 2.
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
        The network with the best held-out loss, in evaluation mode.

    Raises
    ------
    InputError
        If there are fewer than 2 trials in either set, or the folder holds another training.
    """
    for name, trials in (("train", train), ("held_out", held_out)):
        if len(trials) < 2:
            raise InputError(f"pair matching needs at least 2 trials in {name}; got {len(trials)}")
    identity = identity_of(
        stage="pretrain", model=config.to_dict(), settings=settings.to_dict(),
        train=fingerprint(train), held_out=fingerprint(held_out),
    )  # fmt: skip
    done = finished(folder, identity)
    if done is not None:
        return done
    with reproducible(settings):
        model = CLaDMoP(config)
        model.outcome_head.requires_grad_(requires_grad=False)
        named = {name: value for name, value in model.named_parameters() if value.requires_grad}
        held_out_batches = _batches(held_out, settings).epoch(0)
        stage = Stage(
            name="pretrain",
            model=model,
            groups=parameter_groups(named, lambda _: settings.learning_rate, settings.weight_decay),
            batches=_batches(train, settings),
            loss=lambda rows: matching_loss(model, [train[row] for row in rows], settings),
            validate=lambda: {
                "matching_loss": _mean_loss(model, held_out, held_out_batches, settings),
                **retrieval(model, held_out, settings),
            },
            metric="matching_loss",
            higher_is_better=False,
        )
        history = run(stage, settings, folder, identity)
        with torch.no_grad():
            fused = _fused_retrieval(model, held_out)
    model.requires_grad_(requires_grad=True)
    manifest = {"stage": "pretrain", "identity": identity, "settings": settings.to_dict()}
    finish(model, folder, {**manifest, "trials": len(train), "fused_retrieval": fused, "history": history})
    return model


def _batches(trials: Sequence[EncodedTrial], settings: PretrainSettings) -> Batches:
    return Batches.over(trials, settings.batch_size, settings.tokens_per_batch, settings.seed)


def matching_loss(model: CLaDMoP, trials: Sequence[EncodedTrial], settings: PretrainSettings) -> Tensor:
    """Return the pair-matching loss of one batch; where ``match`` is ``paired``, plus that of the fused pairs.

    Fused pairs are formed within blocks of ``settings.pair_block`` trials: B × block fusions in place of B × B.
    Batches hold trials of like length, so length alone does not solve a block.
    """
    criteria, tokens = model.read(collate(trials))
    drugs, diseases = [trial.drug_set for trial in trials], [trial.disease_set for trial in trials]
    tau, masked = model.config.temperature, settings.mask_false_negatives
    loss = pair_matching_loss(*model.embed(criteria, tokens), tau, drugs, diseases, mask_false_negatives=masked)
    if model.config.match != "paired":
        return loss
    excluded = shared_identity(drugs, diseases) if masked else torch.zeros(len(trials), len(trials), dtype=torch.bool)
    fused = loss.new_zeros(())
    for start in range(0, len(trials), settings.pair_block):
        rows = slice(start, start + settings.pair_block)
        scores = model.match_pairs(criteria.rows(rows), tokens.rows(rows))
        block = symmetric_info_nce(math.exp(tau) * scores, excluded[rows, rows])
        fused = fused + block * len(scores) / len(trials)
    return loss + fused


def _mean_loss(
    model: CLaDMoP, trials: Sequence[EncodedTrial], batches: list[NDArray[np.intp]], settings: PretrainSettings
) -> float:
    losses = [matching_loss(model, [trials[row] for row in rows], settings).item() for rows in batches]
    return float(np.average(losses, weights=[len(rows) for rows in batches]))


def retrieval(model: CLaDMoP, trials: Sequence[EncodedTrial], settings: PretrainSettings) -> dict[str, float]:
    """Return how often the own drugs and diseases of criteria come first, and in the first ten, of all trials'.

    By f_C . f_DM; where ``match`` is ``own``, f_DM has seen the very criteria and the figures flatter. Trials with the
    same drug or disease set do not compete. Chance is 1/n and 10/n.
    """
    order = Batches.over(trials, settings.batch_size, settings.tokens_per_batch).in_order()
    parts = [model.match(collate([trials[row] for row in rows])) for rows in order]
    f_C, f_DM = (torch.cat(part) for part in zip(*parts, strict=True))
    ordered = [trials[row] for rows in order for row in rows]
    return _hits(f_C @ f_DM.T, ordered)


def _fused_retrieval(model: CLaDMoP, trials: Sequence[EncodedTrial]) -> dict[str, float]:
    """Return retrieval by fused pairs, for which own and foreign drugs have seen the same criteria."""
    if model.config.match == "unfused":
        return {}
    some = trials[:_FUSED_CANDIDATES]
    criteria, tokens = model.read(collate(some))
    scores = [model.score_pairs(criteria.rows(slice(i, i + 8)), tokens) for i in range(0, len(some), 8)]
    return {"candidates": float(len(some)), **_hits(torch.cat(scores), some)}


def _hits(scores: Tensor, trials: Sequence[EncodedTrial]) -> dict[str, float]:
    shared = shared_identity([trial.drug_set for trial in trials], [trial.disease_set for trial in trials])
    own = scores.diagonal()[:, None]
    better = ((scores >= own) & ~shared).sum(dim=1) - 1  # ties count against the own pair, which ties with itself
    return {f"retrieval@{top}": (better < top).double().mean().item() for top in (1, 10)}
