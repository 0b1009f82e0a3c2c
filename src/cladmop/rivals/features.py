"""One matrix from encoded trials, for models of tables: molecules, ICD-10 codes, criteria, phase and counts.

Shapes: n trials, D columns, M molecules, F molecule features, T criteria vectors, W width of the language model.

Columns in the manner of HINT's baselines (Fu et al., Patterns 2022): fingerprints, codes and the text's hidden states,
joined side by side. What a trial does not have is NaN, never zero, and has a column that says so; filling gaps is the
model's part.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cladmop.drugs.molecules import DESCRIPTORS, MORGAN_BITS
from cladmop.encoders.base import EncodedTrial
from cladmop.errors import CladmopError, InputError
from cladmop.records import Phase
from cladmop.rivals.phases import GROUPS, phase_columns

_PHASES = list(Phase)
_CODE_LEVELS = 3
"""Ancestors with columns: chapter, block and category. A subcategory is too rare to be worth one."""
_SIDES = ("inclusion", "exclusion")
_COUNTS = ("drugs", "molecules", "diseases", "disease codes", *(f"{side} vectors" for side in _SIDES))
_ABSENT = ("no molecule", *(f"no {side} criteria" for side in _SIDES))


class TrialFeatures:
    """Columns of a table, decided by the training trials.

    The columns, in order: mean of the molecules' features (F); mean last-layer state of the inclusion and of the
    exclusion criteria (2 W); 1 for each ICD-10 chapter, block and category of the training trials that the trial is
    in, else 0; 1 for the phase group; ln(1 + count) of drugs, molecules, diseases, codes and criteria vectors a side;
    and 1 where molecules, inclusion or exclusion criteria are absent, in which case their means are NaN.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        """What each of the D columns is: ``morgan 17``, ``MolWt``, ``inclusion state 3``, ``ICD-10 C34``, ``phase II``,
        ``drugs`` or ``no molecule``; empty before `fit`."""
        self.molecules = slice(0, 0)
        """Place of the molecules' columns; NaN as a block where a trial has no molecule."""
        self._codes: NDArray[np.int32] = np.empty(0, dtype=np.int32)
        self._widths = (0, 0)

    def fit(self, encoded: Sequence[EncodedTrial]) -> Self:
        """Take the widths, and the ICD-10 ancestors that occur, from training trials.

        Raises
        ------
        InputError
            If there are no trials.
        """
        if not encoded:
            raise InputError("no trials to take columns from; give one training trial or more")
        self._widths = _widths(encoded[0])
        self._codes = np.unique(np.concatenate([_codes(trial) for trial in encoded]))
        self.molecules = slice(0, self._widths[0])
        self.names = tuple(self._name_columns())
        return self

    def transform(self, encoded: Sequence[EncodedTrial]) -> NDArray[np.float32]:
        """Return the table, shape (n, D): finite but for the NaN of absent molecules and criteria.

        Codes that no training trial had are left out.

        Raises
        ------
        CladmopError
            If `fit` did not come before.
        InputError
            If a trial was encoded by another featuriser or language model than the training trials.
        """
        if not self.names:
            raise CladmopError("the columns are not fitted; call fit with the training trials")
        for row, trial in enumerate(encoded):
            if _widths(trial) != self._widths:
                raise InputError(
                    f"trial {row}: molecule features and hidden states of widths {_widths(trial)}, but "
                    f"{self._widths} in training; encode all trials alike"
                )
        if not encoded:
            return np.empty((0, len(self.names)), dtype=np.float32)
        means = [_mean_rows(trial.molecules) for trial in encoded], *(_side_means(encoded, side) for side in (0, 1))
        codes = np.stack([np.isin(self._codes, _codes(trial)) for trial in encoded])
        phases = phase_columns([_PHASES[trial.phase] for trial in encoded])
        counts = np.array([_counts(trial) for trial in encoded])
        absent = np.column_stack([np.isnan(np.stack(mean)[:, 0]) for mean in means])
        table = np.hstack([*map(np.stack, means), codes, phases, np.log1p(counts), absent])
        return np.asarray(table, dtype=np.float32)

    def _name_columns(self) -> list[str]:
        from cladmop.diseases.icd import vocabulary

        molecule_width, text_width = self._widths
        terms = vocabulary().terms
        return [
            *_molecule_names(molecule_width),
            *(f"{side} state {number}" for side in _SIDES for number in range(text_width)),
            *(f"ICD-10 {terms[code]}" for code in self._codes),
            *(f"phase {group}" for group in GROUPS),
            *_COUNTS,
            *_ABSENT,
        ]


def _molecule_names(width: int) -> list[str]:
    if width != MORGAN_BITS + len(DESCRIPTORS):
        return [f"molecule {number}" for number in range(width)]
    return [*(f"morgan {bit}" for bit in range(MORGAN_BITS)), *(item.name for item in DESCRIPTORS)]


def _widths(trial: EncodedTrial) -> tuple[int, int]:
    return trial.molecules.shape[1], trial.criteria.shape[2]


def _codes(trial: EncodedTrial) -> NDArray[np.int32]:
    """Return the ids of a trial's chapters, blocks and categories, each once; 0 stands for none."""
    ids = np.unique(trial.diseases[:, :_CODE_LEVELS])
    return ids[ids > 0]


def _side_means(encoded: Sequence[EncodedTrial], side: int) -> list[NDArray[np.float32]]:
    return [_mean_rows(trial.criteria[-1, trial.side == side]) for trial in encoded]


def _mean_rows(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the mean of the rows, NaN where there is none."""
    if not len(rows):
        return np.full(rows.shape[1], np.nan, dtype=np.float32)
    return np.asarray(rows.mean(axis=0, dtype=np.float32))


def _counts(trial: EncodedTrial) -> tuple[int, ...]:
    """Return the numbers that `_COUNTS` names."""
    drugs, diseases = (int((trial.name_kinds == kind).sum()) for kind in (0, 1))
    inclusion, exclusion = (int((trial.side == side).sum()) for side in (0, 1))
    return drugs, len(trial.molecules), diseases, len(trial.diseases), inclusion, exclusion
