"""Is one set of scores better than another on the same trials? Paired tests only.

Intervals of two separate evaluations say little: both hold the luck of the same trials, which cancels in a
paired difference.

Scores have the shape (n,), or (draws, n) where a model was fitted several times, by seed or by draw of its training
trials. Then the mean of the draws' metrics is compared. The spread between draws is no part of the tests, which hold
for these very draws; it is to be reported beside them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import InputError
from cladmop.evaluation import metrics
from cladmop.evaluation.bootstrap import Counts, average_precision_of, percentile_interval, resamples, roc_auc_of
from cladmop.evaluation.checks import checked
from cladmop.evaluation.estimate import Estimate

_Z95 = 1.959963984540054  # 97.5th percentile of the standard normal


@dataclass(frozen=True)
class DeLong:
    """DeLong's test of two ROC-AUCs on the same trials."""

    auc_a: float
    auc_b: float
    difference: Estimate
    """a - b with its 95% normal interval."""
    standard_error: float
    """Of the difference."""
    z: float
    p_value: float
    """Two-sided; 1 when the two rank every pair alike."""


@dataclass(frozen=True)
class PairedBootstrap:
    """Differences a - b over resamples of the same trials."""

    roc_auc: Estimate
    average_precision: Estimate
    roc_auc_p: float
    """Two-sided: twice the share of resamples on the far side of zero, at least 2 / (R + 1)."""
    average_precision_p: float
    """Likewise."""


@dataclass(frozen=True)
class Comparison:
    """One rival against the reference scores."""

    name: str
    reference: str
    bootstrap: PairedBootstrap
    delong: DeLong
    holm_p: float
    """DeLong's p-value after Holm's correction for all rivals compared together."""
    detectable: float
    """Difference in ROC-AUC that this test would find four times in five (`minimum_detectable_difference`)."""


def delong(labels: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike) -> DeLong:
    """Test the difference of two correlated ROC-AUCs (DeLong, DeLong & Clarke-Pearson, Biometrics 1988).

    Structural components come from mid-ranks in O(n log n) (Sun & Xu, IEEE Signal Processing Letters 2014).

    Parameters
    ----------
    labels : array_like of shape (n,)
        0 or 1 a trial, at least two of each.
    scores_a, scores_b : array_like of shape (n,) or (draws, n)
        Finite scores of the same trials in the same order; of several draws the mean ROC-AUC is compared, whose
        structural components are the means of the draws' components.

    Raises
    ------
    InputError
        If labels or scores are malformed, or a class has fewer than two trials.
    """
    truth, a = _checked_draws(labels, scores_a)
    _, b = _checked_draws(labels, scores_b)
    positive, negative = int(truth.sum()), int((1 - truth).sum())
    if min(positive, negative) < 2:
        raise InputError(f"{positive} successes and {negative} failures; DeLong's test needs at least two of each")
    wins_a, losses_a = _mean_components(truth, a)
    wins_b, losses_b = _mean_components(truth, b)
    difference = float(wins_a.mean() - wins_b.mean())
    variance = np.var(wins_a - wins_b, ddof=1) / positive + np.var(losses_a - losses_b, ddof=1) / negative
    error = math.sqrt(float(variance))
    z = _z(difference, error)
    return DeLong(
        auc_a=float(wins_a.mean()),
        auc_b=float(wins_b.mean()),
        difference=Estimate(difference, difference - _Z95 * error, difference + _Z95 * error),
        standard_error=error,
        z=z,
        p_value=math.erfc(abs(z) / math.sqrt(2)),
    )


