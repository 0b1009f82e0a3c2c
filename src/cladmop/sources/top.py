"""The Trial Outcome Prediction benchmark (TOP) of Fu and others (Patterns 3, 2022, doi 10.1016/j.patter.2022.100445).

Its CSV files hold lists as Python literals; ``drugs`` and ``smiless`` are not aligned, ``diseases`` and ``icdcodes``
only where they are equally long. ``label``, ``status`` and ``why_stop`` are known after the trial only.
"""

import ast
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError
from cladmop.records import Disease, Drug, LabelledTrial, Outcome, Phase, Trial
from cladmop.records.criteria import parse_criteria
from cladmop.sources.tables import Row, read_table
from cladmop.sources.values import as_nct_id, shown

PhaseName = Literal["I", "II", "III"]
SplitName = Literal["train", "valid", "test"]
PHASES: tuple[PhaseName, ...] = ("I", "II", "III")
SPLITS: tuple[SplitName, ...] = ("train", "valid", "test")

TRIAL_COLUMNS = ("nctid", "phase", "diseases", "icdcodes", "drugs", "smiless", "criteria")
"""The columns a model may see."""
OUTCOME_COLUMNS = ("status", "why_stop")
"""Columns that are known after the trial only, beside ``label``."""

BASE_URL = "https://raw.githubusercontent.com/futianfan/clinical-trial-outcome-prediction/main/data"
"""The public address of the benchmark's files."""
TERMS = """\
Trial Outcome Prediction benchmark (TOP), published by Tianfan Fu, Kexin Huang, Cao Xiao, Lucas M. Glass and
Jimeng Sun at github.com/futianfan/clinical-trial-outcome-prediction, is offered for Non-Commercial Use only.
In short, and the publishers' own wording prevails:
  - you may use it for academic research or other non-profit education;
  - not for profit, not in work done or funded by an organisation that exploits similar works commercially, unless
    the funding brings it no commercial rights, and not to make works meant for commercial use;
  - read the usage agreement in the repository's data/README.md before you download.
Trial records in it come from ClinicalTrials.gov (20 February 2021), structures from DrugBank.
cladmop does not contain these files and grants no rights in them."""

ROWS: dict[tuple[PhaseName, SplitName], int | None] = {
    ("I", "train"): 1044, ("I", "valid"): 117, ("I", "test"): 627,
    ("II", "train"): 4004, ("II", "valid"): 446, ("II", "test"): 1654,
    ("III", "train"): None, ("III", "valid"): 344, ("III", "test"): 1146,
}  # fmt: skip
"""Rows of each published file; none where no count could be confirmed (3,092 to 3,095 are reported)."""


def split_path(folder: Path, phase: PhaseName, split: SplitName) -> Path:
    """Return where TOP's file of a phase and split lies in ``folder``.

    Raises
    ------
    InputError
        If the phase is not I, II or III, or the split not train, valid or test.
    """
    if phase not in PHASES:
        raise InputError(f"phase {phase!r}: TOP has the phases {', '.join(PHASES)}")
    if split not in SPLITS:
        raise InputError(f"split {split!r}: TOP has the splits {', '.join(SPLITS)}")
    return folder / f"phase_{phase}_{split}.csv"


def read_rows(path: Path, *, outcomes: bool = True) -> list[Row]:
    """Read the rows of a CSV file in TOP's format as they stand.

    Parameters
    ----------
    path
        The file.
    outcomes
        Whether to read what is known after the trial only: ``label``, and `OUTCOME_COLUMNS` where they exist.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it cannot be read or lacks a column; the message gives file and line.
    """
    if not outcomes:
        return read_table(path, TRIAL_COLUMNS)
    return read_table(path, (*TRIAL_COLUMNS, "label"), OUTCOME_COLUMNS)


def read_top(path: Path) -> list[LabelledTrial]:
    """Read trials with their outcomes from a CSV file in TOP's format, in the order of the file.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If the file or a cell cannot be read; the message gives file, line and column.
    """
    return [labelled_from_row(row) for row in read_rows(path)]


def read_top_trials(path: Path) -> list[Trial]:
    """Read trials from a CSV file in TOP's format; label, status and why_stop need not exist and are not read.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If the file or a cell cannot be read; the message gives file, line and column.
    """
    return [trial_from_row(row) for row in read_rows(path, outcomes=False)]


def read_split(folder: Path, phase: PhaseName, split: SplitName) -> list[LabelledTrial]:
    """Read one split of TOP; of rows with the same NCT id the first is kept.

    Raises
    ------
    MissingArtefactError
        If the file is not in ``folder``.
    InputError
        As `read_top` and `split_path`.
    """
    unique: dict[str, LabelledTrial] = {}
    for labelled in read_top(split_path(folder, phase, split)):
        unique.setdefault(labelled.outcome.nct_id, labelled)
    return list(unique.values())


def read_labels(data: Path, phase: PhaseName = "I", split: SplitName = "test") -> dict[str, int]:
    """Read the labels of one split, or of one labelled CSV file, by NCT id; of repeated ids the first is kept.

    Parameters
    ----------
    data
        Folder of TOP's files, or one CSV file with the columns ``nctid`` and ``label``.
    phase, split
        Which file of the folder; not looked at when ``data`` is a file.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it lacks those columns, or one holds anything but an NCT id and 0 or 1.
    """
    path = data if data.is_file() else split_path(data, phase, split)
    labels: dict[str, int] = {}
    for row in read_table(path, ("nctid", "label")):
        labels.setdefault(_nct_id(row), _label(row))
    return labels


