"""Plots as SVG text, each with the table that says the same in words.

Colours are Okabe and Ito's, told apart by every kind of colour vision, and each line has dashes and a marker of its
own: no colour says anything alone. Dotted lines are references: chance, base rate, zero.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import InputError
from cladmop.evaluation import metrics
from cladmop.evaluation.checks import checked
from cladmop.evaluation.estimate import Estimate, short
from cladmop.evaluation.svg import COLOURS, INK, render
from cladmop.evaluation.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curves = Mapping[str, ArrayLike]
"""Scores by the name of their model, all of the same trials."""

_DASHES = ("-", "--", "-.", (0, (3, 1, 1, 1, 1, 1)), (0, (10, 2)), (0, (5, 1)))
_MARKERS = ("o", "s", "^", "D", "v", "P")


def roc_plot(labels: ArrayLike, curves: Curves) -> str:
    """Return the ROC curves as SVG, the diagonal of chance dotted.

    Raises
    ------
    InputError
        If labels or scores are malformed, or only one class is there.
    MissingDependencyError
        If matplotlib is not installed.
    """
    from sklearn.metrics import roc_curve

    def draw(axes: "Axes") -> None:
        for style, (name, scores) in zip(_styles(), curves.items(), strict=False):
            false_rate, true_rate, _ = roc_curve(*_two_classes(labels, scores))
            axes.plot(false_rate, true_rate, label=f"{name} {short(metrics.roc_auc(labels, scores))}", **style)
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="chance .500")
        _square(axes, "false-positive rate", "true-positive rate")
        axes.legend(loc="lower right", frameon=False, fontsize=9)

    return render("ROC curves", roc_table(labels, curves), draw)


def roc_table(labels: ArrayLike, curves: Curves) -> Table:
    """Return the true-positive rate of each model at false-positive rates of 10, 20, 30 and 50%."""
    from sklearn.metrics import roc_curve

    rates = (0.1, 0.2, 0.3, 0.5)
    rows = []
    for name, scores in curves.items():
        false_rate, true_rate, _ = roc_curve(*_two_classes(labels, scores))
        found = np.interp(rates, false_rate, true_rate)
        rows.append((name, short(metrics.roc_auc(labels, scores)), *(short(rate, 2) for rate in found)))
    header = ("model", "ROC-AUC", *(f"true-positive rate at {rate:.0%}" for rate in rates))
    return Table(
        "ROC curves: share of successes found at a given share of failures called success", header, tuple(rows)
    )


def precision_recall_plot(labels: ArrayLike, curves: Curves) -> str:
    """Return the precision-recall curves as SVG, steps without interpolation, the base rate dotted.

    Raises
    ------
    InputError
        If labels or scores are malformed, or only one class is there.
    MissingDependencyError
        If matplotlib is not installed.
    """
    from sklearn.metrics import precision_recall_curve

    rate = metrics.base_rate(labels)

    def draw(axes: "Axes") -> None:
        for style, (name, scores) in zip(_styles(), curves.items(), strict=False):
            precision, recall, _ = precision_recall_curve(*_two_classes(labels, scores))
            label = f"{name} {short(metrics.average_precision(labels, scores))}"
            axes.step(recall, precision, where="post", label=label, **style)
        axes.axhline(rate, color=INK, linewidth=0.8, linestyle=":", label=f"base rate {short(rate)}")
        _square(axes, "recall", "precision")
        axes.legend(loc="lower left", frameon=False, fontsize=9)

    return render("Precision-recall curves", precision_recall_table(labels, curves), draw)


def precision_recall_table(labels: ArrayLike, curves: Curves) -> Table:
    """Return the precision of each model among its 10, 25, 50 and 100% highest scores."""
    shares = (0.1, 0.25, 0.5, 1.0)
    rows = []
    for name, scores in curves.items():
        truth, values = _two_classes(labels, scores)
        ranked = truth[np.argsort(-values, kind="stable")]
        found = [ranked[: max(1, round(share * len(ranked)))].mean() for share in shares]
        rows.append((name, short(metrics.average_precision(truth, values)), *(short(rate, 2) for rate in found)))
    header = ("model", "average precision", *(f"success rate of the top {share:.0%}" for share in shares))
    caption = "Precision: success rate among the highest scores; the last column is the base rate"
    return Table(caption, header, tuple(rows))


def calibration_plot(labels: ArrayLike, scores: ArrayLike) -> str:
    """Return the reliability diagram as SVG: success rate against mean score in bins of equal mass.

    Bars are 95% Wilson intervals of the success rate.

    Raises
    ------
    InputError
        If labels or scores are malformed, or a score lies outside [0, 1].
    MissingDependencyError
        If matplotlib is not installed.
    """
    means, rates, _, low, high = _reliability(labels, scores)

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="perfect")
        bars = [rates - low, high - rates]
        axes.errorbar(means, rates, yerr=bars, fmt="o-", color=COLOURS[0], capsize=3, markersize=4, label="model")
        _square(axes, "mean score of the bin", "success rate of the bin")
        axes.legend(loc="upper left", frameon=False, fontsize=9)

    return render("Calibration", calibration_table(labels, scores), draw)


def calibration_table(labels: ArrayLike, scores: ArrayLike) -> Table:
    """Return mean score, success rate with its interval, and trials of each bin."""
    rows = tuple(
        (f"bin {number}", short(mean), Estimate(rate, low, high).text(), str(int(count)))
        for number, (mean, rate, count, low, high) in enumerate(
            zip(*_reliability(labels, scores), strict=True), start=1
        )
    )
    caption = f"Calibration: ECE {short(metrics.ece(labels, scores))}, Brier {short(metrics.brier(labels, scores))}"
    return Table(caption, ("bin", "mean score", "success rate [95%]", "trials"), rows)


def _reliability(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    truth, values = checked(labels, scores, probabilities=True)
    bins = np.unique(metrics.equal_mass_bins(values), return_inverse=True)[1]
    count = np.bincount(bins).astype(np.float64)
    mean, rate = np.bincount(bins, weights=values) / count, np.bincount(bins, weights=truth) / count
    z2 = 1.959963984540054**2
    centre = (rate + z2 / (2 * count)) / (1 + z2 / count)
    half = np.sqrt(z2 * (rate * (1 - rate) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    return mean, rate, count, np.minimum(centre - half, rate), np.maximum(centre + half, rate)


def histogram_plot(scores: ArrayLike, base_rate: float | None = None) -> str:
    """Return the histogram of scores as SVG, 20 bins of equal width, the base rate dotted where given.

    Raises
    ------
    InputError
        If a score lies outside [0, 1], or there is none.
    MissingDependencyError
        If matplotlib is not installed.
    """
    counts, edges = _histogram(scores, 20)

    def draw(axes: "Axes") -> None:
        from matplotlib.ticker import MaxNLocator

        axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=COLOURS[0], linewidth=0)
        if base_rate is not None:
            axes.axvline(base_rate, color=INK, linewidth=1, linestyle=":", label=f"base rate {short(base_rate)}")
            axes.legend(frameon=False, fontsize=9)
        axes.set(xlim=(0, 1), xlabel="probability of success", ylabel="trials")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))

    return render("Scores", histogram_table(scores), draw)


def histogram_table(scores: ArrayLike) -> Table:
    """Return the number of trials in each tenth of the scale."""
    counts, edges = _histogram(scores, 10)
    rows = tuple(
        (f"{low:.1f} to {high:.1f}", str(int(count)))
        for (low, high), count in zip(itertools.pairwise(edges), counts, strict=True)
    )
    return Table(f"Scores of {int(counts.sum())} trials", ("probability of success", "trials"), rows)


def _histogram(scores: ArrayLike, bins: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    values = checked(np.zeros(np.shape(scores)), scores, probabilities=True)[1]
    counts, edges = np.histogram(values, bins=bins, range=(0, 1))
    return counts.astype(np.int64), edges.astype(np.float64)


def forest_plot(differences: Mapping[str, Estimate], quantity: str) -> str:
    """Return a forest plot of differences as SVG: a point and its 95% interval a row, zero dotted.

    Parameters
    ----------
    differences : mapping of str to Estimate
        By name, shown from top to bottom.
    quantity : str
        What differs (``ROC-AUC, model minus TF-IDF``).

    Raises
    ------
    InputError
        If there is no difference to show.
    MissingDependencyError
        If matplotlib is not installed.
    """
    if not differences:
        raise InputError("a forest plot of no differences; give at least one")
    height = 1.0 + 0.36 * len(differences)

    def draw(axes: "Axes") -> None:
        for place, estimate in enumerate(differences.values()):
            axes.plot([estimate.low, estimate.high], [place, place], color=COLOURS[0], linewidth=1.6)
            axes.plot(estimate.value, place, "o", color=COLOURS[0], markersize=5)
        axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
        axes.set_yticks(range(len(differences)), list(differences))
        axes.set(ylim=(len(differences) - 0.5, -0.5), xlabel=quantity)

    return render("Differences", forest_table(differences, quantity), draw, height=height)


def forest_table(differences: Mapping[str, Estimate], quantity: str) -> Table:
    """Return each difference with its interval."""
    rows = tuple((name, estimate.text()) for name, estimate in differences.items())
    return Table(f"Differences: {quantity}", ("model", "difference [95%]"), rows)


def _two_classes(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truth, values = checked(labels, scores)
    if truth.min() == truth.max():
        raise InputError(f"all {len(truth)} labels are {truth[0]}; a curve needs successes and failures")
    return truth, values


def _styles() -> Iterator[dict[str, Any]]:
    kinds = zip(*map(itertools.cycle, (COLOURS, _DASHES, _MARKERS)), strict=False)
    return (
        {"color": colour, "linestyle": dash, "marker": marker, "markevery": 0.12, "markersize": 4, "linewidth": 1.6}
        for colour, dash, marker in kinds
    )


def _square(axes: "Axes", x: str, y: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.005), xlabel=x, ylabel=y)
