"""A batch of encoded trials, padded to one shape; masks say what is real.

Shapes: B trials, T criteria tokens (items or subword tokens), L levels of text states, W width of the text encoder,
M molecules, F molecule features, K diseases, A ancestors of an ICD code, N names of drugs and diseases. B ≥ 1; T, M,
K and N may be 0.
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

LEVELS = 4
"""Levels of text states: coarse, medium, fine (1/4, 2/4, 3/4 of the encoder's depth) and last."""


@dataclass(frozen=True, eq=False)
class TrialBatch:
    """What the network reads of B trials. Values under a false mask have no influence on any score."""

    criteria_LBTW: Tensor
    """States of the criteria tokens, shape ``L x B x T x W``: float16 as cached, or float32."""
    criteria_mask_BT: Tensor
    """True where a criteria token is real, shape ``B x T``."""
    side_BT: Tensor
    """0 inclusion, 1 exclusion, int64, shape ``B x T``."""
    molecules_BMF: Tensor
    """Features of the molecules, float32, shape ``B x M x F``."""
    molecule_mask_BM: Tensor
    """True where a molecule is real, shape ``B x M``."""
    diseases_BKA: Tensor
    """Ids of each disease's ICD ancestors (chapter to code), int64, 0 = none, shape ``B x K x A``."""
    disease_mask_BK: Tensor
    """True where a disease is real, shape ``B x K``."""
    categories_BK: Tensor
    """Index within the trial of the disease's ICD category, from 0, int64, shape ``B x K``."""
    names_LBNW: Tensor
    """States of the names of drugs and diseases, shape ``L x B x N x W``: float16 as cached, or float32."""
    name_mask_BN: Tensor
    """True where a name is real, shape ``B x N``."""
    name_kinds_BN: Tensor
    """0 drug, 1 disease, int64, shape ``B x N``."""
    phase_B: Tensor
    """Index of the phase in ``list(Phase)``, int64, shape ``B``."""

    @property
    def size(self) -> int:
        """Number of trials B."""
        return self.phase_B.shape[0]

    def to(self, device: torch.device | str) -> "TrialBatch":
        """Return the batch on another device."""
        return TrialBatch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})
