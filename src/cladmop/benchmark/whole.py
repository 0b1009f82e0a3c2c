"""The benchmark from a task to its results: run, choose the reference, read the labels once, write what people read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path

from cladmop.benchmark.bench import Bench
from cladmop.benchmark.contestants import Contestant
from cladmop.benchmark.measures import Measure, write_measures
from cladmop.benchmark.measuring import Measurer, Scored
from cladmop.benchmark.page import write_page
from cladmop.benchmark.running import Size, reference_of, run, scored_rows
from cladmop.benchmark.subsets import subsets_of
from cladmop.benchmark.tables import tables
from cladmop.errors import InputError, MissingDependencyError
from cladmop.evaluation.scores import join_scores
from cladmop.evaluation.tables import Table
from cladmop.reproduce import claim
from cladmop.storage import write_text

RESULTS, MARKDOWN, PAGE = "results.parquet", "results.md", "report.html"
_CURVES = 6
"""Curves in one plot at most: more cannot be told apart."""


def score_all(bench: Bench, contestants: Sequence[Contestant], size: Size) -> dict[str, str]:
    """Fit and score every contestant and choose the reference; reads no label of a scored trial.

    Returns
    -------
    dict
        Why some contestants could not be run, by name.

    Raises
    ------
    InputError
        If the folder was begun with other trials or another number of seeds or draws, or nothing may be the reference.
    """
    simple = [contestant for contestant in contestants if contestant.simple]
    if not simple:
        raise InputError("none of the chosen models may be the reference; add one, such as --only 'TF-IDF words'")
    claim(bench.folder, {"task": bench.task.slug, "digest": bench.task.digest, **asdict(size)})
    missing = run(bench, contestants, size)
    reference_of(bench, simple)
    return missing


def measure_all(
    bench: Bench, contestants: Sequence[Contestant], missing: Mapping[str, str], n_bootstrap: int = 1000
) -> list[Measure]:
    """Measure every finished row: this reads the labels. Results, tables and page are written into the folder."""
    reference, on_folds = reference_of(bench, [])
    rows = scored_rows(bench, contestants)
    subsets = subsets_of(bench.trial_encoder(), bench.task.train[0], bench.task.test)
    measurer = Measurer(bench.task, reference, subsets, n_bootstrap)
    groups = {contestant.name: contestant.group for contestant in contestants}
    measures = measurer.measure(rows)
    measures += [measurer.not_run(name, groups[name], reason) for name, reason in missing.items()]
    measures += measurer.on_folds(on_folds)
    write_measures(bench.folder / RESULTS, measures)
    write_tables(bench.folder / MARKDOWN, tables(measures, bench.task.published), bench.task.note)
    curves = {
        row.name: join_scores(row.test[0], measurer.labels, row.name)[1] for row in shown_as_curves(rows, reference)
    }
    try:
        write_page(bench.folder / PAGE, measures, bench.task.published, measurer.truth, curves, bench.task.note)
    except MissingDependencyError as error:
        bench.say(f"no {PAGE}: {error}")
    return measures


def shown_as_curves(rows: Sequence[Scored], reference: str) -> list[Scored]:
    """Return the few rows whose curves are drawn: the reference, then headline rows of each group in turn, last first.

    Which they are does not depend on how well they score.
    """
    groups: dict[str, list[Scored]] = {}
    for row in rows:
        if row.headline and row.name != reference:
            groups.setdefault(row.group, []).insert(0, row)
    in_turn = [row for turn in zip_longest(*groups.values()) for row in turn if row is not None]
    return [*(row for row in rows if row.name == reference), *in_turn][:_CURVES]


def write_tables(path: Path, shown: Sequence[Table], note: str = "") -> None:
    """Write tables as Markdown, atomically, with what the reader must know of the task above."""
    write_text(path, "\n".join([*([f"{note}\n"] if note else []), *(table.markdown() for table in shown)]))
