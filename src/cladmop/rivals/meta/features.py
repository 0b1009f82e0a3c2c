"""Encoded trials as fixed vectors, standardised on the trials that are meta-trained on. Needs numpy only.

Shapes: N trials, P = 4 parts (inclusion, exclusion, drug names, disease names), R = 2 levels read, W width of the
language model, D = P x R x W + P features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError

_PARTS = 4
_READ = (2, 3)
"""The fine level (3/4 of the depth) and the last layer."""
_CLIP = 4.0  # standard deviations; beyond, a state says no more


@dataclass(frozen=True)
class Standardiser:
    """Where the features of some trials lie: what is done to the features of all others."""

    mean: NDArray[np.float32]
    """Mean of each feature over the trials that have its part, shape (D,)."""
    deviation: NDArray[np.float32]
    """Standard deviation over the same trials, never zero, shape (D,)."""

    @classmethod
    def fit(cls, encoded: Sequence[EncodedTrial]) -> Self:
        """Measure means and deviations; at least one trial."""
        raw = np.ma.masked_invalid(_raw(encoded))
        return cls(raw.mean(axis=0).filled(0), np.maximum(raw.std(axis=0).filled(1), 1e-6))

    def features(self, encoded: Sequence[EncodedTrial]) -> NDArray[np.float32]:
        """Return the features, of unit expected squared length in all, shape (N, D).

        A part that a trial lacks is at the mean, and one column a part tells whether it is there.

        Raises
        ------
        InputError
            If the trials were encoded by a language model of another width.
        """
        columns = len(self.mean)
        if not encoded:
            return np.empty((0, columns), dtype=np.float32)
        raw = _raw(encoded)
        if raw.shape[1] != columns:
            raise InputError(f"{raw.shape[1]} features a trial, but {columns} while meta-learning; encode all alike")
        standard = np.clip((raw - self.mean) / self.deviation, -_CLIP, _CLIP)
        return np.asarray(np.nan_to_num(standard) / np.sqrt(columns), dtype=np.float32)


def _raw(encoded: Sequence[EncodedTrial]) -> NDArray[np.float32]:
    """Return the mean state of each part at each level read, NaN where absent, then 1 for each part there, (N, D)."""
    width = encoded[0].criteria.shape[2]
    means = np.full((len(encoded), _PARTS, len(_READ), width), np.nan, dtype=np.float32)
    for row, trial in enumerate(encoded):
        parts = [(trial.criteria, trial.side == side) for side in (0, 1)]
        parts += [(trial.names, trial.name_kinds == kind) for kind in (0, 1)]
        for part, (states, chosen) in enumerate(parts):
            if chosen.any():
                means[row, part] = states[list(_READ)][:, chosen].astype(np.float32).mean(axis=1)
    there = ~np.isnan(means[:, :, 0, 0])
    return np.hstack([means.reshape(len(encoded), -1), there.astype(np.float32)])
