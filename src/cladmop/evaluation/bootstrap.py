"""All metrics of a set of scores at once, each with a 95% bootstrap interval.

Shapes: R resamples, n trials, g distinct scores. A resample is a row of counts: how often each trial was drawn.
Metrics of all resamples then are matrix products and running sums, with no sorting inside the loop.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import InputError
from cladmop.evaluation import metrics
from cladmop.evaluation.checks import checked
from cladmop.evaluation.estimate import METRICS, Estimate, Evaluation, Spread

Counts = NDArray[np.float64]
Statistic = Callable[[Counts], NDArray[np.float64]]
"""From counts, shape (R, n), to a metric of each resample, shape (R,)."""
_BLOCK = 4_000_000  # entries of one block of resamples: 32 MB however large n is


def evaluate(
    labels: ArrayLike, scores: ArrayLike, threshold: float, n_bootstrap: int = 1000, seed: int = 0
) -> Evaluation:
    """Compute every metric with its 95% percentile interval over resamples of trials.

    Trials are drawn with replacement, not within classes, so the intervals hold the uncertainty of the base
    rate too. A resample with one class only is drawn again, unless the labels themselves have one class, where
    ROC-AUC is NaN. The bins of the calibration error are those of the full sample; since that error is positive
    even for a perfect model, resampling adds to it and its interval leans upwards.

    Parameters
    ----------
    labels : array_like of shape (n,)
        0 or 1 a trial.
    scores : array_like of shape (n,)
        Probability of success a trial.
    threshold : float
        Chosen on validation (`best_threshold`); ``score >= threshold`` is called a success.
    n_bootstrap : int
        Resamples, at least 1.
    seed : int
        Equal seeds give equal intervals.

    Raises
    ------
    InputError
        If labels or scores are malformed, a score lies outside [0, 1], or there is no resample.
    """
    truth, values = checked(labels, scores, probabilities=True)
    points = {
        "base_rate": metrics.base_rate(truth),
        "roc_auc": metrics.roc_auc(truth, values),
        "average_precision": metrics.average_precision(truth, values),
        "f1": metrics.f1(truth, values, threshold),
        "all_positive_f1": metrics.all_positive_f1(truth),
        "brier": metrics.brier(truth, values),
        "log_loss": metrics.log_loss(truth, values),
        "ece": metrics.ece(truth, values),
    }
    resampled = _statistics(truth, values, threshold)
    draws: dict[str, list[NDArray[np.float64]]] = {name: [] for name in METRICS}
    for counts in resamples(truth, n_bootstrap, seed):
        for name, statistic in resampled.items():
            draws[name].append(statistic(counts))
    intervals = {name: percentile_interval(points[name], np.concatenate(draws[name])) for name in METRICS}
    return Evaluation(n=len(truth), successes=int(truth.sum()), threshold=float(threshold), **intervals)


def percentile_interval(value: float, draws: NDArray[np.float64]) -> Estimate:
    """Return the value with the 2.5th and 97.5th percentile of its resampled draws, shape (R,)."""
    if math.isnan(value) or np.isnan(draws).any():
        return Estimate(value, math.nan, math.nan)
    low, high = np.quantile(draws, (0.025, 0.975))
    return Estimate(value, float(low), float(high))


def resamples(truth: NDArray[np.int64], n_bootstrap: int, seed: int, size: int | None = None) -> Iterator[Counts]:
    """Yield blocks of resamples as counts, shapes (R_i, n), ``n_bootstrap`` rows in all, ``size`` draws a row (n).

    Raises
    ------
    InputError
        If ``n_bootstrap`` or ``size`` is below 1.
    """
    n = len(truth)
    size = n if size is None else size
    if n_bootstrap < 1 or size < 1:
        raise InputError(f"{n_bootstrap} resamples of {size} trials; both must be at least 1")
    generator = np.random.default_rng(seed)
    both_classes = truth.min() != truth.max() and size > 1
    left = n_bootstrap
    while left:
        counts = _draw(generator, min(left, max(1, _BLOCK // max(n, size))), n, size)
        if both_classes:
            successes = counts @ truth
            counts = counts[(successes > 0) & (successes < size)]
        left -= len(counts)
        yield counts


def _draw(generator: np.random.Generator, rows: int, n: int, size: int) -> Counts:
    drawn = generator.integers(0, n, size=(rows, size)) + n * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def roc_auc_of(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> Statistic:
    """Return the function from counts, shape (R, n), to the ROC-AUC of each resample, shape (R,)."""
    positive_below = _running(truth, scores)

    def statistic(counts: Counts) -> NDArray[np.float64]:
        successes, trials = positive_below(counts)
        gained = np.diff(successes, axis=1, prepend=0)
        failures = trials - successes
        middle = failures - np.diff(failures, axis=1, prepend=0) / 2
        pairs = successes[:, -1] * failures[:, -1]
        # Running from the highest score: a failure before a success is a pair in the wrong order, a tie half of one.
        with np.errstate(invalid="ignore"):
            return np.asarray(1 - (gained * middle).sum(axis=1) / pairs)

    return statistic


def average_precision_of(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> Statistic:
    """Return the function from counts, shape (R, n), to the average precision of each resample, shape (R,)."""
    running = _running(truth, scores)

    def statistic(counts: Counts) -> NDArray[np.float64]:
        successes, trials = running(counts)
        gained = np.diff(successes, axis=1, prepend=0)
        precision = successes / np.maximum(trials, 1)
        with np.errstate(invalid="ignore"):
            return np.asarray((precision * gained).sum(axis=1) / successes[:, -1])

    return statistic


def _running(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> Callable[[Counts], tuple[Counts, Counts]]:
    """Return the function from counts to successes and trials at or above each distinct score, highest first."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    positive = truth[order].astype(np.float64)

    def running(counts: Counts) -> tuple[Counts, Counts]:
        drawn = counts[:, order]
        return (drawn * positive).cumsum(axis=1)[:, last_of_tie], drawn.cumsum(axis=1)[:, last_of_tie]

    return running


