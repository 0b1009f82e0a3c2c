"""``cladmop score``: anyone's predictions under the benchmark's protocol."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.options import DataOption, PhaseGroup, PhaseOption, note, print_table, say


class BenchmarkName(StrEnum):
    """Benchmarks that predictions can be scored against."""

    TOP = "top"


def score(
    predictions: Annotated[
        list[Path], typer.Argument(help="CSV with the header nctid,score; several files are seeds of one model.")
    ],
    data: DataOption,
    against: Annotated[BenchmarkName, typer.Option("--against", help="The benchmark.")] = BenchmarkName.TOP,  # noqa: ARG001 (there is one so far; the command names it all the same)
    phase: PhaseOption = PhaseGroup.I,
    valid: Annotated[
        list[Path] | None,
        typer.Option(
            "--valid", help="Scores of the validation split, to choose the F1 threshold on; one for each file."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for results.parquet and results.md.")] = None,
    bootstraps: Annotated[int, typer.Option("--bootstraps", min=1, help="Resamples behind each interval.")] = 1000,
) -> None:
    """Measure predictions as `cladmop benchmark` measures its own rows, beside simple rivals fitted on the spot.

    Every trial of the test split must have a score in [0, 1]. Printed are ROC-AUC, average precision, F1, Brier and
    ECE with intervals, the paired difference from the strongest simple rival, subsets, and published figures.
    """
    from cladmop.benchmark.measures import write_measures
    from cladmop.benchmark.submitted import measure_submission
    from cladmop.benchmark.tables import tables
    from cladmop.benchmark.tasks import top_task
    from cladmop.benchmark.whole import MARKDOWN, RESULTS, write_tables

    task = top_task(data, phase.value)
    if task.note:
        note(task.note)
    if not valid:
        note("F1 is cut at 0.5; give --valid to choose the threshold on validation")
    measures = measure_submission(task, predictions, valid or [], note, bootstraps)
    for table in tables(measures, task.published, narrow=True):
        print_table(table)
    if out is not None:
        write_measures(out / RESULTS, measures)
        write_tables(out / MARKDOWN, tables(measures, task.published), task.note)
        say(f"stored in {out}: {RESULTS}, {MARKDOWN}")
