"""The results of a benchmark as one HTML page: tables, ROC and PR curves, calibration, differences."""

from collections.abc import Sequence
from pathlib import Path

from cladmop.evaluation import plots
from cladmop.evaluation.tables import Table
from cladmop.report import Plot, Section, write_report
from cladmop.reproduce import Results

_CURVES = 6
"""Curves in one plot at most: more cannot be told apart."""


def write_results_page(path: Path, results: Results, tables: Sequence[Table], caption: str) -> None:
    """Write the page atomically; rows of repeated draws stand in the tables only.

    Raises
    ------
    MissingDependencyError
        If the extra ``plots`` is not installed.
    """
    sections = [Section("Results", tuple(tables))]
    shown = _plots(results)
    if shown:
        sections.append(Section("Plots", tuple(shown)))
    lead = "Intervals are 95%. Read average precision beside the base rate, and F1 beside all-positive F1."
    write_report(path, caption, sections, lead)


def _plots(results: Results) -> list[Plot]:
    """Return curves and differences of the rows with one score a trial; none where all are of repeated draws."""
    labels = results.labels
    ranked = sorted(results.rows, key=lambda row: row.evaluation.roc_auc.value, reverse=True)
    best = {row.name: results.scores[row.name] for row in ranked if row.name in results.scores}
    if not best:
        return []
    curves = dict(list(best.items())[:_CURVES])
    name, scores = next(iter(best.items()))
    shown = [
        Plot(plots.roc_plot(labels, curves), "ROC curves, highest first", plots.roc_table(labels, curves)),
        Plot(
            plots.precision_recall_plot(labels, curves),
            "Precision and recall, with the base rate",
            plots.precision_recall_table(labels, curves),
        ),
        Plot(
            plots.calibration_plot(labels, scores),
            f"Calibration of the highest row: {name}",
            plots.calibration_table(labels, scores),
        ),
    ]
    if results.comparisons:
        differences = {one.name: one.delong.difference for one in results.comparisons}
        quantity = f"ROC-AUC minus that of {results.comparisons[0].reference}"
        shown.append(
            Plot(plots.forest_plot(differences, quantity), quantity, plots.forest_table(differences, quantity))
        )
    return shown