def _checked_draws(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return checked labels, shape (n,), and scores, shape (draws, n)."""
    rows = np.asarray(scores)
    if rows.ndim != 2:
        truth, values = checked(labels, scores)
        return truth, values[None]
    if not len(rows):
        raise InputError("scores of no draws; give one row of scores a draw, or one row alone")
    pairs = [checked(labels, row) for row in rows]
    return pairs[0][0], np.stack([values for _, values in pairs])


def _mean_components(
    truth: NDArray[np.int64], draws: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the structural components of scores, shape (draws, n), averaged over draws."""
    components = [structural_components(truth, scores) for scores in draws]
    return np.mean([wins for wins, _ in components], axis=0), np.mean([losses for _, losses in components], axis=0)


def _z(difference: float, error: float) -> float:
    if error > 0:
        return difference / error
    return 0.0 if difference == 0 else math.copysign(math.inf, difference)


def structural_components(
    truth: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return DeLong's V10 and V01: for each success, and for each failure, the share of pairs ranked right.

    Returns
    -------
    V10 : ndarray of shape (successes,)
        Share of failures below each success, ties one half; its mean is the ROC-AUC.
    V01 : ndarray of shape (failures,)
        Share of successes above each failure, likewise.
    """
    from scipy.stats import rankdata

    successes, failures = scores[truth == 1], scores[truth == 0]
    ranks = rankdata(np.concatenate([successes, failures]))
    m, n = len(successes), len(failures)
    above = (ranks[:m] - rankdata(successes)) / n
    below = 1 - (ranks[m:] - rankdata(failures)) / m
    return above, below


def paired_bootstrap(
    labels: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike, n_bootstrap: int = 1000, seed: int = 0
) -> PairedBootstrap:
    """Return the differences a - b in ROC-AUC and average precision with 95% percentile intervals.

    Both sets of scores, shape (n,) or (draws, n), see the same resamples of trials (`resamples`); of several draws the
    mean of each metric is taken within each resample.

    Raises
    ------
    InputError
        If labels or scores are malformed, or only one class is there.
    """
    truth, a = _checked_draws(labels, scores_a)
    _, b = _checked_draws(labels, scores_b)
    if truth.min() == truth.max():
        raise InputError(f"all {len(truth)} labels are {truth[0]}; a comparison needs successes and failures")
    statistics = [(_mean_of(of, truth, a), _mean_of(of, truth, b)) for of in (roc_auc_of, average_precision_of)]
    draws: list[list[NDArray[np.float64]]] = [[], []]
    for counts in resamples(truth, n_bootstrap, seed):
        for drawn, (first, second) in zip(draws, statistics, strict=True):
            drawn.append(first(counts) - second(counts))
    roc, precision = (np.concatenate(drawn) for drawn in draws)
    return PairedBootstrap(
        roc_auc=percentile_interval(_mean(metrics.roc_auc, truth, a) - _mean(metrics.roc_auc, truth, b), roc),
        average_precision=percentile_interval(
            _mean(metrics.average_precision, truth, a) - _mean(metrics.average_precision, truth, b), precision
        ),
        roc_auc_p=_two_sided(roc),
        average_precision_p=_two_sided(precision),
    )


Statistic = Callable[[Counts], NDArray[np.float64]]


def _mean_of(
    of: Callable[[NDArray[np.int64], NDArray[np.float64]], Statistic],
    truth: NDArray[np.int64],
    draws: NDArray[np.float64],
) -> Statistic:
    """Return the function from counts, shape (R, n), to the mean over draws of a statistic, shape (R,)."""
    statistics = [of(truth, scores) for scores in draws]
    return lambda counts: np.asarray(np.mean([statistic(counts) for statistic in statistics], axis=0))


def _mean(
    metric: Callable[[ArrayLike, ArrayLike], float], truth: NDArray[np.int64], draws: NDArray[np.float64]
) -> float:
    return float(np.mean([metric(truth, scores) for scores in draws]))


def _two_sided(draws: NDArray[np.float64]) -> float:
    side = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return min(1.0, 2 * (side + 1) / (len(draws) + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for their number (Holm, Scand. J. Statistics 1979), in the given order.

    Raises
    ------
    InputError
        If a p-value is not in [0, 1].
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise InputError(f"p-values {list(p_values)} are not all between 0 and 1; give each test's own p-value")
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def minimum_detectable_difference(standard_error: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """Return the true difference that a two-sided test at level ``alpha`` finds with probability ``power``.

    (z_{1 - alpha/2} + z_{power}) x standard error; a smaller difference may well go unseen on this many trials.

    Raises
    ------
    InputError
        If the standard error is negative, or ``power`` or ``alpha`` is not strictly between 0 and 1.
    """
    if not (standard_error >= 0 and 0 < power < 1 and 0 < alpha < 1):
        raise InputError(
            f"standard error {standard_error}, power {power}, alpha {alpha}: the error must be 0 or more, "
            "power and alpha between 0 and 1"
        )
    from scipy.special import ndtri

    return float((ndtri(1 - alpha / 2) + ndtri(power)) * standard_error)


def compare(
    labels: ArrayLike, scores: Mapping[str, ArrayLike], reference: str, n_bootstrap: int = 1000, seed: int = 0
) -> list[Comparison]:
    """Compare every set of scores, shape (n,) or (draws, n), with the one named ``reference``: rival - reference.

    Raises
    ------
    InputError
        If no scores have the name ``reference``, or labels or scores are malformed.
    """
    if reference not in scores:
        raise InputError(f"no scores are named {reference!r}; choose one of {', '.join(map(repr, scores))}")
    rivals = [name for name in scores if name != reference]
    tests = {name: delong(labels, scores[name], scores[reference]) for name in rivals}
    adjusted = holm([test.p_value for test in tests.values()])
    return [
        Comparison(
            name=name,
            reference=reference,
            bootstrap=paired_bootstrap(labels, scores[name], scores[reference], n_bootstrap, seed),
            delong=test,
            holm_p=p_value,
            detectable=minimum_detectable_difference(test.standard_error),
        )
        for (name, test), p_value in zip(tests.items(), adjusted, strict=True)
    ]
