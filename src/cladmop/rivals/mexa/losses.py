"""The three losses of MEXA-CTP: outcome, routers, contrast.

Shapes: B trials, N tokens, L tokens compared, D width.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from cladmop.model.attention import masked_mean
from cladmop.rivals.mexa.network import CYCLE, PAIRS, Expert, Output, Pair
from cladmop.rivals.mexa.settings import MexaSettings

Experts = Mapping[Pair, Expert]
_CYCLES = (CYCLE, PAIRS[len(CYCLE) :])
_POSITIVES = tuple((pair, pair[::-1]) for pair in CYCLE)
"""The two directions of each pair of modes."""
_NEGATIVES = tuple((cycle[one], cycle[one - 1]) for cycle in _CYCLES for one in range(3))
"""Experts of one way round the modes: they share neither source nor target."""


def total_loss(output: Output, labels_B: Tensor, success_weight: Tensor, settings: MexaSettings) -> Tensor:
    """Return outcome loss + 0.05 router loss + 0.01 contrast, as repaired (weights from the settings).

    The router loss is the mean over real tokens, summed over the experts; the contrast is that of `pair_contrast`.
    """
    experts = output.experts
    routers = torch.stack([router_loss(one.weights_BN[one.real_BN], settings.router_scale) for one in experts.values()])
    contrast = pair_contrast(experts, settings.temperature)
    return _weighted(outcome_loss(output.logits_B, labels_B, success_weight), routers.sum(), contrast, settings)


def released_loss(output: Output, labels_B: Tensor, success_weight: Tensor, settings: MexaSettings) -> Tensor:
    """Return the same sum as released: padding counts in the router loss, and the contrast is `slot_contrast`."""
    experts = output.experts
    routers = torch.stack([router_loss(one.weights_BN, settings.router_scale) for one in experts.values()])
    contrast = slot_contrast(experts, settings.temperature)
    return _weighted(outcome_loss(output.logits_B, labels_B, success_weight), routers.sum(), contrast, settings)


def outcome_loss(logits_B: Tensor, labels_B: Tensor, success_weight: Tensor) -> Tensor:
    """Return the mean binary cross-entropy, successes weighing ``success_weight``."""
    return functional.binary_cross_entropy_with_logits(logits_B, labels_B, pos_weight=success_weight)


def router_loss(weights: Tensor, scale: float) -> Tensor:
    """Return the mean of log(1 + (p / scale)^2) over router weights p in (0, 1): small where few tokens pass."""
    return torch.log1p((weights / scale) ** 2).mean()


def pair_contrast(experts: Experts, temperature: float) -> Tensor:
    """Return how badly the two directions of each pair of modes match, within each trial.

    With e the mean of an expert's kept tokens, s the cosine and (a, b) the two directions of a pair of modes, the mean
    over pairs and trials of ``-log(exp(s(a, b) / t) / (exp(s(a, b) / t) + sum exp(s(x, y) / t)))``, where (x, y) are
    the release's negatives that hold a or b. Neither the paper's equation, which we could not read, nor the release's
    code, which has no contrast (see `slot_contrast`), settles the form: this one is ours.
    """
    means = {pair: masked_mean(one.queries_BND, one.kept_BN) for pair, one in experts.items()}

    def logits(one: Pair, other: Pair) -> Tensor:
        return functional.cosine_similarity(means[one], means[other], dim=1) / temperature

    losses = []
    for positive in _POSITIVES:
        negatives = [pair for pair in _NEGATIVES if set(pair) & set(positive)]
        logits_BC = torch.stack([logits(*positive), *(logits(*pair) for pair in negatives)], dim=1)
        losses.append(-functional.log_softmax(logits_BC, dim=1)[:, 0])
    return torch.stack(losses).mean()


def slot_contrast(experts: Experts, temperature: float, shuffle: Callable[[int], Tensor] = torch.randperm) -> Tensor:
    """Return what the release minimises under the name of a contrastive loss.

    The tokens of each expert are put in random order, masked ones as zeros; cosines of the tokens that then stand side
    by side are added over the three positive and over the six negative pairs of experts; of both sums the
    log-softmax *over tokens* is averaged: ``-mean(log softmax(pos / t) + log softmax(neg / t))``. It is least where all
    tokens are equally alike, so it sets nothing apart.
    """
    length = min(one.queries_BND.shape[1] for one in experts.values())

    def shuffled(pair: Pair) -> Tensor:
        tokens_BND = experts[pair].queries_BND * experts[pair].kept_BN[:, :, None]
        return tokens_BND[:, shuffle(tokens_BND.shape[1])][:, :length]

    def log_softmax(pairs: Sequence[tuple[Pair, Pair]]) -> Tensor:
        cosines = [functional.cosine_similarity(shuffled(one), shuffled(other), dim=2) for one, other in pairs]
        return functional.log_softmax(torch.stack(cosines).sum(dim=0) / temperature, dim=1)

    return -(log_softmax(_POSITIVES) + log_softmax(_NEGATIVES)).mean()


def _weighted(outcome: Tensor, routers: Tensor, contrast: Tensor, settings: MexaSettings) -> Tensor:
    return outcome + settings.router_weight * routers + settings.contrast_weight * contrast
