"""Folds for choosing models on training trials: random ones, and ones that follow time.

Random folds flatter models that memorise words, since every test trial of the benchmark starts after the last
training trial has ended. NCT numbers follow the date of registration, so folds ordered by them stand in for time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import InputError
from cladmop.evaluation.checks import checked

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Fold:
    """Rows to train on and rows to validate on, without a trial in both."""

    name: str
    """``random 1.3`` (repeat 1, fold 3), ``ordered 2``, ``forward 4``."""
    train: Rows
    """Row numbers, ascending."""
    validation: Rows
    """Row numbers, ascending."""


def random_folds(
    labels: ArrayLike, nct_ids: Sequence[str], splits: int = 5, repeats: int = 2, seed: int = 0
) -> list[Fold]:
    """Return repeated K folds with the same success rate in each; rows of one NCT id stay together.

    Raises
    ------
    InputError
        If labels and ids do not fit together, or a class has fewer trials than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold

    truth = checked(labels, np.zeros(len(nct_ids)))[0]
    trials, first, rows = np.unique(np.asarray(nct_ids), return_index=True, return_inverse=True)
    classes = truth[first]
    if splits < 2 or repeats < 1 or min(np.bincount(classes, minlength=2)) < splits:
        raise InputError(
            f"{splits} folds x {repeats} of {np.bincount(classes, minlength=2).tolist()} failures and successes; "
            "use 2 folds or more, and no more than trials of the rarer class"
        )
    folds = []
    for repeat in range(repeats):
        splitter = StratifiedKFold(splits, shuffle=True, random_state=seed + repeat)
        for number, (_, held_out) in enumerate(splitter.split(trials, classes), start=1):
            folds.append(_fold(f"random {repeat + 1}.{number}", np.isin(rows, held_out)))
    return folds


def ordered_folds(nct_ids: Sequence[str], splits: int = 5) -> list[Fold]:
    """Return K folds that each validate on one run of NCT numbers and train on all others.

    Raises
    ------
    InputError
        If there are fewer than two folds, or fewer trials than folds.
    """
    block = _blocks(nct_ids, splits)
    return [_fold(f"ordered {number + 1}", block == number) for number in range(splits)]


def forward_folds(nct_ids: Sequence[str], splits: int = 4) -> list[Fold]:
    """Return folds that train on earlier NCT numbers and validate on the next run: ``splits`` of ``splits + 1``.

    Raises
    ------
    InputError
        If there is no fold, or fewer trials than runs.
    """
    block = _blocks(nct_ids, splits + 1)
    return [
        Fold(f"forward {number}", np.flatnonzero(block < number), np.flatnonzero(block == number))
        for number in range(1, splits + 1)
    ]


def _blocks(nct_ids: Sequence[str], count: int) -> NDArray[np.intp]:
    trials, rows = np.unique(np.asarray(nct_ids), return_inverse=True)
    if count < 2 or len(trials) < count:
        raise InputError(f"{len(trials)} trials cannot be cut into {count} runs of NCT numbers; use 2 to {len(trials)}")
    return np.asarray(rows * count // len(trials), dtype=np.intp)


def _fold(name: str, held_out: NDArray[np.bool_]) -> Fold:
    return Fold(name, np.flatnonzero(~held_out), np.flatnonzero(held_out))
