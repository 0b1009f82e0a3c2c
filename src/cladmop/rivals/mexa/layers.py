"""The building blocks of MEXA-CTP.

Shapes: B trials, N tokens, Q queries, K keys, D width. Masks are true where a token is real.
"""

import math

import torch
from torch import Tensor, nn

from cladmop.rivals.mexa.settings import MexaSettings


class Projection(nn.Module):
    """A linear map plus two linear layers with ReLU between: ``V x + W_2 ReLU(W_1 x)``, with biases."""

    def __init__(self, enter: int, leave: int, settings: MexaSettings) -> None:
        super().__init__()
        hidden = min((enter + leave) // 2, settings.projection_width)
        self.main = nn.Sequential(nn.Linear(enter, hidden), nn.ReLU(), nn.Linear(hidden, leave))
        self.shortcut = nn.Linear(enter, leave)

    def forward(self, x: Tensor) -> Tensor:
        """Return the projection of the last axis."""
        projected: Tensor = self.main(x) + self.shortcut(x)
        return projected


class AttentionLayer(nn.Module):
    """Post-norm residual layer: queries attend to a context, then each passes a narrow feed-forward layer."""

    def __init__(self, settings: MexaSettings) -> None:
        super().__init__()
        width, drop = settings.width, settings.dropout
        self.attention = nn.MultiheadAttention(width, settings.heads, dropout=drop, batch_first=True)
        self.attention_norm = nn.LayerNorm(width)
        narrow = max(1, width // 2)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, narrow), nn.ReLU(), nn.Dropout(drop), nn.Linear(narrow, width)
        )
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(drop)

    def forward(self, queries_BQD: Tensor, context_BKD: Tensor, real_BK: Tensor) -> Tensor:
        """Return the queries, informed by the real tokens of the context, shape ``B x Q x D``.

        Where a context has no real token its padding is read, so that no softmax runs over nothing; callers mask what
        comes of it.
        """
        hidden_BK = ~real_BK & real_BK.any(dim=1, keepdim=True)
        read_BQD = self.attention(
            queries_BQD, context_BKD, context_BKD, key_padding_mask=hidden_BK, need_weights=False
        )[0]
        queries_BQD = self.attention_norm(queries_BQD + self.dropout(read_BQD))
        fed_BQD: Tensor = self.dropout(self.feed_forward(queries_BQD))
        informed_BQD: Tensor = self.feed_forward_norm(queries_BQD + fed_BQD)
        return informed_BQD


class SelfAttention(nn.Module):
    """Attention layers in which tokens attend to each other."""

    def __init__(self, settings: MexaSettings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(AttentionLayer(settings) for _ in range(settings.layers))

    def forward(self, tokens_BND: Tensor, real_BN: Tensor) -> Tensor:
        """Return the tokens after all layers, shape ``B x N x D``."""
        for layer in self.layers:
            tokens_BND = layer(tokens_BND, tokens_BND, real_BN)
        return tokens_BND


class CrossAttention(nn.Module):
    """Attention layers in which tokens attend to a context that stays as it is."""

    def __init__(self, settings: MexaSettings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(AttentionLayer(settings) for _ in range(settings.layers))

    def forward(self, queries_BQD: Tensor, context_BKD: Tensor, real_BK: Tensor) -> Tensor:
        """Return the queries after all layers, shape ``B x Q x D``."""
        for layer in self.layers:
            queries_BQD = layer(queries_BQD, context_BKD, real_BK)
        return queries_BQD


def positions(count: int, width: int) -> Tensor:
    """Return the sinusoids of Vaswani et al. (2017) for positions 0 to ``count`` - 1, shape ``count x width``."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = torch.arange(count)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :width]
