"""The criteria branches of several networks, run at once; see `cladmop.model.stacked`.

A state is normalised once for all networks, and projected once for all trials that hold it.

Shapes: as in `cladmop.model.packed`, and E networks, J fused levels, P = J x E (all networks of the first
level come first), D width of the drug branch, C width of the pooled criteria, A sides told apart (2 or 1), G group
tokens, R rows, I any other width.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cladmop.model.criteria import CriteriaBranch, CriteriaPool, LevelTokens
from cladmop.model.packed import NOWHERE, PackedBatch
from cladmop.model.stacked import Affine, Block, Gather, apart, beside, map_of, mask_of, normalised

_LAST = 3
_LOWEST = -1e9


class Places(NamedTuple):
    """Where each trial's criteria tokens are among those of the batch."""

    token_UN: Tensor
    """Place among the absent tokens (A of them), the padding, and the states."""
    side_UN: Tensor
    """Side whose embedding is added; 2 for none."""
    mask_UN1: Tensor
    """0 where real, else -inf."""
    present_UAT: Tensor
    """Which places of `PackedBatch.place_UT` are of each side."""


class ContextStack(NamedTuple):
    """Tokens of one level that the drug branches attend to."""

    tokens_EUGD: Tensor
    mask_UG1: Tensor | None

    def rows(self, row_B: Tensor) -> "ContextStack":
        """Return the contexts of each trial."""
        mask = None if self.mask_UG1 is None else self.mask_UG1[row_B]
        return ContextStack(self.tokens_EUGD.index_select(1, row_B), mask)


class CriteriaReader:
    """Reads criteria with E branches of one size."""

    def __init__(self, branches: Sequence[CriteriaBranch]) -> None:
        self._levels = branches[0].fused_levels
        self._networks = len(branches)
        self._pool = _Pool([branch.pool for branch in branches])
        tokens = [one for level in zip(*(branch.tokens for branch in branches), strict=True) for one in level]
        self._tokens = _Tokens(tokens, len(branches))
        groups = [one.layers for level in zip(*(branch.groups for branch in branches), strict=True) for one in level]
        self._grouping = _Grouping(groups) if groups else None
        norms = [None] * len(tokens) if self._grouping is None else self._grouping.norms
        self.context_norms = [norms[start : start + len(branches)] for start in range(0, len(norms), len(branches))]
        """For each fused level, each network's LayerNorm whose scale and shift the contexts still lack, if any."""

    def __call__(self, batch: PackedBatch) -> tuple[Tensor, list[ContextStack]]:
        """Return the pooled criteria, shape ``E x U x C``, and a context for each fused level."""
        places = _places(batch, self._pool.sides)
        needed = sorted({*self._levels, _LAST})
        states_LSW = batch.states_LSW if len(needed) == len(batch.states_LSW) else batch.states_LSW[needed]
        states_LSW = normalised(states_LSW.float())
        pooled_EUC = self._pool(states_LSW[-1], batch.place_UT, places.present_UAT)
        fused_JSW = states_LSW[[needed.index(level) for level in self._levels]]
        tokens_PUND = self._tokens(fused_JSW, places)
        if self._grouping is None:
            return pooled_EUC, [ContextStack(one, places.mask_UN1) for one in torch.split(tokens_PUND, self._networks)]
        groups_PUGD = self._grouping(tokens_PUND, places.mask_UN1)
        return pooled_EUC, [ContextStack(one, None) for one in torch.split(groups_PUGD, self._networks)]


def _places(batch: PackedBatch, sides: int) -> Places:
    """Put the absent tokens, real where a trial has none of that side, before each trial's tokens."""
    real_UT = batch.side_UT != NOWHERE
    of_side = [batch.side_UT == side for side in range(sides)] if sides > 1 else [real_UT]
    present_UAT = torch.stack(of_side, dim=1)
    absent_UA = ~present_UAT.any(dim=2)
    used = absent_UA.any(dim=0)
    size = (len(real_UT), -1)
    token_UN = torch.cat([torch.arange(sides)[used].expand(size), batch.place_UT + sides], dim=1)
    side_UN = torch.cat([torch.full((len(real_UT), int(used.sum())), NOWHERE), batch.side_UT], dim=1)
    real_UN = torch.cat([absent_UA[:, used], real_UT], dim=1)
    return Places(token_UN, side_UN, mask_of(real_UN), present_UAT)


class _Tokens:
    """Tokens at width D of P = J x E layers; those of one level share the states that they project."""

    def __init__(self, layers: Sequence[LevelTokens], networks: int) -> None:
        self._networks = networks
        maps = [map_of(layer.project, layer.norm) for layer in layers]
        self._project = Affine([beside(maps[start : start + networks]) for start in range(0, len(maps), networks)])
        self._absent_PAD = torch.stack([layer.absent_SD for layer in layers])
        tables = [layer.side.weight for layer in layers if layer.side is not None]
        self._side_P3D = functional.pad(torch.stack(tables), (0, 0, 0, 1)) if tables else None

    def __call__(self, states_JSW: Tensor, places: Places) -> Tensor:
        """Return tokens of shape ``P x U x N x D``."""
        projected_PSD = apart(self._project(states_JSW), self._networks).flatten(0, 1)
        known_PSD = torch.cat([self._absent_PAD, projected_PSD], dim=1)
        tokens_PRD = known_PSD.index_select(1, places.token_UN.flatten())
        if self._side_P3D is not None:
            tokens_PRD += self._side_P3D.index_select(1, places.side_UN.flatten())
        return tokens_PRD.view(len(tokens_PRD), *places.token_UN.shape, -1)


