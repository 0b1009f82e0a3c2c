"""What the variants scored, and how each differs from the base, on the same trials."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cladmop.ablation.runs import SPLIT
from cladmop.ablation.variants import BASE, Group, Variant, variants
from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.compare import compare
from cladmop.evaluation.estimate import short
from cladmop.evaluation.scores import join_scores
from cladmop.evaluation.tables import Table, comparison_table
from cladmop.pipeline import NetworkSettings
from cladmop.results import load_rows
from cladmop.top_data import TopData

_THRESHOLD = 0.5  # of F1, which these tables do not show
_TITLES: dict[Group, str] = {"paper": "parts of the paper", "ours": "our own choices"}


def ablation_tables(folder: Path, data: TopData, base: NetworkSettings, n_bootstrap: int = 1000) -> list[Table]:
    """Return the scores of every variant measured in a folder, and the paired differences from the base by group.

    Without the base among the rows there are no differences.

    Raises
    ------
    InputError
        If nothing was measured yet, or a row misses trials.
    """
    labels = {one.outcome.nct_id: one.success for one in (*data.train, *data.valid)}
    known = variants(base)
    rows = {row.name: row for row in load_rows(folder)}
    found = {name: rows[name].scores(SPLIT)[0] for name in known if name in rows}
    return [
        _scores(found, known, labels, data.phase, n_bootstrap),
        *_differences(found, known, labels, n_bootstrap),
    ]


def _scores(
    found: Mapping[str, Mapping[str, float]],
    known: Mapping[str, Variant],
    labels: Mapping[str, int],
    phase: str,
    n_bootstrap: int,
) -> Table:
    rows = []
    for name, scores in found.items():
        measured = evaluate(*join_scores(scores, labels, name), _THRESHOLD, n_bootstrap)
        texts = measured.roc_auc.text(), measured.average_precision.text()
        rows.append((name, known[name].group, *texts, known[name].source))
    share = short(sum(labels.values()) / len(labels))
    return Table(
        f"Ablations on TOP phase {phase}: {len(labels):,} labelled trials, held out in folds by NCT number",
        ("variant", "choice", "ROC-AUC", "AP", "where from"),
        tuple(rows),
        f"[95% interval]. AP: average precision, to be read against the base rate of {share}. Ranks within folds are "
        "pooled. Intervals of two variants say little of their difference: see the paired ones.",
        words=(0, 1, 4),
    )


def _differences(
    found: Mapping[str, Mapping[str, float]], known: Mapping[str, Variant], labels: Mapping[str, int], n_bootstrap: int
) -> list[Table]:
    """Return a table a group; the correction for many tests is over all of them together."""
    if BASE not in found or len(found) == 1:
        return []
    truth = np.fromiter(labels.values(), dtype=np.int64)
    joined = {name: join_scores(scores, labels, name)[1] for name, scores in found.items()}
    tests = compare(truth, joined, BASE, n_bootstrap)
    tables = []
    for group, title in _TITLES.items():
        own = [test for test in tests if known[test.name].group == group]
        if own:
            tables.append(comparison_table(own, f"Paired differences from {BASE!r}: {title}"))
    return tables
