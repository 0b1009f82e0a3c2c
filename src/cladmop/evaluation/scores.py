"""Score files: CSV with the header ``nctid,score``, one trial a row, scores in [0, 1].

Every model of this project and every rival from elsewhere meets the same metrics through such a file.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cladmop.errors import InputError, MissingArtefactError
from cladmop.storage import atomic_file

HEADER = ("nctid", "score")
_NCT_ID = re.compile(r"NCT\d{8}")


def write_scores(path: Path, scores: Mapping[str, float]) -> None:
    """Write scores by NCT id, atomically, in the given order and with every digit needed to read them back equal.

    Raises
    ------
    InputError
        If an id is not NCT and eight digits, or a score is not in [0, 1].
    StorageError
        If the file cannot be written.
    """
    for nct_id, score in scores.items():
        _check(nct_id, float(score), "scores to write")
    with atomic_file(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows((nct_id, repr(float(score))) for nct_id, score in scores.items())


def read_scores(path: Path) -> dict[str, float]:
    """Read scores by NCT id, in the file's order.

    Further columns are ignored, so that a table of predictions may hold notes.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is not UTF-8 CSV with the columns ``nctid`` and ``score``, holds no rows, or a row has no NCT id, an
        id seen before, or a score that is not a number in [0, 1]; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _parse(csv.reader(stream), str(path))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MissingArtefactError(f"no score file {path}; check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not UTF-8 CSV ({error}); write it with the header nctid,score") from error


def _parse(rows: Iterable[list[str]], where: str) -> dict[str, float]:
    lines = iter(rows)
    header = [name.strip() for name in next(lines, [])]
    missing = [name for name in HEADER if name not in header]
    if missing:
        raise InputError(f"{where} has no column {missing[0]!r}; its first line must hold nctid,score")
    id_at, score_at = (header.index(name) for name in HEADER)
    scores: dict[str, float] = {}
    for number, row in enumerate(lines, start=2):
        if not row:
            continue
        place = f"{where}, line {number}"
        if len(row) <= max(id_at, score_at):
            raise InputError(f"{place}: {len(row)} of {len(header)} columns; the file may be cut short")
        nct_id, score = row[id_at].strip(), _number(row[score_at], place)
        _check(nct_id, score, place)
        if nct_id in scores:
            raise InputError(f"{place}: {nct_id} has a score already; keep one row a trial")
        scores[nct_id] = score
    if not scores:
        raise InputError(f"{where} holds no scores; give one row a trial")
    return scores


def _number(text: str, place: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{place}: score {text!r} is not a number; it must be between 0 and 1") from error


def _check(nct_id: str, score: float, place: str) -> None:
    if not _NCT_ID.fullmatch(nct_id):
        raise InputError(f"{place}: {nct_id!r} is not an NCT id; it must be NCT and eight digits")
    if not 0 <= score <= 1:
        raise InputError(f"{place}: score {score:g} of {nct_id} is not between 0 and 1")


def join_scores(
    scores: Mapping[str, float], labels: Mapping[str, int], where: str = "scores"
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels and scores of the same trials, shapes (n,), in the order of ``labels``.

    Scores of trials without a label are left out.

    Raises
    ------
    InputError
        If a labelled trial has no score: leaving it out would make two models' figures differ in their trials.
    """
    missing = [nct_id for nct_id in labels if nct_id not in scores]
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise InputError(f"{where}: no score for {len(missing)} of {len(labels)} labelled trials ({shown}); score all")
    truth = np.fromiter(labels.values(), dtype=np.int64, count=len(labels))
    values = np.fromiter((scores[nct_id] for nct_id in labels), dtype=np.float64, count=len(labels))
    return truth, values
