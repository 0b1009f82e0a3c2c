"""The criteria branch: frozen text states become contexts for the fusion and one pooled vector.

Shapes: B trials, T criteria tokens, L levels, W text width, D width of the drug branch, C width of the pooled vector,
G context tokens (groups, or all tokens without grouping), S sides told apart (2, or 1 without ``sides``).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cladmop.model.attention import masked_mean
from cladmop.model.batch import TrialBatch
from cladmop.model.config import ModelConfig
from cladmop.model.grouping import GroupingBlock

_LOWEST = -1e9
"""Stands for padding where the largest value counts; finite, so that no gradient is NaN where all is padding."""


class Context(NamedTuple):
    """Tokens of one level that the DM branch attends to."""

    tokens_BGD: Tensor
    mask_BG: Tensor

    def rows(self, rows: slice | Tensor) -> "Context":
        """Return the contexts of some of the trials."""
        return Context(self.tokens_BGD[rows], self.mask_BG[rows])


class Criteria(NamedTuple):
    """The criteria of a batch as the rest of the network sees them."""

    pooled_BC: Tensor
    """Pooled last level."""
    contexts: tuple[Context, ...]
    """One context for each fused level, in the order of fusion."""

    def rows(self, rows: slice | Tensor) -> "Criteria":
        """Return the criteria of some of the trials."""
        return Criteria(self.pooled_BC[rows], tuple(context.rows(rows) for context in self.contexts))


class LevelTokens(nn.Module):
    """Tokens of one level at width D.

    States are layer-normalised first: causal language models have a few state dimensions, and positions, that are
    orders of magnitude larger than the rest. With ``sides``, inclusion and exclusion get an embedding each. In front
    stands a learned absent token for each side, real exactly where the trial has no token of that side, so that no
    trial is without tokens.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.sides = 2 if config.sides else 1
        self.norm = nn.LayerNorm(config.text_width)
        self.project = nn.Linear(config.text_width, config.width)
        self.absent_SD = nn.Parameter(torch.randn(self.sides, config.width) * config.width**-0.5)
        self.side = nn.Embedding(2, config.width) if config.sides else None

    def forward(self, states_BTW: Tensor, mask_BT: Tensor, side_BT: Tensor) -> Context:
        """Return tokens of shape ``B x (S + T) x D`` and their mask."""
        tokens_BTD = self.project(self.norm(states_BTW.float()))
        if self.side is not None:
            tokens_BTD = tokens_BTD + self.side(side_BT)
        present_BST = side_masks(mask_BT, side_BT, self.sides)
        absent_BSD = self.absent_SD.expand(tokens_BTD.shape[0], -1, -1)
        mask = torch.cat([~present_BST.any(dim=2), mask_BT], dim=1)
        return Context(torch.cat([absent_BSD, tokens_BTD], dim=1), mask)


class CriteriaPool(nn.Module):
    """The last level, pooled to one vector: U^C of the paper, which takes the mean.

    Without ``sides`` all tokens are pooled together. With ``sides`` inclusion and exclusion are pooled apart and mixed
    by a linear layer. A side without tokens is a learned vector. ``pooling`` says how: the mean, the largest value of
    each channel, or a mean weighted by softmax(q . token), whose learned q is zero at first, so that it starts as the
    mean.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.sides = 2 if config.sides else 1
        self.width = config.criteria_width or config.text_width
        self.norm = nn.LayerNorm(config.text_width)
        self.project = nn.Linear(config.text_width, self.width) if config.criteria_width else nn.Identity()
        self.absent_SC = nn.Parameter(torch.randn(self.sides, self.width) * self.width**-0.5)
        self.mix = nn.Linear(2 * self.width, self.width) if config.sides else nn.Identity()
        self.largest = config.pooling == "max"
        self.query_C = nn.Parameter(torch.zeros(self.width)) if config.pooling == "attention" else None

    def forward(self, states_BTW: Tensor, mask_BT: Tensor, side_BT: Tensor) -> Tensor:
        """Return the pooled criteria, shape ``B x C``."""
        tokens_BTC = self.project(self.norm(states_BTW.float()))
        present_BST = side_masks(mask_BT, side_BT, self.sides)
        sides = [
            torch.where(mask_BT.any(dim=1, keepdim=True), self._pool(tokens_BTC, mask_BT), absent_C)
            for mask_BT, absent_C in zip(present_BST.unbind(1), self.absent_SC, strict=True)
        ]
        pooled: Tensor = self.mix(torch.cat(sides, dim=1))
        return pooled

    def _pool(self, tokens_BTC: Tensor, mask_BT: Tensor) -> Tensor:
        """Pool the real tokens, shape ``B x C``; any finite value where there is none."""
        if tokens_BTC.shape[1] == 0:
            return tokens_BTC.sum(dim=1)
        if self.largest:
            return tokens_BTC.masked_fill(~mask_BT[:, :, None], _LOWEST).amax(dim=1)
        if self.query_C is not None:
            weights_BT = (tokens_BTC @ self.query_C).masked_fill(~mask_BT, _LOWEST).softmax(dim=1)
            return (weights_BT[:, None] @ tokens_BTC).squeeze(1)
        return masked_mean(tokens_BTC, mask_BT)


class CriteriaBranch(nn.Module):
    """Reads a batch's criteria: a context (grouped or whole) for each fused level, and the pooled last level."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.fused_levels = config.fused_levels
        self.tokens = nn.ModuleList(LevelTokens(config) for _ in self.fused_levels)
        self.groups = nn.ModuleList(GroupingBlock(config) for _ in self.fused_levels if config.grouping)
        self.pool = CriteriaPool(config)

    def forward(self, batch: TrialBatch) -> Criteria:
        """Read the criteria of B trials."""
        parts = (batch.criteria_mask_BT, batch.side_BT)
        pooled_BC = self.pool(batch.criteria_LBTW[-1], *parts)
        contexts = [
            tokens(batch.criteria_LBTW[level], *parts)
            for tokens, level in zip(self.tokens, self.fused_levels, strict=True)
        ]
        if len(self.groups):
            contexts = [Context(*group(*context)) for group, context in zip(self.groups, contexts, strict=True)]
        return Criteria(pooled_BC, tuple(contexts))


def side_masks(mask_BT: Tensor, side_BT: Tensor, sides: int) -> Tensor:
    """Return which real tokens belong to each side, shape ``B x S x T``."""
    if sides == 1:
        return mask_BT[:, None]
    return torch.stack([mask_BT & (side_BT == side) for side in range(sides)], dim=1)