def trial_from_row(row: Row) -> Trial:
    """Return the trial of one row that holds `TRIAL_COLUMNS`.

    Raises
    ------
    InputError
        If a cell cannot be read; the message gives file, line and column.
    """
    criteria = parse_criteria(row["criteria"])
    names = _strings(row, "diseases")
    codes = _codes(row)
    aligned = len(names) == len(codes)
    return Trial(
        nct_id=_nct_id(row),
        phase=Phase.parse(row["phase"], where=row.where("phase")),
        inclusion=criteria.inclusion,
        exclusion=criteria.exclusion,
        drugs=tuple(Drug(name=name) for name in _strings(row, "drugs") if name.strip()),
        diseases=tuple(
            Disease(name=name, icd10=codes[index] if aligned else ())
            for index, name in enumerate(names)
            if name.strip()
        ),
        published_smiles=tuple(smiles for smiles in _strings(row, "smiless") if smiles.strip()),
        icd10=() if aligned else tuple(dict.fromkeys(code for group in codes for code in group)),
    )


def labelled_from_row(row: Row) -> LabelledTrial:
    """Return the trial of one row with its outcome; `OUTCOME_COLUMNS` may be absent.

    Raises
    ------
    InputError
        If a cell cannot be read; the message gives file, line and column.
    """
    return LabelledTrial(trial=trial_from_row(row), outcome=_outcome(row))


def present_splits(folder: Path) -> list[tuple[PhaseName, SplitName]]:
    """Return the phases and splits whose files are in ``folder``, in the order of `ROWS`.

    Raises
    ------
    MissingArtefactError
        If none is there.
    """
    found = [(phase, split) for phase, split in ROWS if split_path(folder, phase, split).is_file()]
    if not found:
        raise MissingArtefactError(
            f"{folder}: none of TOP's files (phase_I_train.csv and others) is there; fetch them: cladmop top download"
        )
    return found


def download_top(
    folder: Path, base_url: str = BASE_URL, *, on_unverified: Callable[[str], None] | None = None
) -> list[Path]:
    """Fetch TOP's nine CSV files; show people `TERMS` first.

    Files already there with the right number of rows are kept, a cut download continues where it stopped, and no
    file takes its name before it was read whole and its rows were counted.

    Parameters
    ----------
    folder
        Where the files go.
    base_url
        Address that serves ``phase_I_train.csv`` and the rest.
    on_unverified
        Called with one sentence for each file whose published row count is not known and so was not checked.

    Returns
    -------
    list of Path
        The nine files.

    Raises
    ------
    NetworkError
        If a file cannot be fetched.
    CorruptArtefactError
        If a fetched file is no TOP file or has another number of rows.
    StorageError
        If it cannot be written.
    """
    paths = []
    for (phase, split), rows in ROWS.items():
        path = split_path(folder, phase, split)
        found = _rows_of(path) if path.is_file() else None
        if found is None or rows not in {None, found}:
            found = _fetch(path, f"{base_url.rstrip('/')}/{path.name}", rows)
        if rows is None and on_unverified is not None:
            on_unverified(f"{path.name}: {found} rows; its published number of rows is not known, so it is unchecked")
        paths.append(path)
    return paths


def _fetch(path: Path, url: str, rows: int | None) -> int:
    from cladmop.http import download

    fetched = path.with_name(f".{path.name}.fetched")
    download(url, fetched)
    found = _rows_of(fetched)
    if found is None or rows not in {None, found}:
        fetched.unlink()
        raise CorruptArtefactError(
            f"{url}: {'no table in TOP format' if found is None else f'{found} rows'}; "
            f"expected {rows or 'some'} rows; check --base-url, or fetch it again"
        )
    fetched.replace(path)
    return found


def _rows_of(path: Path) -> int | None:
    """Return the number of rows of a TOP file, none where it is not one or is cut."""
    try:
        return len(read_table(path, (*TRIAL_COLUMNS, "label")))
    except InputError:
        return None


def _nct_id(row: Row) -> str:
    nct_id = as_nct_id(row["nctid"], row.where("nctid"))
    if nct_id is None:
        raise InputError(f"{row.where('nctid')}: no NCT id; every row of TOP has one")
    return nct_id


def _label(row: Row) -> Literal[0, 1]:
    text = row["label"].strip()
    if text not in {"0", "1"}:
        raise InputError(f"{row.where('label')}: {text!r} is not a label; use 0 (failure) or 1 (success)")
    return 1 if text == "1" else 0


def _outcome(row: Row) -> Outcome:
    return Outcome(
        nct_id=_nct_id(row),
        success=_label(row),
        status=row["status"].strip(),
        why_stopped=" ".join(row["why_stop"].split()),
    )


def _strings(row: Row, column: str) -> list[str]:
    return _literal_strings(row[column], row.where(column))


def _codes(row: Row) -> list[tuple[str, ...]]:
    where = row.where("icdcodes")
    groups: Iterable[str] = _literal_strings(row["icdcodes"], where)
    return [tuple(code for code in _literal_strings(group, where) if code.strip()) for group in groups]


def _literal_strings(text: str, where: str) -> list[str]:
    """Read the Python literal of a list of strings."""
    try:
        value: Any = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        value = None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{where}: {shown(text)} is not a list of texts such as \"['asthma', 'copd']\"")
    return value
