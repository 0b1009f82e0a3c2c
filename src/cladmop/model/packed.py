"""A batch for scoring: every text state once and nothing wide padded; indices say which trial reads what.

Shapes: B trials, U trials with criteria of their own, T places for criteria tokens of one trial, L levels, W width of
the text encoder, S states of criteria, Z states of names, X molecules, F molecule features, Y diseases, A ancestors,
V names as used, N places for tokens of drugs, diseases and phase of one trial.
"""

from dataclasses import dataclass

from torch import Tensor

NOWHERE = 2
"""Stands for the side of a place that is padding or an absent token."""


@dataclass(frozen=True, eq=False)
class PackedBatch:
    """What an ensemble reads of B trials."""

    states_LSW: Tensor
    """States of the criteria, each text once, float16; the first is zero and stands for padding."""
    place_UT: Tensor
    """Which state each place holds, from 0, int64."""
    side_UT: Tensor
    """0 inclusion, 1 exclusion, 2 where the place is padding, int64."""
    row_B: Tensor
    """Which of the U criteria belong to each trial, int64."""
    molecules_XF: Tensor
    """Features, float32."""
    rank_X: Tensor
    """Number of the molecule in its trial, from 0, int64."""
    diseases_YA: Tensor
    """Ids of ICD ancestors, int64, 0 = none."""
    category_Y: Tensor
    """Number of the disease's category in its trial, int64."""
    names_LZW: Tensor
    """States of the names of drugs and diseases, each text once, float16."""
    name_V: Tensor
    """Which state each name used has, int64."""
    kind_V: Tensor
    """0 drug, 1 disease, int64."""
    place_BN: Tensor
    """Which token each place of the drug branch holds, int64: 0 no molecule, 1 no disease, then the molecules, the
    diseases, the names and the phases; molecules stand in front."""
    real_BN: Tensor
    """True where the place is no padding."""
    molecule_places: int
    """Leading places that are for molecules alone; 0 where all tokens of a trial stand side by side."""

    @property
    def size(self) -> int:
        """Number of trials B."""
        return self.place_BN.shape[0]
