"""Random batches of any shape, and small networks to run them through."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from cladmop.model.batch import LEVELS, TrialBatch
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig

WIDTH, FEATURES, VOCABULARY, ANCESTORS = 12, 6, 20, 3
Sizes = tuple[int, int, int]


def make_batch(sizes: Sequence[Sizes], *, pad: int = 0, seed: int = 0) -> TrialBatch:
    """Trials of (T, M, K) each, padded by ``pad`` more places; each trial depends on its sizes and place only.

    Every molecule and disease has a name, N = M + K.
    """
    tokens, molecules, diseases = (max(size[axis] for size in sizes) + pad for axis in range(3))
    noise = torch.Generator().manual_seed(seed + 999)
    count, names = len(sizes), max(m + k for _, m, k in sizes) + pad

    def padding(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=noise) * 50

    batch = TrialBatch(
        criteria_LBTW=padding(LEVELS, count, tokens, WIDTH),
        criteria_mask_BT=torch.zeros(count, tokens, dtype=torch.bool),
        side_BT=torch.randint(0, 2, (count, tokens), generator=noise),
        molecules_BMF=padding(count, molecules, FEATURES),
        molecule_mask_BM=torch.zeros(count, molecules, dtype=torch.bool),
        diseases_BKA=torch.randint(0, VOCABULARY, (count, diseases, ANCESTORS), generator=noise),
        disease_mask_BK=torch.zeros(count, diseases, dtype=torch.bool),
        categories_BK=torch.randint(0, 3, (count, diseases), generator=noise),
        names_LBNW=padding(LEVELS, count, names, WIDTH),
        name_mask_BN=torch.zeros(count, names, dtype=torch.bool),
        name_kinds_BN=torch.randint(0, 2, (count, names), generator=noise),
        phase_B=torch.zeros(count, dtype=torch.long),
    )
    for row, (t, m, k) in enumerate(sizes):
        own = torch.Generator().manual_seed(seed + 31 * row + 7)
        batch.criteria_LBTW[:, row, :t] = torch.randn(LEVELS, t, WIDTH, generator=own)
        batch.criteria_mask_BT[row, :t] = True
        batch.side_BT[row, :t] = (torch.arange(t) >= (t + 1) // 2).long()
        batch.molecules_BMF[row, :m] = torch.randn(m, FEATURES, generator=own)
        batch.molecule_mask_BM[row, :m] = True
        batch.diseases_BKA[row, :k] = torch.randint(0, VOCABULARY, (k, ANCESTORS), generator=own)
        batch.disease_mask_BK[row, :k] = True
        batch.categories_BK[row, :k] = torch.arange(k)
        batch.names_LBNW[:, row, : m + k] = torch.randn(LEVELS, m + k, WIDTH, generator=own)
        batch.name_mask_BN[row, : m + k] = True
        batch.name_kinds_BN[row, : m + k] = (torch.arange(m + k) >= m).long()
        batch.phase_B[row] = int(torch.randint(0, 8, (1,), generator=own))
    return batch


def row_of(batch: TrialBatch, row: int, size: Sizes) -> TrialBatch:
    """One trial alone, without padding."""
    t, m, k = size
    one = slice(row, row + 1)
    return TrialBatch(
        batch.criteria_LBTW[:, one, :t],
        batch.criteria_mask_BT[one, :t],
        batch.side_BT[one, :t],
        batch.molecules_BMF[one, :m],
        batch.molecule_mask_BM[one, :m],
        batch.diseases_BKA[one, :k],
        batch.disease_mask_BK[one, :k],
        batch.categories_BK[one, :k],
        batch.names_LBNW[:, one, : m + k],
        batch.name_mask_BN[one, : m + k],
        batch.name_kinds_BN[one, : m + k],
        batch.phase_B[one],
    )


def make_config(**changes: Any) -> ModelConfig:
    """A small network with all parts."""
    small = ModelConfig(
        text_width=WIDTH, molecule_width=FEATURES, disease_vocabulary=VOCABULARY, width=8, heads=2, positions=3,
        centroids=(6, 4, 3), group_layers=1, criteria_width=10, head_width=8, match_width=8,
    )  # fmt: skip
    return replace(small, **changes)


def make_model(seed: int = 0, **changes: Any) -> CLaDMoP:
    """A small network in evaluation mode, weights by seed."""
    torch.manual_seed(seed)
    model = CLaDMoP(make_config(**changes)).eval()
    # The table starts from zero; a trained one does not.
    torch.nn.init.normal_(model.tokens.ancestor.weight[1:], std=0.35)
    return model


@pytest.fixture(scope="session")
def batches() -> Callable[..., TrialBatch]:
    return make_batch


@pytest.fixture(scope="session")
def single() -> Callable[..., TrialBatch]:
    return row_of


@pytest.fixture(scope="session")
def models() -> Callable[..., CLaDMoP]:
    return make_model


@pytest.fixture(scope="session")
def configs() -> Callable[..., ModelConfig]:
    return make_config
