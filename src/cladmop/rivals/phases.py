"""The phase of a trial as columns of a regression, so that phases may be pooled without confusing their base rates."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cladmop.records import Phase

GROUPS = ("II", "III", "IV", "none")
"""Phase groups with a column of their own; phase I is the one with none."""


def phase_columns(phases: Sequence[Phase]) -> NDArray[np.float32]:
    """Return 1 where a trial is of a group of `GROUPS`, else 0, shape (n, 4)."""
    columns = np.zeros((len(phases), len(GROUPS)), dtype=np.float32)
    for row, phase in enumerate(phases):
        if phase.group in GROUPS:
            columns[row, GROUPS.index(phase.group)] = 1
    return columns
