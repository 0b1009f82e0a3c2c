"""What was measured, as tables: folds, test, and retrieval."""

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import numpy as np

from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.compare import compare
from cladmop.evaluation.estimate import Evaluation, short
from cladmop.evaluation.scores import join_scores
from cladmop.evaluation.tables import Table, comparison_table
from cladmop.results import Row, load_rows, mean_of_draws
from cladmop.sources.top import PhaseName, read_labels
from cladmop.storage import read_json
from cladmop.top_data import TopData
from cladmop.transfer.variants import NO_PRETRAINING

_THRESHOLD = 0.5  # of F1, which these tables do not show


def tables_of_folds(folder: Path, data: TopData, n_bootstrap: int = 1000) -> list[Table]:
    """Return scores and paired differences of every row measured on folds, and retrieval.

    Raises
    ------
    InputError
        If nothing was measured yet.
    """
    labels = {one.outcome.nct_id: one.success for one in (*data.train, *data.valid)}
    caption = f"{len(labels):,} labelled trials of phase {data.phase}, held out in folds by NCT number"
    note = "Ranks within folds are pooled."
    return [*_tables(folder, "valid", labels, caption, note, n_bootstrap), _retrieval_table(folder)]


def tables_of_test(folder: Path, data: Path, phase: PhaseName, n_bootstrap: int = 1000) -> list[Table]:
    """Return scores and paired differences of every row scored on test; this reads the test labels.

    Raises
    ------
    InputError
        If nothing was scored on test yet.
    """
    labels = read_labels(data, phase, "test")
    return _tables(folder, "test", labels, f"TOP phase {phase} test, {len(labels):,} trials", "", n_bootstrap)


def _tables(  # noqa: PLR0917 (which rows, then what to call them)
    folder: Path, split: str, labels: Mapping[str, int], caption: str, note: str, n_bootstrap: int
) -> list[Table]:
    rows = [row for row in load_rows(folder) if any(row.folder.glob(f"{split}*.csv"))]
    base = short(sum(labels.values()) / len(labels))
    evaluated = [(row.name, _evaluated(row, split, labels, n_bootstrap)) for row in rows]
    scores = Table(
        caption,
        ("network", "ROC-AUC", "AP", "base"),
        tuple((name, one.roc_auc.text(), one.average_precision.text(), base) for name, one in evaluated),
        f"[95% interval]. AP: average precision, to be read against the base rate. {note}".strip(),
    )
    single = {row.name: found[0] for row in rows if len(found := row.scores(split)) == 1}
    if NO_PRETRAINING not in single or len(single) == 1:
        return [scores]
    truth = np.fromiter(labels.values(), dtype=np.int64)
    joined = {name: join_scores(found, labels, name)[1] for name, found in single.items()}
    tests = compare(truth, joined, NO_PRETRAINING, n_bootstrap)
    return [scores, comparison_table(tests, f"Paired differences from {NO_PRETRAINING!r}")]


def _evaluated(row: Row, split: str, labels: Mapping[str, int], n_bootstrap: int) -> Evaluation:
    draws = [evaluate(*join_scores(scores, labels, row.name), _THRESHOLD, n_bootstrap) for scores in row.scores(split)]
    return draws[0] if len(draws) == 1 else mean_of_draws(draws)


def _retrieval_table(folder: Path) -> Table:
    rows = []
    for file in sorted(folder.glob("*/retrieval.json")):
        stored = read_json(file)
        folds = [fold for fold in stored["folds"] if fold]
        if folds:
            means = [fmean(fold[key] for fold in folds) for key in ("candidates", "retrieval@1", "retrieval@10")]
            rows.append((stored["name"], f"{means[0]:.0f}", short(means[1]), short(means[2])))
    caption = "Own drugs and diseases found by criteria, among those of the successes held out; mean of the folds"
    return Table(caption, ("network", "candidates", "@1", "@10"), tuple(rows))