class _Grouping:
    """P grouping blocks of one size; the last LayerNorm's scale and shift are left to the layer that reads."""

    def __init__(self, stacked: Sequence[nn.ModuleList]) -> None:
        self._layers = []
        norms: list[nn.LayerNorm | None] = [None] * len(stacked)
        for layers in zip(*stacked, strict=True):
            gather = Gather([one.attention for one in layers], [one.centroids_GD for one in layers], norms)
            blocks = [Block(one) for one in zip(*(layer.relate.layers for layer in layers), strict=True)]
            self._layers.append((gather, blocks))
            norms = [layer.norm for layer in layers]
        self.norms = norms

    def __call__(self, tokens_PUND: Tensor, mask_UN1: Tensor) -> Tensor:
        """Return the groups, normalised, shape ``P x U x G x D``."""
        mask: Tensor | None = mask_UN1
        for gather, blocks in self._layers:
            tokens_PUND = gather(tokens_PUND, mask)
            for block in blocks:
                tokens_PUND = block(tokens_PUND)
            tokens_PUND, mask = normalised(tokens_PUND), None
        return tokens_PUND


class _Pool:
    """The last level, pooled by E layers of one size."""

    def __init__(self, pools: Sequence[CriteriaPool]) -> None:
        self.sides = pools[0].sides
        self._largest = pools[0].largest
        self._project = Affine([beside([map_of(pool.project, pool.norm) for pool in pools])])
        self._absent_EAC = torch.stack([pool.absent_SC for pool in pools])
        self._mix = Affine([map_of(pool.mix) for pool in pools]) if self.sides > 1 else None
        queries: list[Tensor] = [pool.query_C for pool in pools if pool.query_C is not None]
        self._query_EC1 = torch.stack(queries)[:, :, None] if queries else None

    def __call__(self, states_SW: Tensor, place_UT: Tensor, present_UAT: Tensor) -> Tensor:
        """Return the pooled criteria, shape ``E x U x C``."""
        if self._largest or self._query_EC1 is not None:
            pooled_EUAC = self._pooled_tokens(self._projected(states_SW), place_UT, present_UAT)
        else:
            pooled_EUAC = self._projected(_means(states_SW, place_UT, present_UAT))
            pooled_EUAC = pooled_EUAC.reshape(len(pooled_EUAC), *present_UAT.shape[:2], -1)
        has_UA1 = present_UAT.any(dim=2)[:, :, None]
        both_EUI = torch.where(has_UA1, pooled_EUAC, self._absent_EAC[:, None]).flatten(2)
        return both_EUI if self._mix is None else self._mix(both_EUI)

    def _projected(self, states_RW: Tensor) -> Tensor:
        """Return rows at width C, shape ``E x R x C``."""
        (projected_RI,) = self._project(states_RW[None])
        return apart(projected_RI, len(self._absent_EAC))

    def _pooled_tokens(self, tokens_ESC: Tensor, place_UT: Tensor, present_UAT: Tensor) -> Tensor:
        """Pool by the largest value or by learned weights, shape ``E x U x A x C``."""
        tokens_EUTC = tokens_ESC[:, place_UT]
        if not place_UT.shape[1]:
            return tokens_EUTC.sum(dim=2)[:, :, None]
        other_UAT = ~present_UAT
        if self._query_EC1 is None:
            return tokens_EUTC[:, :, None].masked_fill(other_UAT[..., None], _LOWEST).amax(dim=3)
        fit_EUT = (tokens_ESC @ self._query_EC1).squeeze(2)[:, place_UT]
        return fit_EUT[:, :, None].masked_fill(other_UAT, _LOWEST).softmax(dim=3) @ tokens_EUTC


def _means(states_SW: Tensor, place_UT: Tensor, present_UAT: Tensor) -> Tensor:
    """Return the mean state of each trial's sides, shape ``(U A) x W``; zero where there is none."""
    shares_UAT = present_UAT / present_UAT.sum(dim=2, keepdim=True).clamp(min=1)
    place_UAT = place_UT[:, None].expand_as(present_UAT).masked_fill(~present_UAT, 0)
    if not place_UT.shape[1]:
        return states_SW.new_zeros(present_UAT.shape[0] * present_UAT.shape[1], states_SW.shape[1])
    return functional.embedding_bag(
        place_UAT.flatten(0, 1), states_SW, mode="sum", per_sample_weights=shares_UAT.flatten(0, 1)
    )
