"""Encoded trials as HINT reads them: molecules, ICD-10 ancestors, the mean statement of each side, the phase group.

Shapes: B trials, M molecules, F molecule features, K disease codes, A ancestors of a code (itself included, last),
S = 2 sides (inclusion, exclusion), W width of the language model, V known ancestors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.records import Phase

HEADS = ("shared", "I", "II", "III", "IV")
"""Outputs: one that all trials share, and one for each phase group."""
_HEAD_OF_PHASE = [HEADS.index(phase.group) if phase.group in HEADS else 0 for phase in Phase]


@dataclass(frozen=True, eq=False)
class TrialParts:
    """One trial; any part may be absent."""

    molecules_MF: NDArray[np.float32]
    """Molecule features, shape ``M x F``."""
    codes_KA: NDArray[np.int64]
    """Known ancestors, 1 to V, from chapter to code, then 0, shape ``K x A``; each row has one at least."""
    sides_SW: NDArray[np.float32]
    """Mean statement of each side, NaN where the side has none, shape ``2 x W``."""
    head: int
    """Index in ``HEADS`` of the phase group; 0 where it has no head of its own."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B trials. Values under a false mask, or of a side that is not there, have no influence on any score."""

    molecules_BMF: Tensor
    """Float32, shape ``B x M x F``."""
    molecule_mask_BM: Tensor
    """True where a molecule is real, shape ``B x M``."""
    codes_BKA: Tensor
    """As in `TrialParts`, rows of zeros where padded, int64, shape ``B x K x A``."""
    sides_BSW: Tensor
    """Zero where a side has no statement, float32, shape ``B x 2 x W``."""
    side_mask_BS: Tensor
    """True where a side has statements, shape ``B x 2``."""
    heads_B: Tensor
    """Index in ``HEADS``, int64, shape ``B``."""


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads trials the way the training trials are read."""

    known_V: NDArray[np.int32]
    """ICD-10 ancestors of the training trials, ascending, shape ``V``."""
    molecule_width: int
    """F."""
    text_width: int
    """W."""

    @classmethod
    def fit(cls, encoded: Sequence[EncodedTrial]) -> Self:
        """Take widths and known ancestors from training trials, at least one."""
        ids = np.unique(np.concatenate([trial.diseases.ravel() for trial in encoded]))
        return cls(ids[ids > 0], encoded[0].molecules.shape[1], encoded[0].criteria.shape[2])

    def read(self, encoded: Sequence[EncodedTrial]) -> list[TrialParts]:
        """Return the parts of each trial.

        A code that no training trial has is its nearest known ancestor, since an embedding that was never trained is
        noise; a code without any is left out. Statements are the last level of the frozen language model, each brought
        to mean 0 and variance 1 before they are averaged: causal models have a few entries far larger than the rest.

        Raises
        ------
        InputError
            If a trial was encoded by another featuriser or language model than the training trials.
        """
        for row, trial in enumerate(encoded):
            widths = trial.molecules.shape[1], trial.criteria.shape[2]
            if widths != (self.molecule_width, self.text_width):
                raise InputError(
                    f"trial {row}: molecule features and hidden states of widths {widths}, but "
                    f"{(self.molecule_width, self.text_width)} in training; encode all trials alike"
                )
        return [
            TrialParts(trial.molecules, self._codes(trial.diseases), _sides(trial), _HEAD_OF_PHASE[trial.phase])
            for trial in encoded
        ]

    def _codes(self, ids_KA: NDArray[np.int32]) -> NDArray[np.int64]:
        places_KA = np.searchsorted(self.known_V, ids_KA) + 1
        # An ancestor's own ancestors are known with it, so what is known stands in front.
        codes_KA = np.where(np.isin(ids_KA, self.known_V), places_KA, 0)
        return np.asarray(np.unique(codes_KA[codes_KA.any(axis=1)], axis=0), dtype=np.int64)


def collate(trials: Sequence[TrialParts]) -> Batch:
    """Pad trials, at least one, to one shape."""
    sides_BSW = np.stack([trial.sides_SW for trial in trials])
    molecules_BMF, molecule_mask_BM = _pad([trial.molecules_MF for trial in trials])
    return Batch(
        molecules_BMF=molecules_BMF,
        molecule_mask_BM=molecule_mask_BM,
        codes_BKA=_pad([trial.codes_KA for trial in trials])[0],
        sides_BSW=torch.from_numpy(np.nan_to_num(sides_BSW)),
        side_mask_BS=torch.from_numpy(~np.isnan(sides_BSW[:, :, 0])),
        heads_B=torch.tensor([trial.head for trial in trials]),
    )


def _pad(parts: Sequence[NDArray[Any]]) -> tuple[Tensor, Tensor]:
    """Return arrays of different lengths as one, zero where padded, and what is real."""
    counts = np.array([len(part) for part in parts])
    padded = np.zeros((len(parts), counts.max(), parts[0].shape[1]), dtype=parts[0].dtype)
    for row, part in enumerate(parts):
        padded[row, : len(part)] = part
    return torch.from_numpy(padded), torch.from_numpy(np.arange(counts.max()) < counts[:, None])


def _sides(trial: EncodedTrial) -> NDArray[np.float32]:
    states_TW = trial.criteria[-1].astype(np.float32)
    sides_SW = np.full((2, states_TW.shape[1]), np.nan, dtype=np.float32)
    centred_TW = states_TW - states_TW.mean(axis=1, keepdims=True)
    states_TW = centred_TW / (centred_TW.std(axis=1, keepdims=True) + 1e-6)
    for side in (0, 1):
        if (trial.side == side).any():
            sides_SW[side] = states_TW[trial.side == side].mean(axis=0)
    return sides_SW
