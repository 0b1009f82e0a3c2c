"""Figures that papers report on the TOP test splits, to be printed beside ours and never mixed with them."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One published row."""

    name: str
    phase: str
    """``I``, ``II`` or ``III``."""
    f1: float
    """NaN where the source states none."""
    precision: float
    """What the source calls PR-AUC."""
    roc_auc: float
    source: str
    caveat: str


_PAPER = "KDD 2025, arXiv 2505.18527"
_PAPER_CAVEAT = "mean of 10 bootstraps; LLM BioGPT; pre-trained on registry trials"
_MEXA_CAVEAT = "released code selects checkpoints on the test split and leaves its experts untrained"
_LIFTED_CAVEAT = "as printed by its authors, not rerun"
_ZERO_SHOT_CAVEAT = "no fine-tuning; AP far below the base rate of .750, so not the average precision of a ranking"
_HINT_CAVEAT = "its released scores, read again as scores; as published its PR-AUC is taken of thresholded 0/1 scores"

PUBLISHED = (
    Published("CLaDMoP (paper)", "I", 0.713, 0.680, 0.642, _PAPER, _PAPER_CAVEAT),
    Published("CLaDMoP (paper)", "II", 0.685, 0.683, 0.647, _PAPER, _PAPER_CAVEAT),
    Published("CLaDMoP (paper)", "III", 0.861, 0.860, 0.702, _PAPER, _PAPER_CAVEAT),
    Published("CLaDMoP (paper), no fine-tuning", "III", 0.357, 0.466, 0.514, _PAPER, _ZERO_SHOT_CAVEAT),
    Published("HINT", "III", math.nan, 0.868, 0.721, "Patterns 2022, released scores", _HINT_CAVEAT),
    Published("MEXA-CTP", "I", 0.713, 0.605, 0.593, "SDM 2025", _MEXA_CAVEAT),
    Published("MEXA-CTP", "II", 0.695, 0.635, 0.638, "SDM 2025", _MEXA_CAVEAT),
    Published("MEXA-CTP", "III", 0.857, 0.771, 0.693, "SDM 2025", _MEXA_CAVEAT),
    Published("LIFTED", "I", 0.716, 0.707, 0.649, "LIFTED's paper", _LIFTED_CAVEAT),
    Published("LIFTED", "II", 0.662, 0.698, 0.651, "LIFTED's paper", _LIFTED_CAVEAT),
    Published("LIFTED", "III", 0.838, 0.883, 0.735, "LIFTED's paper", _LIFTED_CAVEAT),
)

NEW_DISEASES = {"I": 0.520, "II": 0.562, "III": 0.529}
"""ROC-AUC that the paper reports on trials whose combination of diseases is not in the training trials."""

ALL_POSITIVE_F1 = {"I": 0.713, "II": 0.714, "III": 0.857}
"""F1 of calling every trial of a TOP test split a success: published F1 figures barely differ from it."""

CAUTION = (
    "Published by others, not rerun here: other code, other seeds, thresholds and intervals unstated. "
    "What some papers call PR-AUC is taken of thresholded 0/1 scores and is no average precision. MEXA-CTP prints "
    "baselines of phase III between .55 and .63, below the base rate of .750, which no average precision of a "
    "ranking is."
)


def published(phase: str) -> list[Published]:
    """Return the published rows of a phase group (``I``, ``II``, ``III``), none for any other."""
    return [row for row in PUBLISHED if row.phase == phase]
