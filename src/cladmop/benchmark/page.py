"""The benchmark as one HTML page: the tables, ROC and PR curves, calibration, and every difference in one plot."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cladmop.benchmark.measures import ALL, Measure
from cladmop.benchmark.tables import tables
from cladmop.evaluation import plots
from cladmop.evaluation.estimate import Estimate
from cladmop.report import Paragraph, Plot, Section, write_report

_LEAD = (
    "Every row went through the same door: fitted on the training trials, stopped and cut on validation, scored once. "
    "Intervals are 95%. Read average precision beside the base rate, and F1 beside all-positive F1."
)


def write_page(  # noqa: PLR0917 (where, then what is shown)
    path: Path,
    measures: Sequence[Measure],
    phase: str | None,
    truth: NDArray[np.int64],
    curves: Mapping[str, NDArray[np.float64]],
    note: str = "",
) -> None:
    """Write the page atomically.

    Parameters
    ----------
    path
        The HTML file.
    measures
        Of one task.
    phase
        Of TOP, whose published figures stand beside; none where nobody published any.
    truth
        Labels of the scored trials, shape (n,).
    curves
        Scores of the few models whose curves are drawn, shape (n,) each, by name.
    note
        What the reader must know of the task.

    Raises
    ------
    MissingDependencyError
        If the extra ``plots`` is not installed.
    """
    first, *others = tables(measures, phase)
    cautions = (Paragraph(note, caution=True),) if note else ()
    sections = [Section("Results", (*cautions, first)), Section("Plots", tuple(_plots(measures, truth, curves)))]
    sections += [Section(table.caption.rpartition(": ")[2].capitalize(), (table,)) for table in others]
    write_report(path, measures[0].task, sections, _LEAD)


def _plots(
    measures: Sequence[Measure], truth: NDArray[np.int64], curves: Mapping[str, NDArray[np.float64]]
) -> list[Plot]:
    shown = [
        Plot(
            plots.roc_plot(truth, curves), "ROC curves, of repeated rows the first seed", plots.roc_table(truth, curves)
        ),
        Plot(
            plots.precision_recall_plot(truth, curves),
            "Precision and recall, with the base rate; of repeated rows the first seed",
            plots.precision_recall_table(truth, curves),
        ),
    ]
    shown += [
        Plot(plots.calibration_plot(truth, scores), f"Calibration: {name}", plots.calibration_table(truth, scores))
        for name, scores in curves.items()
    ]
    found = [one for one in measures if one.subset == ALL and one.measure == "roc_auc_difference"]
    if found:
        differences = {one.model: Estimate(one.value, one.low, one.high) for one in found}
        quantity = f"ROC-AUC minus that of {found[0].reference}"
        shown.append(
            Plot(plots.forest_plot(differences, quantity), quantity, plots.forest_table(differences, quantity))
        )
    return shown
