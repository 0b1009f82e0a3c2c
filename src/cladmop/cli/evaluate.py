"""``cladmop evaluate``: honest metrics of anyone's score files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.options import PhaseGroup, SplitName, note, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

_FEW = 50
"""Resamples taken to tell how long all will take."""


def evaluate(
    scores: Annotated[Path, typer.Argument(help="Score file: CSV with the header nctid,score.")],
    data: Annotated[Path, typer.Option("--data", help="Folder of TOP's files, or one CSV with nctid and label.")],
    other: Annotated[
        Path | None, typer.Argument(help="Second score file, compared with the first pair by pair.")
    ] = None,
    phase: Annotated[PhaseGroup, typer.Option("--phase", help="TOP data set.")] = PhaseGroup.I,
    split: Annotated[SplitName, typer.Option("--split", help="Split whose labels are read.")] = SplitName.TEST,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="F1 threshold; else it is chosen on --valid-scores, else 0.5.")
    ] = None,
    valid_scores: Annotated[
        Path | None, typer.Option("--valid-scores", help="Scores of the validation split, to choose the threshold on.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also store the evaluation as JSON.")] = None,
    bootstraps: Annotated[int, typer.Option("--bootstraps", min=1, help="Resamples behind each interval.")] = 1000,
) -> None:
    """Print average precision, ROC-AUC, F1, Brier and ECE, each with its 95% interval, base rate and trivial rival."""
    from cladmop.evaluation.bootstrap import evaluate as evaluate_scores
    from cladmop.evaluation.compare import compare
    from cladmop.evaluation.metrics import best_threshold
    from cladmop.evaluation.scores import join_scores, read_scores
    from cladmop.evaluation.tables import ResultRow, comparison_table, results_table
    from cladmop.sources.top import read_labels
    from cladmop.storage import write_json

    labels = read_labels(data, phase.value, split.value)
    if threshold is None and valid_scores is not None:
        valid_labels = read_labels(data, phase.value, "valid")
        threshold = best_threshold(*join_scores(read_scores(valid_scores), valid_labels, str(valid_scores)))
    if threshold is None:
        note("F1 is cut at 0.5; give --valid-scores to choose the threshold on validation")
        threshold = 0.5
    files = [scores] if other is None else [scores, other]
    joined = {str(file): join_scores(read_scores(file), labels, str(file)) for file in files}
    note(f"{len(labels):,} trials, {bootstraps:,} resamples for each score file: {_time(joined, bootstraps)}")
    rows = [
        ResultRow(name, "", evaluate_scores(truth, values, threshold, bootstraps))
        for name, (truth, values) in joined.items()
    ]
    print_table(results_table(rows, f"{len(labels)} trials, threshold {threshold:.3f}", narrow=True))
    stored = {"rows": [row.to_dict() for row in rows]}
    if other is not None:
        truth = joined[str(scores)][0]
        tests = compare(truth, {name: values for name, (_, values) in joined.items()}, str(scores), bootstraps)
        table = comparison_table(tests, f"Paired differences from {scores}")
        print_table(table)
        stored["comparison"] = [table.to_dict()]
    if out is not None:
        write_json(out, stored)


def _time(joined: "Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]", bootstraps: int) -> str:
    """Take a few resamples of one file's scores, and tell how long all will take without comparing files."""
    from cladmop.evaluation.bootstrap import evaluate as evaluate_scores
    from cladmop.training.cost import duration, extrapolated, gigabytes, memory_used

    truth, values = next(iter(joined.values()))
    seconds = extrapolated(lambda few: evaluate_scores(truth, values, 0.5, few), _FEW, bootstraps) * len(joined)
    return f"about {duration(seconds)}, about {gigabytes(memory_used())} of memory"
