"""What the estimator is given: trials, one label and one weight each, or an error that says what is wrong."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import InputError
from cladmop.records import Trial


def check_trials(trials: Sequence[Trial]) -> None:
    """Refuse what is no sequence of trials.

    Raises
    ------
    InputError
        If it has no length, or holds anything else.
    """
    if isinstance(trials, str) or not hasattr(trials, "__len__"):
        raise InputError(f"X is a {type(trials).__name__}; give a list of Trial records")
    for row, trial in enumerate(trials):
        if not isinstance(trial, Trial):
            raise InputError(f"X[{row}] is a {type(trial).__name__}; give Trial records (cladmop.records.Trial)")


def checked_weights(labels: NDArray[np.int64], sample_weight: ArrayLike | None) -> NDArray[np.float64]:
    """Return how much each trial counts, shape (n,); 1 each if nothing is given.

    Raises
    ------
    InputError
        If it is not one finite number a trial, 0 or more, or if all are 0.
    """
    if sample_weight is None:
        return np.ones(len(labels))
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != labels.shape:
        raise InputError(f"sample_weight has shape {weights.shape} for {len(labels)} trials; give one weight a trial")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise InputError(f"sample_weight spans {weights.min()} to {weights.max()}; give finite numbers, 0 or more")
    if not weights.any():
        raise InputError("every weight of sample_weight is zero; give at least one above 0")
    return weights


def checked_labels(trials: Sequence[Trial], y: ArrayLike) -> NDArray[np.int64]:
    """Return the labels, 0 or 1, shape (n,).

    Raises
    ------
    InputError
        If there are none, not one a trial, other ones, or of one class only.
    """
    if y is None:
        raise InputError("this TrialOutcomeClassifier requires y to be passed, but the target y is None")
    labels = np.asarray(y)
    if labels.shape != (len(trials),):
        raise InputError(f"y has shape {labels.shape} for {len(trials)} trials; give one label a trial")
    if not set(np.unique(labels).tolist()) <= {0, 1}:
        raise InputError(
            f"y holds {np.unique(labels)[:5].tolist()}; labels are 0 (failure) and 1 (success). "
            "Only binary classification is supported."
        )
    if len(np.unique(labels)) < 2:
        raise InputError("y holds one class only; training needs successes and failures")
    return labels.astype(np.int64)
