"""Grouping: any number of criteria tokens becomes a fixed, small number of group tokens.

Shapes: B trials, T criteria tokens, G centroids of a layer, D width.
"""

import torch
from torch import Tensor, nn

from cladmop.model.attention import Attention, SelfAttentionStack
from cladmop.model.config import ModelConfig


class GroupingLayer(nn.Module):
    """Trainable centroids gather the tokens, then S self-attention layers relate the groups.

    ``U_agg = softmax((U_cent W^Q)(U W^K)^T / sqrt(d_k)) U W^V``, soft and over the tokens, in each head; centroids
    start as N(0, 1) (paper, grouping layer). A LayerNorm closes the layer, since its blocks are pre-norm.

    Parameters
    ----------
    config
        Sizes; ``group_layers`` is S.
    groups
        G, number of centroids.
    """

    def __init__(self, config: ModelConfig, groups: int) -> None:
        super().__init__()
        self.centroids_GD = nn.Parameter(torch.randn(groups, config.width))
        self.attention = Attention(config.width, config.heads)
        self.relate = SelfAttentionStack(config, config.group_layers)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, tokens_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Group the real tokens.

        Returns
        -------
        tuple of Tensor
            Groups, shape ``B x G x D``, and their mask, shape ``B x G``, true throughout.
        """
        queries_BGD = self.centroids_GD.expand(tokens_BTD.shape[0], -1, -1)
        groups_BGD = self.attention(queries_BGD, tokens_BTD, mask_BT)
        mask_BG = torch.ones(groups_BGD.shape[:2], dtype=torch.bool, device=tokens_BTD.device)
        return self.norm(self.relate(groups_BGD, mask_BG)), mask_BG


class GroupingBlock(nn.Module):
    """Grouping layers on top of each other, each reading the groups of the one before (paper: 100, 50, 25)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(GroupingLayer(config, groups) for groups in config.centroids)

    def forward(self, tokens_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Return the groups of the last layer and their mask, shapes ``B x G x D`` and ``B x G``."""
        for layer in self.layers:
            tokens_BTD, mask_BT = layer(tokens_BTD, mask_BT)
        return tokens_BTD, mask_BT
