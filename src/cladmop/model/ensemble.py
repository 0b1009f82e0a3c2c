"""Several networks of one configuration, scored as one; a single network too, since it is faster so.

The figures are those of `CLaDMoP.outcome` but for rounding. Weights are copied when an ensemble is made.

Shapes: as in `cladmop.model.packed`, and E networks, D width of the drug branch, C width of the pooled criteria,
G context tokens, R rows, I any other width.
"""

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from cladmop.errors import InputError
from cladmop.model.cladmop import CLaDMoP, check_widths
from cladmop.model.fusion import DMBlock, DMTokenizer, MultiLevelFusion, NameTokens
from cladmop.model.heads import OutcomeHead
from cladmop.model.packed import PackedBatch
from cladmop.model.reading import ContextStack, CriteriaReader
from cladmop.model.stacked import Affine, Block, Map, apart, beside, map_of, mask_of, normalised, scaled

_TOGETHER = 32
"""Trials whose drug branches run together."""


class Ensemble:
    """Networks that score together.

    Parameters
    ----------
    networks
        One or more of one configuration; each counts as in evaluation, without dropout.

    Raises
    ------
    InputError
        If there is none, or their configurations differ.
    """

    @torch.no_grad()
    def __init__(self, networks: Sequence[CLaDMoP]) -> None:
        if not networks or any(network.config != networks[0].config for network in networks):
            raise InputError(f"{len(networks)} networks cannot score together; give one or more of one configuration")
        self.config, self.size = networks[0].config, len(networks)
        self._networks = [weakref.ref(network) for network in networks]
        self._weights = [(one, one._version) for network in networks for one in network.parameters()]  # noqa: SLF001 (no other way)
        self._criteria = CriteriaReader([network.criteria for network in networks])
        self._tokens = _DrugTokens([network.tokens for network in networks])
        self._fusion = _Fusion([network.fusion for network in networks], self._criteria.context_norms)
        self._head = _Head([network.outcome_head for network in networks])

    def is_of(self, networks: Sequence[CLaDMoP]) -> bool:
        """Tell whether these are the networks it was made of, no weight written to since."""
        same = len(networks) == self.size and all(
            own() is one for own, one in zip(self._networks, networks, strict=True)
        )
        return same and all(one._version == version for one, version in self._weights)  # noqa: SLF001 (no other way)

    @torch.inference_mode()
    def logits(self, batch: PackedBatch) -> Tensor:
        """Return each network's logits of success, shape ``E x B``.

        Raises
        ------
        InputError
            If the batch was encoded at other widths than the networks'.
        """
        check_widths(self.config, batch.states_LSW, batch.molecules_XF, batch.diseases_YA)
        pooled_EUC, contexts = self._criteria(batch)
        known_EXD = self._tokens(batch)
        logits_EB = pooled_EUC.new_zeros(self.size, batch.size)
        for rows, part in _of_like_size(batch):
            tokens_EBND = known_EXD.index_select(1, part.place_BN.flatten())
            fused_EBD = self._fusion(
                tokens_EBND.view(self.size, *part.place_BN.shape, -1),
                part,
                [context.rows(part.row_B) for context in contexts],
            )
            logits_EB[:, rows] = self._head(pooled_EUC.index_select(1, part.row_B), fused_EBD)
        return logits_EB


def _of_like_size(batch: PackedBatch) -> Iterator[tuple[Tensor, PackedBatch]]:
    """Cut a batch into trials with like numbers of drugs and diseases, so that little is padding."""
    for rows in torch.split(batch.real_BN.sum(dim=1).argsort(), _TOGETHER):
        used = batch.real_BN[rows].any(dim=0)
        part = replace(
            batch,
            row_B=batch.row_B[rows],
            place_BN=batch.place_BN[rows][:, used],
            real_BN=batch.real_BN[rows][:, used],
            molecule_places=int(used[: batch.molecule_places].sum()),
        )
        yield rows, part


class _DrugTokens:
    """Molecules, diseases, names and phases of E networks as tokens of width D."""

    def __init__(self, layers: Sequence[DMTokenizer]) -> None:
        self._networks = len(layers)
        norms, enters, _, leaves = zip(*(one.molecule for one in layers), strict=True)
        self._enter = Affine([beside([map_of(*both) for both in zip(enters, norms, strict=True)])])
        self._leave = Affine([map_of(one) for one in leaves])
        self._rank_ERD = torch.stack([one.molecule_position.weight for one in layers])
        self._category_ERD = torch.stack([one.category_position.weight for one in layers])
        self._ancestors = [one.ancestor.weight for one in layers]
        self._absent_E2D = torch.stack([torch.stack([one.absent_molecule_D, one.absent_disease_D]) for one in layers])
        names = [one.names for one in layers if one.names is not None]
        self._names = _Names(names) if names else None
        self._phases = [one.phase.weight for one in layers if one.phase is not None]

    def __call__(self, batch: PackedBatch) -> Tensor:
        """Return the tokens that `PackedBatch.place_BN` counts, shape ``E x R x D``."""
        known = [self._absent_E2D, self._molecules(batch), self._diseases(batch)]
        if self._names is not None:
            known.append(self._names(batch))
        if self._phases:
            known.append(torch.stack(self._phases))
        return torch.cat(known, dim=1)

    def _molecules(self, batch: PackedBatch) -> Tensor:
        (hidden_XI,) = self._enter(normalised(batch.molecules_XF)[None])
        hidden_EXD = functional.gelu(apart(hidden_XI, self._networks))
        return self._leave(hidden_EXD) + _look_up(self._rank_ERD, batch.rank_X)

    def _diseases(self, batch: PackedBatch) -> Tensor:
        summed = [functional.embedding_bag(batch.diseases_YA, table, mode="sum") for table in self._ancestors]
        return torch.stack(summed) + _look_up(self._category_ERD, batch.category_Y)


