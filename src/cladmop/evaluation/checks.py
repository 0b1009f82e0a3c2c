"""What every metric accepts: labels of 0 and 1, finite scores, one score a label."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import InputError


def checked(
    labels: ArrayLike, scores: ArrayLike, *, probabilities: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels and scores as arrays after making sure that a metric of them means something.

    Parameters
    ----------
    labels : array_like of shape (n,)
        0 or 1 a trial.
    scores : array_like of shape (n,)
        One finite score a trial, higher for more likely success.
    probabilities : bool
        Also require scores in [0, 1], for the metrics that read them as probabilities.

    Returns
    -------
    labels : ndarray of int64, shape (n,)
    scores : ndarray of float64, shape (n,)

    Raises
    ------
    InputError
        If there are no rows, the lengths differ, a label is not 0 or 1, a score is NaN or infinite, or (with
        ``probabilities``) lies outside [0, 1]; the message names the first offending row, counted from 0.
    """
    truth, values = _column(labels, "labels"), _column(scores, "scores")
    if len(truth) != len(values):
        raise InputError(f"{len(truth)} labels but {len(values)} scores; give one score for each label")
    if len(truth) == 0:
        raise InputError("no rows to evaluate; give at least one label and its score")
    _refuse_first(~np.isin(truth, (0.0, 1.0)), truth, "label", "0 or 1")
    _refuse_first(~np.isfinite(values), values, "score", "a finite number")
    if probabilities:
        _refuse_first((values < 0) | (values > 1), values, "score", "between 0 and 1")
    return truth.astype(np.int64), values


def _column(values: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} are not numbers ({error}); give one number a row") from error
    if column.ndim != 1:
        raise InputError(f"{name} have shape {column.shape}; give one number a row, shape (n,)")
    return column


def _refuse_first(bad: NDArray[np.bool_], values: NDArray[np.float64], name: str, allowed: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"{name} of row {row} is {values[row]:g}; it must be {allowed} ({int(bad.sum())} such rows)")
