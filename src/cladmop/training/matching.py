"""Pair matching: its loss over trials, and how well it finds the own drugs and diseases of criteria.

Shapes: B trials, P width of match embeddings.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cladmop.encoders.base import EncodedTrial
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.criteria import Criteria
from cladmop.model.fusion import DMTokens
from cladmop.model.losses import pair_matching_loss, shared_identity, symmetric_info_nce
from cladmop.training.batches import Batches, collate
from cladmop.training.distributed import gather_rows, ranks
from cladmop.training.settings import PretrainSettings

_FUSED_CANDIDATES = 128
"""Held-out trials among which retrieval by fused pairs is measured; its cost grows with their square."""


def matching_loss(model: CLaDMoP, trials: Sequence[EncodedTrial], settings: PretrainSettings) -> Tensor:
    """Return the pair-matching loss of one batch; where ``match`` is ``paired``, plus that of the fused pairs.

    Fused pairs are formed within blocks of ``settings.pair_block`` trials: B × block fusions in place of B × B.
    Batches hold trials of like length, so length alone does not solve a block. One trial alone has no negative, and
    the loss 0.
    """
    return matching_loss_of(model, *model.read(collate(trials)), trials, settings)


def matching_loss_of(
    model: CLaDMoP, criteria: Criteria, tokens: DMTokens, trials: Sequence[EncodedTrial], settings: PretrainSettings
) -> Tensor:
    """Return the `matching_loss` of trials already read."""
    drugs, diseases = [trial.drug_set for trial in trials], [trial.disease_set for trial in trials]
    tau, masked = model.config.temperature, settings.mask_false_negatives
    loss = pair_matching_loss(*model.embed(criteria, tokens), tau, drugs, diseases, mask_false_negatives=masked)
    if model.config.match != "paired":
        return loss
    excluded = shared_identity(drugs, diseases) if masked else torch.zeros(len(trials), len(trials), dtype=torch.bool)
    return loss + _fused_sum(model, criteria, tokens, excluded, settings.pair_block) / len(trials)


def shared_matching_loss(
    model: CLaDMoP,
    read: tuple[Criteria, DMTokens],
    trials: Sequence[EncodedTrial],
    own: slice,
    settings: PretrainSettings,
) -> Tensor:
    """Return this process's part of the `matching_loss` of a batch that several processes share.

    The mean of the parts over the processes is that loss, and so it is with gradients. Each process compares its own
    trials with all: B × B / processes comparisons.

    Parameters
    ----------
    model
        The network, with the same weights on all processes.
    read
        The trials ``own`` as read; any one trial, which does not count, where ``own`` is empty.
    trials
        All trials of the batch.
    own
        This process's trials among them, whole blocks: `Ranks.share` of their number and ``pair_block``.
    settings
        Of the training.
    """
    drugs, diseases = [trial.drug_set for trial in trials], [trial.disease_set for trial in trials]
    total, count = len(trials), own.stop - own.start
    scale, masked = math.exp(model.config.temperature), settings.mask_false_negatives
    excluded = shared_identity(drugs, diseases) if masked else torch.zeros(total, total, dtype=torch.bool)
    f_C, f_DM = (part[:count] for part in model.embed(*read))
    pairs = ((f_C, gather_rows(f_DM, own, total)), (f_DM, gather_rows(f_C, own, total)))
    target = torch.arange(own.start, own.stop)
    entropies = [
        functional.cross_entropy(
            (scale * mine @ others.T).masked_fill(excluded[own], -torch.inf), target, reduction="sum"
        )
        for mine, others in pairs
    ]
    summed = 0.5 * (entropies[0] + entropies[1])
    if model.config.match == "paired":
        summed = summed + _fused_sum(model, *read, excluded[own, own], settings.pair_block)
    return ranks().size * summed / total


def _fused_sum(model: CLaDMoP, criteria: Criteria, tokens: DMTokens, excluded: Tensor, block: int) -> Tensor:
    """Return the loss of fused pairs within blocks, summed over the trials; 0 of a trial that does not count."""
    if not len(excluded):
        return 0.0 * model.match_pairs(criteria, tokens).sum()
    scale, fused = math.exp(model.config.temperature), torch.zeros(())
    whole = len(excluded) - len(excluded) % block
    for start, stop in ((0, whole), (whole, len(excluded))):
        if start == stop:
            continue
        rows = torch.arange(start, stop)
        blocks = torch.split(rows, block)
        scores = model.match_pairs(criteria.rows(rows), tokens.rows(rows), len(blocks))
        for own, compared in zip(blocks, torch.split(scores, block), strict=True):
            fused = fused + len(own) * symmetric_info_nce(scale * compared, excluded[own][:, own])
    return fused


def mean_matching_loss(
    model: CLaDMoP, trials: Sequence[EncodedTrial], batches: list[NDArray[np.intp]], settings: PretrainSettings
) -> float:
    """Return the mean `matching_loss` over index batches, weighted by their trials."""
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


def fused_retrieval(model: CLaDMoP, trials: Sequence[EncodedTrial]) -> dict[str, float]:
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
