"""Rows of a results table on disk: who scored, and the scores of each split.

A row is a folder with ``row.json`` and one or more score files a split (``test.csv``, or ``test-00.csv`` ... for
repeated draws). Scoring writes rows without looking at test labels; only `evaluate_row` reads those.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from cladmop.errors import CorruptArtefactError, InputError
from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.estimate import METRICS, Estimate, Evaluation
from cladmop.evaluation.metrics import best_threshold
from cladmop.evaluation.scores import join_scores, read_scores, write_scores
from cladmop.evaluation.tables import ResultRow, Table
from cladmop.storage import atomic_folder, read_json, write_json, write_text

Scores = Mapping[str, float]
"""Scores by NCT id."""
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Row:
    """One line of a results table."""

    name: str
    """What people call it (``CLaDMoP, MiniLM, items``)."""
    note: str
    """What it is, in half a sentence."""
    folder: Path

    def scores(self, split: str) -> list[dict[str, float]]:
        """Return the scores of a split, one mapping a draw.

        Raises
        ------
        InputError
            If the row holds no scores of that split.
        """
        files = sorted((*self.folder.glob(f"{split}.csv"), *self.folder.glob(f"{split}-[0-9]*.csv")))
        if not files:
            raise InputError(f"{self.folder} holds no scores of the {split} split; run the command that makes it again")
        return [read_scores(file) for file in files]


def save_row(folder: Path, name: str, note: str, splits: Mapping[str, Sequence[Scores]]) -> Row:
    """Store a row atomically; ``splits`` maps a split's name to its scores, one mapping a draw."""
    with atomic_folder(folder) as part:
        for split, draws in splits.items():
            for number, scores in enumerate(draws):
                write_scores(part / (f"{split}.csv" if len(draws) == 1 else f"{split}-{number:02d}.csv"), scores)
        write_json(part / "row.json", {"name": name, "note": note})
    return Row(name, note, folder)


def slug(name: str) -> str:
    """Return the name of a row as folders have it: letters and digits in lower case, joined by ``-``."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())


def load_rows(folder: Path) -> list[Row]:
    """Return the rows below a folder, in the order of their paths.

    Raises
    ------
    InputError
        If there is none.
    CorruptArtefactError
        If a ``row.json`` is malformed.
    """
    rows = []
    for file in sorted(folder.rglob("row.json")):
        plain = read_json(file)
        try:
            rows.append(Row(str(plain["name"]), str(plain["note"]), file.parent))
        except (KeyError, TypeError) as error:
            raise CorruptArtefactError(f"{file} lacks a name or a note; make the row again") from error
    if not rows:
        raise InputError(f"{folder} holds no rows of scores; run `cladmop reproduce` or `cladmop few-shot` first")
    return rows


def evaluate_row(
    row: Row, valid_labels: Mapping[str, int], split: str, labels: Mapping[str, int], n_bootstrap: int = 1000
) -> Evaluation:
    """Evaluate a row on a split, at the F1 threshold that is best on its own validation scores.

    Of repeated draws the mean is given; its interval joins the spread between draws and the sampling of trials.
    """
    evaluations = []
    for valid_scores, scores in zip(row.scores("valid"), row.scores(split), strict=True):
        threshold = best_threshold(*join_scores(valid_scores, valid_labels, f"{row.name}, valid"))
        truth, values = join_scores(scores, labels, f"{row.name}, {split}")
        evaluations.append(evaluate(truth, values, threshold, n_bootstrap))
    return evaluations[0] if len(evaluations) == 1 else mean_of_draws(evaluations)


def mean_of_draws(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Average the evaluations of repeated draws on the same trials.

    The interval is ``mean +- 1.96 s``, where s^2 adds the variance between draws to the mean squared half-width of
    the draws' own intervals (in standard errors).
    """
    estimates = {}
    for name in METRICS:
        draws: list[Estimate] = [getattr(evaluation, name) for evaluation in evaluations]
        value = fmean(draw.value for draw in draws)
        sampling = fmean(((draw.high - draw.low) / (2 * _Z95)) ** 2 for draw in draws)
        reach = _Z95 * math.sqrt(stdev(draw.value for draw in draws) ** 2 + sampling)
        estimates[name] = Estimate(value, value - reach, value + reach)
    first = evaluations[0]
    threshold = fmean(evaluation.threshold for evaluation in evaluations)
    return Evaluation(n=first.n, successes=first.successes, threshold=threshold, **estimates)


def write_results(folder: Path, rows: Sequence[ResultRow], tables: Sequence[Table]) -> None:
    """Store results.json with every digit and results.md as people read it."""
    write_json(
        folder / "results.json", {"rows": [row.to_dict() for row in rows], "tables": [t.to_dict() for t in tables]}
    )
    write_text(folder / "results.md", "\n".join(table.markdown() for table in tables))
