"""Measure your own predictions as the benchmark does: intervals, base rate, a paired test against a simple rival.

Takes about 10 seconds. The predictions are two rankings of invented trials: by the length of their criteria, and by
TF-IDF words fitted on other invented trials. With TOP on disk, the same and more:
`cladmop score mine.csv --against top --phase I --data DIR`.

    python examples/06_benchmark_predictions.py --out /tmp/scores
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.compare import compare
from cladmop.evaluation.metrics import best_threshold
from cladmop.evaluation.scores import join_scores, read_scores, write_scores
from cladmop.evaluation.tables import ResultRow, comparison_table, results_table
from cladmop.rivals.tfidf import TextModel
from invented import invented_trials


def main() -> None:
    parser = argparse.ArgumentParser(description="Score files against labels, under the benchmark's protocol.")
    parser.add_argument("--out", type=Path, help="folder of the score files (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run(arguments.out or Path(scratch))


def run(out: Path) -> None:
    train, train_labels = invented_trials(200)
    valid, valid_labels = invented_trials(80, first=1000)
    test, test_labels = invented_trials(160, first=2000)
    labels = {str(trial.nct_id): label for trial, label in zip(test, test_labels, strict=True)}

    # Any model will do that writes nctid,score. This one is fitted on the training trials alone.
    words = TextModel().fit(train, train_labels)
    length = np.array([len(trial.criteria_text()) for trial in test])
    ranked = length.argsort().argsort() / len(length)
    write_scores(out / "words.csv", dict(zip(labels, map(float, words.predict_proba(test)), strict=True)))
    write_scores(out / "length.csv", dict(zip(labels, map(float, ranked), strict=True)))

    # The threshold of F1 comes from validation. Every test trial must have a score: none is left out in silence.
    thresholds = {"words": best_threshold(np.array(valid_labels), words.predict_proba(valid)), "length": 0.5}
    joined = {
        name: join_scores(read_scores(out / f"{name}.csv"), labels, f"{name}.csv") for name in ("length", "words")
    }
    rows = [ResultRow(name, "", evaluate(truth, scores, thresholds[name])) for name, (truth, scores) in joined.items()]
    truth = joined["words"][0]
    comparisons = compare(truth, {name: scores for name, (_, scores) in joined.items()}, "length")

    console = Console(width=80)
    console.print(results_table(rows, f"{len(test)} invented trials", narrow=True).rich(), crop=False)
    console.print(comparison_table(comparisons, "Paired differences from length").rich(), crop=False)


if __name__ == "__main__":
    main()