class _Names:
    """Names as tokens, from a mean of their normalised levels by learned weights."""

    def __init__(self, layers: Sequence[NameTokens]) -> None:
        self._networks = len(layers)
        weights = [one.level_weights_L.double().softmax(dim=0).unbind() for one in layers]
        projects = [map_of(one.project) for one in layers]
        norms = zip(*(one.norms for one in layers), strict=True)
        levels = zip(zip(*weights, strict=True), norms, strict=True)
        self._levels = Affine([beside([*map(_weighted, projects, *level)]) for level in levels])
        self._kind_E2D = torch.stack([one.kind.weight for one in layers])

    def __call__(self, batch: PackedBatch) -> Tensor:
        """Return tokens of shape ``E x V x D``."""
        mixed_ZI = self._levels(normalised(batch.names_LZW.float())).sum(dim=0)
        tokens_EZD = apart(mixed_ZI, self._networks)
        return tokens_EZD.index_select(1, batch.name_V) + self._kind_E2D.index_select(1, batch.kind_V)


def _weighted(project: Map, weight: Tensor, norm: nn.LayerNorm) -> Map:
    """Return what one level of a name adds to its token."""
    return scaled(project._replace(bias_O=weight * project.bias_O), weight * norm.weight, weight * norm.bias)


def _look_up(table_ERD: Tensor, index: Tensor) -> Tensor:
    return table_ERD.index_select(1, index.clamp(max=table_ERD.shape[1] - 1))


class _Fusion:
    """DM blocks of E networks, the contexts fused between them."""

    def __init__(
        self, layers: Sequence[MultiLevelFusion], context_norms: Sequence[Sequence[nn.LayerNorm | None]]
    ) -> None:
        blocks = zip(*(layer.blocks for layer in layers), strict=True)
        self._blocks = [_streams(step) for step in blocks]
        crosses = zip(*(layer.cross for layer in layers), strict=True)
        self._cross = [Block(step, norms) for step, norms in zip(crosses, context_norms, strict=True)]
        self._scale_E1D = torch.stack([layer.norm.weight for layer in layers])[:, None]
        self._shift_E1D = torch.stack([layer.norm.bias for layer in layers])[:, None]

    def __call__(self, tokens_EBND: Tensor, batch: PackedBatch, contexts: Sequence[ContextStack]) -> Tensor:
        """Return the fused tokens' mean, shape ``E x B x D``."""
        mask_BN1 = mask_of(batch.real_BN)
        places = (slice(batch.molecule_places), slice(batch.molecule_places, None))
        for step, streams in enumerate(self._blocks):
            if step:
                context = contexts[step - 1]
                tokens_EBND = self._cross[step - 1](tokens_EBND, context.mask_UG1, context.tokens_EUGD)
            if len(streams) == 1:
                tokens_EBND = _in_turn(streams[0], tokens_EBND, mask_BN1)
            else:
                parts = zip(streams, places, strict=True)
                split = [_in_turn(stack, tokens_EBND[:, :, part], mask_BN1[:, part]) for stack, part in parts]
                tokens_EBND = torch.cat(split, dim=2)
        shares_B1N = batch.real_BN[:, None] / batch.real_BN.sum(dim=1)[:, None, None]
        mean_EBD = (shares_B1N @ normalised(tokens_EBND)).squeeze(2)
        return torch.addcmul(self._shift_E1D, mean_EBD, self._scale_E1D)


def _streams(blocks: Sequence[DMBlock]) -> list[list[Block]]:
    """Return the layers of each stream of one step."""
    stacks = zip(*(block.stacks for block in blocks), strict=True)
    return [[Block(layer) for layer in zip(*(stack.layers for stack in stream), strict=True)] for stream in stacks]


def _in_turn(blocks: Sequence[Block], tokens_EBND: Tensor, mask_BN1: Tensor) -> Tensor:
    for block in blocks:
        tokens_EBND = block(tokens_EBND, mask_BN1)
    return tokens_EBND


class _Head:
    """Outcome heads of E networks."""

    def __init__(self, heads: Sequence[OutcomeHead]) -> None:
        self._enter = Affine(
            [scaled(map_of(head.enter), *_both(head.criteria_norm, head.drugs_norm)) for head in heads]
        )
        self._layers = [
            Affine([map_of(one) for one in step]) for step in zip(*(head.layers for head in heads), strict=True)
        ]
        self._leave = Affine([map_of(head.leave) for head in heads])

    def __call__(self, criteria_EBC: Tensor, drugs_EBD: Tensor) -> Tensor:
        """Return the logits, shape ``E x B``."""
        hidden_EBI = self._enter(torch.cat([normalised(criteria_EBC), normalised(drugs_EBD)], dim=2))
        for layer in self._layers:
            hidden_EBI = hidden_EBI + functional.relu(layer(hidden_EBI))
        return self._leave(hidden_EBI).squeeze(2)


def _both(first: nn.LayerNorm, second: nn.LayerNorm) -> tuple[Tensor, Tensor]:
    """Return the scales and the shifts of two LayerNorms, one after the other."""
    return torch.cat([first.weight, second.weight]), torch.cat([first.bias, second.bias])
