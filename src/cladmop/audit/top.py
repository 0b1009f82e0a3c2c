"""The audit of TOP over those of its files that are there; no label, status or why_stop of a test split is read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from cladmop.audit.known import Agreement, Known
from cladmop.audit.structures import Misplaced, NameCount, count_names, find_misplaced
from cladmop.corpus.heldout import SIMILAR, HeldOut
from cladmop.drugs.resolve import DrugResolver
from cladmop.evaluation.metrics import roc_auc
from cladmop.progress import progress_bar
from cladmop.records import LabelledTrial, Trial
from cladmop.sources.tables import Row
from cladmop.sources.top import (
    OUTCOME_COLUMNS,
    PHASES,
    PhaseName,
    SplitName,
    labelled_from_row,
    present_splits,
    read_rows,
    split_path,
    trial_from_row,
)


@dataclass(frozen=True)
class SplitAudit:
    """What is found in one file."""

    phase: PhaseName
    split: SplitName
    rows: int
    repeated: int
    """Rows whose NCT id an earlier row has."""
    base_rate: float | None
    """Share of successes; none for a test split, whose labels are not read."""
    unaligned: int
    """Rows that list another number of structures than of drugs."""
    without_criteria: int
    names: NameCount


@dataclass(frozen=True)
class Leak:
    """How well a column that is known after the trial only tells its label."""

    phase: PhaseName
    column: str
    roc_auc: float
    """On validation, of the success rate that each value has in training."""


@dataclass(frozen=True)
class Overlap:
    """Trials that two files share."""

    first: str
    second: str
    same: int
    """NCT ids that are in both."""
    near: int
    """Trials of the second with another NCT id whose criteria are nearly those of a trial of the first (`SIMILAR`)."""


@dataclass(frozen=True)
class Audit:
    """All findings."""

    splits: tuple[SplitAudit, ...]
    misplaced: tuple[Misplaced, ...]
    leaks: tuple[Leak, ...]
    overlaps: tuple[Overlap, ...]
    known: str
    """Where the right structures are known from."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "similar": SIMILAR}


@dataclass(frozen=True)
class _File:
    phase: PhaseName
    split: SplitName
    rows: Sequence[Row]
    trials: Sequence[Trial]
    labelled: Sequence[LabelledTrial]
    """The trials with their outcomes; empty for a test split."""

    @property
    def name(self) -> str:
        return f"{self.phase} {self.split}"


def audit_top(folder: Path, resolver: DrugResolver | None = None, known: Known | None = None) -> Audit:
    """Audit the files of TOP in a folder.

    Parameters
    ----------
    folder
        Where the files lie.
    resolver
        Names to structures, for the repair; the default one if none.
    known
        The right structures of drug names; agreement of the resolver's sources if none.

    Raises
    ------
    MissingArtefactError
        If none of the files is there.
    InputError
        If one cannot be read.
    MissingDependencyError
        If RDKit, a source of structures or the search for near-duplicates is not installed.
    """
    resolver = resolver or DrugResolver.default()
    known = known or Agreement(resolver)
    files = [_read(folder, phase, split) for phase, split in present_splits(folder)]
    splits = []
    with progress_bar("structures", len(files), "files") as bar:
        for file in files:
            splits.append(_audit_split(file, count_names(file.trials, resolver, known)))
            bar.advance()
    return Audit(
        splits=tuple(splits),
        misplaced=tuple(find_misplaced([trial for file in files for trial in file.trials], resolver, known)),
        leaks=tuple(_leaks(files)),
        overlaps=tuple(_overlaps(files)),
        known=known.description,
    )


def _read(folder: Path, phase: PhaseName, split: SplitName) -> _File:
    labelled = split != "test"
    rows = read_rows(split_path(folder, phase, split), outcomes=labelled)
    if not labelled:
        return _File(phase, split, rows, [trial_from_row(row) for row in rows], ())
    known = [labelled_from_row(row) for row in rows]
    return _File(phase, split, rows, [one.trial for one in known], known)


def _audit_split(file: _File, names: NameCount) -> SplitAudit:
    successes = [one.success for one in file.labelled]
    return SplitAudit(
        phase=file.phase,
        split=file.split,
        rows=len(file.trials),
        repeated=len(file.trials) - len({trial.nct_id for trial in file.trials}),
        base_rate=sum(successes) / len(successes) if successes else None,
        unaligned=sum(len(trial.drugs) != len(trial.published_smiles) for trial in file.trials),
        without_criteria=sum(not trial.criteria for trial in file.trials),
        names=names,
    )


def _leaks(files: Sequence[_File]) -> list[Leak]:
    by_name = {(file.phase, file.split): file for file in files}
    return [
        Leak(phase, column, _leak(by_name[phase, "train"], by_name[phase, "valid"], column))
        for phase in PHASES
        if (phase, "train") in by_name and (phase, "valid") in by_name
        for column in OUTCOME_COLUMNS
    ]


def _leak(train: _File, valid: _File, column: str) -> float:
    """Score each validation trial by the success rate that its value of the column has in training."""
    successes: dict[str, list[int]] = defaultdict(list)
    for one in train.labelled:
        successes[_value(one, column)].append(one.success)
    overall = sum(one.success for one in train.labelled) / len(train.labelled)
    rates = {value: sum(labels) / len(labels) for value, labels in successes.items()}
    scores = [rates.get(_value(one, column), overall) for one in valid.labelled]
    return roc_auc([one.success for one in valid.labelled], scores)


def _value(one: LabelledTrial, column: str) -> str:
    """Return the status as written, or whether there is a reason for stopping."""
    return one.outcome.status if column == "status" else str(bool(one.outcome.why_stopped))


def _overlaps(files: Sequence[_File]) -> list[Overlap]:
    criteria: Mapping[str, dict[str, str]] = {
        file.name: {str(trial.nct_id): trial.criteria_text() for trial in file.trials} for file in files
    }
    found = []
    with progress_bar("overlaps", len(files) * (len(files) - 1) // 2, "pairs") as bar:
        known = {name: HeldOut(texts.items()) for name, texts in criteria.items()}
        for first, second in combinations(criteria, 2):
            same = criteria[first].keys() & criteria[second].keys()
            others = [text for number, text in criteria[second].items() if number not in same]
            near = sum(known[first].resembles(text) > 0 for text in others)
            found.append(Overlap(first, second, len(same), near))
            bar.advance()
    return found