def _statistics(truth: NDArray[np.int64], scores: NDArray[np.float64], threshold: float) -> dict[str, Statistic]:
    called = (scores >= threshold).astype(np.float64)
    found = called * truth
    gaps = np.zeros((len(scores), metrics.ECE_BINS))
    gaps[np.arange(len(scores)), metrics.equal_mass_bins(scores)] = scores - truth
    errors, losses = (scores - truth) ** 2, metrics.log_losses(truth, scores)

    def f1(counts: Counts) -> NDArray[np.float64]:
        return np.asarray(2 * (counts @ found) / np.maximum(counts @ (called + truth), 1))

    return {
        "base_rate": lambda counts: _mean(counts, truth),
        "roc_auc": roc_auc_of(truth, scores),
        "average_precision": average_precision_of(truth, scores),
        "f1": f1,
        "all_positive_f1": lambda counts: 2 * _mean(counts, truth) / (1 + _mean(counts, truth)),
        "brier": lambda counts: _mean(counts, errors),
        "log_loss": lambda counts: _mean(counts, losses),
        "ece": lambda counts: np.abs(counts @ gaps).sum(axis=1) / counts.sum(axis=1),
    }


def _mean(counts: Counts, values: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray((counts @ values) / counts.sum(axis=1))


@dataclass(frozen=True)
class Resampled:
    """A metric of some trials, and of resamples of them."""

    value: float
    resamples: NDArray[np.float64]
    """Shape (R,)."""

    def interval(self) -> Estimate:
        """Return the value with its 95% percentile interval."""
        return percentile_interval(self.value, self.resamples)


def checked_draws(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return checked labels, shape (n,), and scores, shape (draws, n), of scores of shape (n,) or (draws, n).

    Raises
    ------
    InputError
        If there is no draw, or labels or the scores of a draw are malformed (see `checked`).
    """
    try:
        draws = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"scores are not numbers of shape (n,) or (draws, n) ({error}); give one a trial") from error
    if draws.ndim != 2:
        truth, values = checked(labels, draws)
        return truth, values[None]
    if not len(draws):
        raise InputError("scores of no draws; give one row of scores a draw, or one row alone")
    truth, _ = checked(labels, draws[0])
    return truth, np.stack([checked(labels, values)[1] for values in draws])


def resample_draws(
    truth: NDArray[np.int64], draws: NDArray[np.float64], n_bootstrap: int, seed: int
) -> dict[str, Resampled]:
    """Return the mean over draws of ROC-AUC and of average precision, and the base rate, with their resamples.

    The mean is taken within each resample of trials, which is the same one for all draws: what the resamples spread
    over is the sampling of trials and not that of draws.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
        Labels, of both classes.
    draws : ndarray of float64, shape (draws, n)
        Scores by seed or by draw of the training trials (`checked_draws`).
    n_bootstrap, seed : int
        As of `resamples`; equal seeds give equal resamples whatever the scores are, so that differences are paired.

    Returns
    -------
    dict
        ``base_rate``, ``roc_auc``, ``average_precision``.
    """
    statistics: dict[str, list[Statistic]] = {
        "base_rate": [lambda counts: _mean(counts, truth)],
        "roc_auc": [roc_auc_of(truth, scores) for scores in draws],
        "average_precision": [average_precision_of(truth, scores) for scores in draws],
    }
    points = {
        "base_rate": [metrics.base_rate(truth)],
        "roc_auc": [metrics.roc_auc(truth, scores) for scores in draws],
        "average_precision": [metrics.average_precision(truth, scores) for scores in draws],
    }
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    for counts in resamples(truth, n_bootstrap, seed):
        for name, each in statistics.items():
            found[name].append(_mean_of_rows(np.stack([statistic(counts) for statistic in each])))
    return {
        name: Resampled(float(_mean_of_rows(np.array(values))), np.concatenate(found[name]))
        for name, values in points.items()
    }


def _mean_of_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the first axis; of equal rows it is that row to the last bit."""
    return np.asarray(rows[0] + (rows - rows[0]).mean(axis=0))


def ten_bootstraps_80(labels: ArrayLike, scores: ArrayLike, threshold: float, seed: int = 0) -> dict[str, Spread]:
    """Return F1, average precision and ROC-AUC as the paper reports them: over 10 bootstraps of 80% of the test set.

    Only for the comparison with published tables: the standard deviation of ten draws is no interval of the
    metric. Drawn with replacement, which the paper does not state.

    Returns
    -------
    dict
        ``f1``, ``average_precision``, ``roc_auc``; NaN where a metric is not defined.

    Raises
    ------
    InputError
        If labels or scores are malformed, or a score lies outside [0, 1].
    """
    truth, values = checked(labels, scores, probabilities=True)
    statistics = _statistics(truth, values, threshold)
    counts = np.concatenate(list(resamples(truth, 10, seed, size=max(1, round(0.8 * len(truth))))))
    draws = {name: statistics[name](counts) for name in ("f1", "average_precision", "roc_auc")}
    return {name: Spread(float(draw.mean()), float(draw.std(ddof=1))) for name, draw in draws.items()}
