"""Layers of several networks, run at once: weights are stacked, and products of neighbouring weights taken beforehand.

A network of width 32 spends its time on calling small layers, not on arithmetic. Here a layer of all networks is one
batched product; the scale and shift of a LayerNorm go into the layer that reads it; and an attention is multiplied out,
``q . k = x (W_q^T W_k) c`` and ``W_o W_v c``, so that heads need no transposing and no copy. For scoring only.

Shapes: P stacked layers (networks, or levels times networks), B contexts, Q queries, N tokens, R rows, I and O widths
of input and output, D width, C width of the context, H heads.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cladmop.model.attention import Attention, CrossAttentionBlock, SelfAttentionBlock


class Map(NamedTuple):
    """``x W + b`` in double precision, before it is stacked."""

    weight_IO: Tensor
    bias_O: Tensor


class Affine:
    """One linear map a stacked layer."""

    def __init__(self, maps: Sequence[Map]) -> None:
        self.weight_PIO = torch.stack([one.weight_IO for one in maps]).float()
        self.bias_P1O = torch.stack([one.bias_O for one in maps]).float()[:, None]

    def __call__(self, x_PRI: Tensor) -> Tensor:
        """Return the mapped rows, shape ``P x R x O``."""
        return torch.baddbmm(self.bias_P1O, x_PRI, self.weight_PIO)


def map_of(layer: nn.Module, norm: nn.LayerNorm | None = None) -> Map:
    """Return a linear layer as a map, after the scale and shift of the LayerNorm that it reads."""
    if type(layer) is nn.Linear:  # not one with adapters
        weight = layer.weight.double().T
        bias = weight.new_zeros(weight.shape[1]) if layer.bias is None else layer.bias.double()
    else:
        weight, bias = _probed(layer, norm)
    return Map(weight, bias) if norm is None else scaled(Map(weight, bias), norm.weight, norm.bias)


def _probed(layer: nn.Module, norm: nn.LayerNorm | None) -> Map:
    """Return what a layer with adapters, or one that passes all on, does to the rows of the unit matrix."""
    if isinstance(layer, nn.Identity) and norm is not None:
        width = norm.normalized_shape[0]
        return Map(torch.eye(width, dtype=torch.double), torch.zeros(width, dtype=torch.double))
    unit = torch.eye(layer.get_parameter("base_layer.weight").shape[1])
    bias = layer(torch.zeros_like(unit[:1])).double()[0]
    return Map(layer(unit).double() - bias, bias)


def scaled(one: Map, scale_I: Tensor, shift_I: Tensor) -> Map:
    """Return a map that reads ``scale * x + shift``."""
    return Map(scale_I.double()[:, None] * one.weight_IO, one.bias_O + shift_I.double() @ one.weight_IO)


def beside(maps: Sequence[Map]) -> Map:
    """Return the maps of one input side by side."""
    return Map(torch.cat([one.weight_IO for one in maps], dim=1), torch.cat([one.bias_O for one in maps]))


def apart(x_RI: Tensor, parts: int) -> Tensor:
    """Return what `beside` put in one row, each part by itself: ``... x R x (P O)`` becomes ``... x P x R x O``."""
    return torch.unflatten(x_RI, -1, (parts, x_RI.shape[-1] // parts)).transpose(-3, -2)


def normalised(x: Tensor) -> Tensor:
    """Return the rows with mean 0 and variance 1: a LayerNorm whose scale and shift are in the next layer."""
    return functional.layer_norm(x, x.shape[-1:])


def mask_of(real_BN: Tensor) -> Tensor:
    """Return what is added to the fit of a token, shape ``B x N x 1``: 0 where it is real, else -inf."""
    return torch.zeros(real_BN.shape).masked_fill_(~real_BN, -torch.inf)[:, :, None]


class Attend:
    """Attention from normalised queries to contexts.

    A shift of the keys, such as that of the context's LayerNorm, is the same for all of them and cancels in the
    softmax; a shift of the values passes through it unchanged.

    Parameters
    ----------
    attentions
        P layers of one size.
    query_norms
        LayerNorm of each one's queries.
    context_norms
        LayerNorm of each one's context, if it has one; the context is then given normalised.
    """

    def __init__(
        self,
        attentions: Sequence[Attention],
        query_norms: Sequence[nn.LayerNorm | None],
        context_norms: Sequence[nn.LayerNorm | None],
    ) -> None:
        pairs = [_multiplied_out(*one) for one in zip(attentions, query_norms, context_norms, strict=True)]
        self.read = Affine([read for read, _ in pairs])
        self.write = Affine([write for _, write in pairs])

    def __call__(self, queries_PBQD: Tensor, context_PBNC: Tensor, mask_BN1: Tensor | None = None) -> Tensor:
        """Return what each query reads, shape ``P x (B Q) x D``; the mask is 0 where a token is real, else -inf.

        The softmax runs over the second axis: over a short last one it takes ten times as long.
        """
        stacked, contexts, _, _ = queries_PBQD.shape
        width = context_PBNC.shape[-1]
        context_ANC = context_PBNC.flatten(0, 1)
        asked_AQC = self.read(queries_PBQD.flatten(1, 2)).view(stacked * contexts, -1, width)
        if mask_BN1 is None:
            fit_ANQ = torch.bmm(context_ANC, asked_AQC.transpose(1, 2))
        else:
            fit_ANQ = torch.baddbmm(mask_BN1.repeat(stacked, 1, 1), context_ANC, asked_AQC.transpose(1, 2))
        mixed_AQC = torch.bmm(fit_ANQ.softmax(dim=1).transpose(1, 2), context_ANC)
        return self.write(mixed_AQC.view(stacked, -1, self.write.weight_PIO.shape[1]))


def _multiplied_out(
    attention: Attention, query_norm: nn.LayerNorm | None, context_norm: nn.LayerNorm | None
) -> tuple[Map, Map]:
    """Return the maps from a query to what is compared with the context, and from the mixed context to the output."""
    heads = attention.heads
    query, key = map_of(attention.q_proj, query_norm), map_of(attention.k_proj, context_norm)
    value, out = map_of(attention.v_proj, context_norm), map_of(attention.out_proj)
    key_CHd = torch.unflatten(key.weight_IO, 1, (heads, -1)) * (query.weight_IO.shape[1] // heads) ** -0.5
    read = Map(
        torch.einsum("ihd,chd->ihc", torch.unflatten(query.weight_IO, 1, (heads, -1)), key_CHd).flatten(1),
        torch.einsum("hd,chd->hc", torch.unflatten(query.bias_O, 0, (heads, -1)), key_CHd).flatten(),
    )
    value_CHd, out_HdO = (
        torch.unflatten(value.weight_IO, 1, (heads, -1)),
        torch.unflatten(out.weight_IO, 0, (heads, -1)),
    )
    write_IO = torch.einsum("chd,hdo->hco", value_CHd, out_HdO).flatten(0, 1)
    return read, Map(write_IO, value.bias_O @ out.weight_IO + out.bias_O)


class Block:
    """Pre-norm residual blocks: attention, to oneself or to a context, then the feed-forward layer.

    Parameters
    ----------
    blocks
        P blocks of one kind and size.
    context_norms
        Of the contexts, if they have one; blocks of self-attention have their own.
    """

    def __init__(
        self,
        blocks: Sequence[SelfAttentionBlock] | Sequence[CrossAttentionBlock],
        context_norms: Sequence[nn.LayerNorm | None] | None = None,
    ) -> None:
        own = [block.attention_norm for block in blocks]
        self.attend = Attend([block.attention for block in blocks], own, context_norms or own)
        self.widen = Affine([map_of(block.feed_forward[0], block.feed_forward_norm) for block in blocks])
        self.narrow = Affine([map_of(block.feed_forward[3]) for block in blocks])

    def __call__(
        self, tokens_PBND: Tensor, mask_BN1: Tensor | None = None, context_PBGC: Tensor | None = None
    ) -> Tensor:
        """Return the tokens after the block, shape ``P x B x N x D``; the mask is of the context."""
        queries_PBND = normalised(tokens_PBND)
        context = queries_PBND if context_PBGC is None else context_PBGC
        tokens_PRD = tokens_PBND.flatten(1, 2) + self.attend(queries_PBND, context, mask_BN1)
        hidden_PRE = functional.gelu(self.widen(normalised(tokens_PRD)))
        return (tokens_PRD + self.narrow(hidden_PRE)).view_as(tokens_PBND)


class Gather:
    """A grouping layer's centroids gather the tokens; they ask the same of every context.

    Parameters
    ----------
    attentions, centroids
        P layers, and their centroids, shape ``G x D`` each.
    context_norms
        Of the tokens, if they have one; they are then given normalised.
    """

    def __init__(
        self,
        attentions: Sequence[Attention],
        centroids: Sequence[Tensor],
        context_norms: Sequence[nn.LayerNorm | None],
    ) -> None:
        pairs = [_multiplied_out(one, None, norm) for one, norm in zip(attentions, context_norms, strict=True)]
        self.write = Affine([write for _, write in pairs])
        asked = [
            (centroids_GD.double() @ read.weight_IO + read.bias_O).reshape(-1, read.weight_IO.shape[1] // one.heads)
            for one, centroids_GD, (read, _) in zip(attentions, centroids, pairs, strict=True)
        ]
        self.asked_PCQ = torch.stack(asked).float().transpose(1, 2).contiguous()

    def __call__(self, tokens_PBNC: Tensor, mask_BN1: Tensor | None = None) -> Tensor:
        """Return the groups, shape ``P x B x G x D``; the mask is 0 where a token is real, else -inf."""
        stacked, contexts = tokens_PBNC.shape[:2]
        fit_PBNQ = torch.bmm(tokens_PBNC.flatten(1, 2), self.asked_PCQ).view(*tokens_PBNC.shape[:3], -1)
        if mask_BN1 is not None:
            fit_PBNQ += mask_BN1
        shares_AQN = fit_PBNQ.softmax(dim=2).flatten(0, 1).transpose(1, 2)
        mixed_AQC = torch.bmm(shares_AQN, tokens_PBNC.flatten(0, 1))
        groups_PRD = self.write(mixed_AQC.reshape(stacked, -1, self.write.weight_PIO.shape[1]))
        return groups_PRD.view(stacked, contexts, -1, groups_PRD.shape[-1])
