"""The drug-molecule (DM) branch and its multi-level fusion with the criteria.

Shapes: B trials, M molecules, F molecule features, K diseases, A ICD ancestors, D width,
N DM tokens of a trial: 1 + M molecules, 1 + K diseases, the names and the phase if they are tokens;
R rows of DM tokens, R / B for each of B contexts; G context tokens.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cladmop.model.attention import CrossAttentionBlock, SelfAttentionStack, masked_mean, table
from cladmop.model.batch import LEVELS, TrialBatch
from cladmop.model.config import ModelConfig
from cladmop.model.criteria import Context

_FEW = 64
"""Context tokens up to which rows are fused by groups of like size, each row with a copy of its context."""


class DMTokens(NamedTuple):
    """The drugs, diseases and phase of trials, as tokens."""

    tokens_BND: Tensor
    mask_BN: Tensor
    molecules: int
    """How many leading tokens are molecules, where streams part them; diseases and the phase follow."""

    def rows(self, rows: slice | Tensor) -> "DMTokens":
        """Return the tokens of some of the trials, without the places that are padding in all of them."""
        mask_BN = self.mask_BN[rows]
        real_N = mask_BN.any(dim=0)
        molecules = int(real_N[: self.molecules].sum())
        return DMTokens(self.tokens_BND[rows][:, real_N], mask_BN[:, real_N], molecules)

    def packed(self) -> "DMTokens":
        """Return the real tokens of each trial side by side, in their order; for streams that do not part them."""
        widest = int(self.mask_BN.sum(dim=1).amax()) if self.mask_BN.numel() else 0
        place_BN = self.mask_BN.to(torch.int8).argsort(dim=1, descending=True, stable=True)[:, :widest]
        tokens_BND = self.tokens_BND.gather(1, place_BN[:, :, None].expand(-1, -1, self.tokens_BND.shape[2]))
        return DMTokens(tokens_BND, self.mask_BN.gather(1, place_BN), molecules=0)

    def of_like_size(self) -> list[Tensor]:
        """Return the rows in groups whose numbers of tokens lie within a factor of 2, each as row numbers."""
        magnitude_B = self.mask_BN.sum(dim=1).clamp(min=1).double().log2().ceil()
        return [torch.nonzero(magnitude_B == one).flatten() for one in sorted({*magnitude_B.tolist()})]

    def repeat(self, times: int, blocks: int = 1) -> "DMTokens":
        """Return the rows of all trials ``times`` times over, block by block where they are of several blocks."""
        rows = torch.arange(len(self.mask_BN), device=self.mask_BN.device).view(blocks, 1, -1)
        row_R = rows.expand(-1, times, -1).flatten()
        return DMTokens(self.tokens_BND[row_R], self.mask_BN[row_R], self.molecules)


class DMTokenizer(nn.Module):
    """Molecules, diseases and the phase become tokens of width D.

    A molecule is its features through a two-layer perceptron plus a learned position; a disease is the sum of the
    embeddings of its ICD ancestors plus a position shared by the codes of one category (paper). Positions beyond the
    table share its last one. Each kind is led by a learned absent token, real exactly where the trial has none.

    With ``config.names`` every drug and disease also stands by its name, as the frozen language model reads it, so
    that a drug without structure (a biologic, a code name) and a disease without code are not lost.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.molecule = nn.Sequential(
            nn.LayerNorm(config.molecule_width),
            nn.Linear(config.molecule_width, config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
        )
        self.molecule_position = table(config.positions, config.width)
        self.absent_molecule_D = nn.Parameter(torch.randn(config.width) * config.width**-0.5)
        # From zero: a code never seen in training adds nothing of its own, and speaks by the ancestors that were seen.
        self.ancestor = nn.Embedding(config.disease_vocabulary, config.width, padding_idx=0)
        nn.init.zeros_(self.ancestor.weight)
        self.category_position = table(config.positions, config.width)
        self.absent_disease_D = nn.Parameter(torch.randn(config.width) * config.width**-0.5)
        self.names = NameTokens(config) if config.names else None
        self.joint = config.streams == "joint"
        self.phase = table(config.phases, config.width) if config.phase_token else None

    def forward(self, batch: TrialBatch) -> DMTokens:
        """Return the tokens of B trials."""
        ranks_M = torch.arange(batch.molecules_BMF.shape[1], device=batch.phase_B.device)
        molecules_BMD = self.molecule(batch.molecules_BMF) + _look_up(self.molecule_position, ranks_M)
        categories_BKD = _look_up(self.category_position, batch.categories_BK)
        diseases_BKD = self.ancestor(batch.diseases_BKA).sum(dim=2) + categories_BKD
        parts = [
            _lead(self.absent_molecule_D, molecules_BMD, batch.molecule_mask_BM),
            _lead(self.absent_disease_D, diseases_BKD, batch.disease_mask_BK),
        ]
        if self.names is not None:
            parts.append((self.names(batch), batch.name_mask_BN))
        if self.phase is not None:
            parts.append(
                (self.phase(batch.phase_B)[:, None], torch.ones_like(batch.phase_B, dtype=torch.bool)[:, None])
            )
        tokens, masks = zip(*parts, strict=True)
        dm = DMTokens(torch.cat(tokens, dim=1), torch.cat(masks, dim=1), molecules=1 + len(ranks_M))
        return dm.packed() if self.joint else dm


class NameTokens(nn.Module):
    """Names of drugs and diseases as tokens: a learned mean of their layer-normalised levels, projected, plus kind."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.level_weights_L = nn.Parameter(torch.zeros(LEVELS))
        self.norms = nn.ModuleList(nn.LayerNorm(config.text_width) for _ in range(LEVELS))
        self.project = nn.Linear(config.text_width, config.width)
        self.kind = table(2, config.width)

    def forward(self, batch: TrialBatch) -> Tensor:
        """Return tokens of shape ``B x N x D``, N names of a trial at most."""
        levels = zip(self.level_weights_L.softmax(dim=0), self.norms, batch.names_LBNW, strict=True)
        mixed_BNW = sum(weight * norm(states_BNW.float()) for weight, norm, states_BNW in levels)
        tokens_BND: Tensor = self.project(mixed_BNW) + self.kind(batch.name_kinds_BN)
        return tokens_BND


def _look_up(positions: nn.Embedding, index: Tensor) -> Tensor:
    found: Tensor = positions(index.clamp(max=positions.num_embeddings - 1))
    return found


def _lead(absent_D: Tensor, tokens_BND: Tensor, mask_BN: Tensor) -> tuple[Tensor, Tensor]:
    absent_B1D = absent_D.expand(len(tokens_BND), 1, -1)
    return torch.cat([absent_B1D, tokens_BND], 1), torch.cat([~mask_BN.any(1, keepdim=True), mask_BN], 1)


class DMBlock(nn.Module):
    """Self-attention layers over the DM tokens.

    One stack for all of them (``joint``), or one for molecules and one for the rest (``separate``, as in the paper).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        stacks = 1 if config.streams == "joint" else 2
        self.stacks = nn.ModuleList(SelfAttentionStack(config, config.block_layers) for _ in range(stacks))

    def forward(self, dm: DMTokens) -> DMTokens:
        """Return the tokens, each informed by the real ones of its stream."""
        everything, molecules, rest = slice(None), slice(dm.molecules), slice(dm.molecules, None)
        streams = (everything,) if len(self.stacks) == 1 else (molecules, rest)
        outputs = [
            stack(dm.tokens_BND[:, stream], dm.mask_BN[:, stream])
            for stack, stream in zip(self.stacks, streams, strict=True)
        ]
        return dm._replace(tokens_BND=torch.cat(outputs, dim=1))


class MultiLevelFusion(nn.Module):
    """DM block -> fuse coarse -> DM block -> fuse medium -> DM block -> fuse fine -> DM block -> LayerNorm (paper).

    To fuse is to let the DM tokens attend to the context of a level: the cost grows with the groups G, not with T.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(DMBlock(config) for _ in range(len(config.fused_levels) + 1))
        self.cross = nn.ModuleList(CrossAttentionBlock(config) for _ in config.fused_levels)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, dm: DMTokens, contexts: Sequence[Context] = ()) -> Tensor:
        """Fuse R rows of DM tokens with the contexts of B trials and average-pool them.

        Parameters
        ----------
        dm
            R rows of tokens; the first ``R / B`` belong to the first context, and so on.
        contexts
            One for each fused level, or none at all: then the fusing steps are left out, and the result depends on
            the drugs, diseases and phase alone.

        Returns
        -------
        Tensor
            Shape ``R x D``.
        """
        groups = dm.of_like_size()
        if len(groups) < 2 or any(context.tokens_BGD.shape[1] > _FEW for context in contexts):
            return self._fuse(dm, contexts)
        each = len(dm.mask_BN) // len(contexts[0].mask_BG) if contexts else 1
        fused = [self._fuse(dm.rows(rows), [context.rows(rows // each) for context in contexts]) for rows in groups]
        return torch.cat(fused)[torch.cat(groups).argsort()]

    def _fuse(self, dm: DMTokens, contexts: Sequence[Context]) -> Tensor:
        dm = self.blocks[0](dm)
        for step, block in enumerate(self.blocks[1:]):
            if contexts:
                dm = dm._replace(tokens_BND=self.cross[step](dm.tokens_BND, *contexts[step]))
            dm = block(dm)
        return masked_mean(self.norm(dm.tokens_BND), dm.mask_BN)
