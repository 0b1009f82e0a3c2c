"""Which scored trials are new to the training trials, and which area they are of; no label takes part."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.diseases.icd import CHAPTERS, ancestors
from cladmop.evaluation.subsets import areas, unseen
from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.encoders.trial import TrialEncoder


def subsets_of(
    encoder: "TrialEncoder", train: Sequence[Trial], scored: Sequence[Trial]
) -> dict[str, NDArray[np.bool_]]:
    """Return the subsets of scored trials by name, each a mask of shape (n,).

    Drugs are told apart by structure, or by name where none is known; diseases by ICD-10 category.
    """
    sets = [[encoder.sets(trial) for trial in trials] for trials in (train, scored)]
    drugs, diseases = (
        [[_parts(pair[kind], mark) for pair in side] for side in sets] for kind, mark in enumerate(("|", ";"))
    )
    chapters = [frozenset(ancestors(code)[0] for code in encoder.diseases.encode(trial).codes) for trial in scored]
    return {**unseen("diseases", *diseases), **unseen("drugs", *drugs), **areas(chapters, CHAPTERS)}


def _parts(identity: str, mark: str) -> frozenset[str]:
    """Return the parts of the canonical identity of a set."""
    return frozenset(part for part in identity.split(mark) if part)
