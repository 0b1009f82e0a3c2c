"""Multi-head attention under masks, and the two residual blocks built on it.

Shapes: B contexts, R rows of queries (a multiple of B), Q queries, K keys, N tokens, D width, H heads.
Masks are true where a token is real.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from cladmop.model.config import ModelConfig
from cladmop.model.dropout import Dropout


class Attention(nn.Module):
    """Multi-head attention, softmax(Q K^T / sqrt(D / H)) V, with four linear projections for LoRA to adapt.

    The keys have no bias: it would shift all logits of a query alike and cancel in the softmax. Attention weights are
    not dropped out: that would keep PyTorch from its fused kernels, and halve the speed of the whole network.

    Parameters
    ----------
    width
        D, a multiple of ``heads``.
    heads
        H.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, queries_BQD: Tensor, context_BKD: Tensor, mask_BK: Tensor) -> Tensor:
        """Attend from the queries to the real tokens of the context.

        Returns
        -------
        Tensor
            Shape ``B x Q x D``; zero where a context has no real token.
        """
        empty_B11 = ~mask_BK.any(dim=1)[:, None, None]
        # An empty context attends to its padding, so that no softmax runs over nothing; its output is zeroed below.
        attend_B1K = mask_BK[:, None, :] | empty_B11
        mixed_BHQd = functional.scaled_dot_product_attention(
            self._split(self.q_proj(queries_BQD)),
            self._split(self.k_proj(context_BKD)),
            self._split(self.v_proj(context_BKD)),
            attn_mask=attend_B1K[:, None],
        )
        out_BQD: Tensor = self.out_proj(mixed_BHQd.transpose(1, 2).flatten(2))
        return out_BQD.masked_fill(empty_B11, 0.0)

    def _split(self, x_BND: Tensor) -> Tensor:
        return x_BND.reshape(*x_BND.shape[:2], self.heads, x_BND.shape[2] // self.heads).transpose(1, 2)


class FeedForward(nn.Sequential):
    """Two linear layers with GELU between."""

    def __init__(self, config: ModelConfig) -> None:
        hidden = config.expansion * config.width
        super().__init__(
            nn.Linear(config.width, hidden), nn.GELU(), Dropout(config.dropout), nn.Linear(hidden, config.width)
        )


class SelfAttentionBlock(nn.Module):
    """Pre-norm residual block: tokens attend to each other, then each passes the feed-forward layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = Attention(config.width, config.heads)
        self.feed_forward_norm = nn.LayerNorm(config.width)
        self.feed_forward = FeedForward(config)
        self.dropout = Dropout(config.dropout)

    def forward(self, tokens_BND: Tensor, mask_BN: Tensor) -> Tensor:
        """Return the tokens, each informed by the real ones of its row, shape ``B x N x D``."""
        normed_BND = self.attention_norm(tokens_BND)
        tokens_BND = tokens_BND + self.dropout(self.attention(normed_BND, normed_BND, mask_BN))
        mixed_BND: Tensor = self.dropout(self.feed_forward(self.feed_forward_norm(tokens_BND)))
        return tokens_BND + mixed_BND


class SelfAttentionStack(nn.Module):
    """Self-attention blocks one after the other."""

    def __init__(self, config: ModelConfig, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(SelfAttentionBlock(config) for _ in range(depth))

    def forward(self, tokens_BND: Tensor, mask_BN: Tensor) -> Tensor:
        """Return the tokens after all blocks, shape ``B x N x D``."""
        for layer in self.layers:
            tokens_BND = layer(tokens_BND, mask_BN)
        return tokens_BND


class CrossAttentionBlock(nn.Module):
    """Pre-norm residual block: tokens attend to a context, then each passes the feed-forward layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = Attention(config.width, config.heads)
        self.feed_forward_norm = nn.LayerNorm(config.width)
        self.feed_forward = FeedForward(config)
        self.dropout = Dropout(config.dropout)

    def forward(self, tokens_RND: Tensor, context_BGD: Tensor, mask_BG: Tensor) -> Tensor:
        """Let ``R / B`` consecutive rows of tokens attend to one context each.

        Queries do not see each other, so the rows that share a context are attended as one long row of queries:
        keys and values are computed once a context, not once a row.

        Returns
        -------
        Tensor
            Shape ``R x N x D``.
        """
        queries_BQD = self.attention_norm(tokens_RND).reshape(context_BGD.shape[0], -1, tokens_RND.shape[-1])
        read_BQD = self.attention(queries_BQD, context_BGD, mask_BG)
        tokens_RND = tokens_RND + self.dropout(read_BQD.reshape(tokens_RND.shape))
        mixed_RND: Tensor = self.dropout(self.feed_forward(self.feed_forward_norm(tokens_RND)))
        return tokens_RND + mixed_RND


def masked_mean(x_BND: Tensor, mask_BN: Tensor) -> Tensor:
    """Return the mean of the real tokens, shape ``B x D``; zero where there is none."""
    weight_BN1 = mask_BN.unsqueeze(-1).to(x_BND.dtype)
    total: Tensor = (x_BND * weight_BN1).sum(dim=1)
    return total / weight_BN1.sum(dim=1).clamp(min=1.0)


def table(rows: int, width: int) -> nn.Embedding:
    """Return an embedding table whose rows have about unit length."""
    embedding = nn.Embedding(rows, width)
    with torch.no_grad():
        embedding.weight.mul_(width**-0.5)
    return embedding
