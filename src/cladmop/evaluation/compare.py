"""Is one set of scores better than another on the same trials? Paired tests only.

Intervals of two separate evaluations say little: both hold the luck of the same trials, which cancels in a
paired difference.

Scores have the shape (n,), or (draws, n) where a model was fitted several times, by seed or by draw of its training
trials. Then the mean of the draws' metrics is compared. The spread between draws is no part of the tests, which hold
for these very draws; it is to be reported beside them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import InputError
from cladmop.evaluation.bootstrap import Resampled, checked_draws, resample_draws
from cladmop.evaluation.estimate import Estimate, short

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
    truth, a = checked_draws(labels, scores_a)
    _, b = checked_draws(labels, scores_b)
    positive, negative = int(truth.sum()), int((1 - truth).sum())
    if min(positive, negative) < 2:
        raise InputError(f"{positive} successes and {negative} failures; DeLong's test needs at least two of each")
    wins_a, losses_a = structural_components(truth, a)
    wins_b, losses_b = structural_components(truth, b)
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


def _z(difference: float, error: float) -> float:
    if error > 0:
        return difference / error
    return 0.0 if difference == 0 else math.copysign(math.inf, difference)


def structural_components(
    truth: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return DeLong's V10 and V01: for each success, and for each failure, the share of pairs ranked right.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
        Labels, of both classes.
    scores : ndarray of float64, shape (n,) or (draws, n)
        Of several draws the components are averaged.

    Returns
    -------
    V10 : ndarray of shape (successes,)
        Share of failures below each success, ties one half; its mean is the (mean) ROC-AUC.
    V01 : ndarray of shape (failures,)
        Share of successes above each failure, likewise.
    """
    from scipy.stats import rankdata

    rows = np.atleast_2d(scores)
    successes, failures = rows[:, truth == 1], rows[:, truth == 0]
    ranks = rankdata(np.concatenate([successes, failures], axis=1), axis=1)
    m, n, draws = successes.shape[1], failures.shape[1], len(rows)
    # Ranks are halves, whose sums are exact: the same draws in another order or number give the same components.
    above = (ranks[:, :m] - rankdata(successes, axis=1)).sum(axis=0) / (n * draws)
    below = 1 - (ranks[:, m:] - rankdata(failures, axis=1)).sum(axis=0) / (m * draws)
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
    return _paired(*(_resampled(labels, scores, n_bootstrap, seed) for scores in (scores_a, scores_b)))


def _resampled(labels: ArrayLike, scores: ArrayLike, n_bootstrap: int, seed: int) -> dict[str, Resampled]:
    truth, draws = checked_draws(labels, scores)
    if truth.min() == truth.max():
        raise InputError(f"all {len(truth)} labels are {truth[0]}; a comparison needs successes and failures")
    return resample_draws(truth, draws, n_bootstrap, seed)


def _paired(a: Mapping[str, Resampled], b: Mapping[str, Resampled]) -> PairedBootstrap:
    roc, precision = (
        Resampled(a[name].value - b[name].value, a[name].resamples - b[name].resamples)
        for name in ("roc_auc", "average_precision")
    )
    return PairedBootstrap(
        roc_auc=roc.interval(),
        average_precision=precision.interval(),
        roc_auc_p=_two_sided(roc.resamples),
        average_precision_p=_two_sided(precision.resamples),
    )


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


def detectable_differences(labels: ArrayLike, scores: Mapping[str, ArrayLike], reference: str) -> dict[str, float]:
    """Return the difference in ROC-AUC that DeLong's test of each rival would find four times in five, by name.

    How far two sets of scores must differ depends on how alike they rank the trials, so each rival has its own
    `minimum_detectable_difference` from the reference. Scores have the shape (n,) or (draws, n).

    Raises
    ------
    InputError
        If no scores have the name ``reference``, labels or scores are malformed, or a class has fewer than two trials.
    """
    tests = _delong_tests(labels, scores, reference)
    return {name: minimum_detectable_difference(test.standard_error) for name, test in tests.items()}


def detectable_sentence(differences: Iterable[float], n: int, reference: str) -> str:
    """Return the sentence to print under a table: the smallest difference that its trials can show.

    Parameters
    ----------
    differences
        That of each rival (`detectable_differences`, or `Comparison.detectable`); NaN is left out.
    n
        Trials.
    reference
        Name of the row that the others are compared with.

    Returns
    -------
    str
        The median over rivals and the range; empty where nothing is compared.
    """
    found = sorted(one for one in differences if not math.isnan(one))
    if not found:
        return ""
    rows = (
        f" (median of {len(found)} rows, which range from {short(found[0])} to {short(found[-1])})"
        if len(found) > 1
        else ""
    )
    return (
        f"On these {n:,} trials a true difference in ROC-AUC of {short(median(found))} from {reference}{rows} would be "
        "found four times in five at p < .05, uncorrected; a smaller one is easily missed."
    )


def compare(
    labels: ArrayLike, scores: Mapping[str, ArrayLike], reference: str, n_bootstrap: int = 1000, seed: int = 0
) -> list[Comparison]:
    """Compare every set of scores with the one named ``reference``: differences are rival - reference.

    Parameters
    ----------
    labels : array_like of shape (n,)
        0 or 1 a trial, at least two of each.
    scores : mapping of str to array_like of shape (n,) or (draws, n)
        Finite scores of the same trials in the same order. Of several seeds or draws the mean ROC-AUC and the mean
        average precision are compared; the number of draws may differ between names. The spread between draws is
        reported apart and is no part of the tests, which take the drawn models as given.
    reference : str
        One of the names.
    n_bootstrap, seed : int
        Resamples of trials, the same for all names, and the seed that they follow from.

    Raises
    ------
    InputError
        If no scores have the name ``reference``, labels or scores are malformed, or a class has fewer than two trials.
    """
    tests = _delong_tests(labels, scores, reference)
    adjusted = holm([test.p_value for test in tests.values()])
    base = _resampled(labels, scores[reference], n_bootstrap, seed)
    return [
        Comparison(
            name=name,
            reference=reference,
            bootstrap=_paired(_resampled(labels, scores[name], n_bootstrap, seed), base),
            delong=test,
            holm_p=p_value,
            detectable=minimum_detectable_difference(test.standard_error),
        )
        for (name, test), p_value in zip(tests.items(), adjusted, strict=True)
    ]


def _delong_tests(labels: ArrayLike, scores: Mapping[str, ArrayLike], reference: str) -> dict[str, DeLong]:
    if reference not in scores:
        raise InputError(f"no scores are named {reference!r}; choose one of {', '.join(map(repr, scores))}")
    return {name: delong(labels, scores[name], scores[reference]) for name in scores if name != reference}
