"""Metrics of scores against labels, each one number.

Ranking metrics (ROC-AUC, average precision) take any finite scores; the others read scores as probabilities of
success. All are computed by scikit-learn except the calibration error and the threshold, which it does not have.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.evaluation.checks import checked

ECE_BINS = 10
"""Bins of the calibration error: about 60 trials each on the smallest published split."""


def roc_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the ROC curve, ties counted one half; NaN when only one class is there.

    Raises
    ------
    InputError
        If labels or scores are malformed (see `checked`).
    """
    truth, values = checked(labels, scores)
    if truth.min() == truth.max():
        return math.nan
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, values))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the average precision of the scores; NaN when there is no success.

    The step-wise sum of precision x gain in recall over distinct scores, without interpolation. Scores are never
    thresholded first, unlike the "PR-AUC" of HINT and its descendants. A random ranking reaches the base rate.

    Raises
    ------
    InputError
        If labels or scores are malformed (see `checked`).
    """
    truth, values = checked(labels, scores)
    if not truth.any():
        return math.nan
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(truth, values))


def f1(labels: ArrayLike, scores: ArrayLike, threshold: float) -> float:
    """Return F1 of the success class when trials with ``score >= threshold`` are called successes.

    0 when no success is found or there is none to find.

    Raises
    ------
    InputError
        If labels or scores are malformed (see `checked`).
    """
    truth, values = checked(labels, scores)
    from sklearn.metrics import f1_score

    return float(f1_score(truth, values >= threshold, zero_division=0.0))


def best_threshold(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the threshold in [0, 1] with the highest F1: to be called on validation, never on test.

    It lies halfway between the lowest score called a success and the next score below, so that a rounding of
    the scores cannot flip a call; 0 where calling every trial a success is best. Of equal thresholds the highest.

    Raises
    ------
    InputError
        If labels or scores are malformed, or a score lies outside [0, 1].
    """
    truth, values = checked(labels, scores, probabilities=True)
    distinct, group = np.unique(values, return_inverse=True)
    successes = np.bincount(group, weights=truth)[::-1].cumsum()[::-1]
    called = np.bincount(group)[::-1].cumsum()[::-1]
    best = len(distinct) - 1 - int(np.argmax((2 * successes / (called + truth.sum()))[::-1]))
    if best == 0:
        return 0.0
    halfway = (distinct[best - 1] + distinct[best]) / 2
    return float(halfway if halfway > distinct[best - 1] else distinct[best])


def base_rate(labels: ArrayLike) -> float:
    """Return the share of successes.

    Raises
    ------
    InputError
        If there are no labels, or one is not 0 or 1.
    """
    truth, _ = checked(labels, np.zeros(np.shape(labels)))
    return float(truth.mean())


def all_positive_f1(labels: ArrayLike) -> float:
    """Return F1 of calling every trial a success, 2b / (1 + b) at base rate b: what any F1 has to beat.

    Raises
    ------
    InputError
        If there are no labels, or one is not 0 or 1.
    """
    rate = base_rate(labels)
    return 2 * rate / (1 + rate)


def brier(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the mean squared difference of score and label, 0 (best) to 1.

    Raises
    ------
    InputError
        If labels or scores are malformed, or a score lies outside [0, 1].
    """
    truth, values = checked(labels, scores, probabilities=True)
    return float(np.mean((values - truth) ** 2))


def log_loss(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the mean negative log-likelihood in nats; scores are kept 2.2e-16 away from 0 and 1.

    Raises
    ------
    InputError
        If labels or scores are malformed, or a score lies outside [0, 1].
    """
    truth, values = checked(labels, scores, probabilities=True)
    return float(log_losses(truth, values).mean())


def log_losses(truth: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the negative log-likelihood of each row, shape (n,), of checked labels and scores."""
    tiny = np.finfo(np.float64).eps
    likelihood: NDArray[np.float64] = np.where(truth == 1, values, 1 - values)
    losses: NDArray[np.float64] = -np.log(np.clip(likelihood, tiny, 1 - tiny))
    return losses


def ece(labels: ArrayLike, scores: ArrayLike, bins: int = ECE_BINS) -> float:
    """Return the expected calibration error over bins of equal mass, 0 (best) to 1.

    The mean over trials of ``|mean score - success rate|`` of their bin (Naeini et al., AAAI 2015). Bins hold equal
    numbers of trials, since trial scores crowd around the base rate and would leave most bins of equal width
    empty (Roelofs et al., AISTATS 2022). Even a perfect model has a positive value in a finite sample.

    Raises
    ------
    InputError
        If labels or scores are malformed, or a score lies outside [0, 1].
    """
    truth, values = checked(labels, scores, probabilities=True)
    gaps = np.bincount(equal_mass_bins(values, bins), weights=values - truth)
    return float(np.abs(gaps).sum() / len(values))


def equal_mass_bins(scores: NDArray[np.float64], bins: int = ECE_BINS) -> NDArray[np.int64]:
    """Return the bin, from 0, of each score: cut at the quantiles, equal scores always together, shape (n,)."""
    edges = np.quantile(scores, np.arange(1, bins) / bins, method="inverted_cdf")
    return np.searchsorted(np.unique(edges), scores, side="left").astype(np.int64)
