"""What people hand to ``cladmop predict``: JSON, JSON Lines, CSV, plain eligibility text, or a protocol document."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from cladmop.errors import InputError
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.records.criteria import parse_criteria
from cladmop.sources.ctgov import trial_from_study
from cladmop.sources.documents import document_kind, read_document_guarded
from cladmop.sources.fields import ALLOWED, check_names, require_content, trial_from_fields
from cladmop.sources.tables import Row, header_of, read_file, read_utf8, rows_of
from cladmop.sources.top import TRIAL_COLUMNS, trial_from_row
from cladmop.sources.values import shown

CSV_COLUMNS = (
    "nctid", "nct_id", "title", "phase", "criteria", "inclusion", "exclusion", "drugs", "smiles", "diseases",
    "conditions", "icdcodes", "icd10", "start_date",
)  # fmt: skip
"""Columns of our own CSV format; all are optional."""
TextKind = Literal["json", "jsonl", "csv", "text"]
"""What a text may be: one JSON value, JSON Lines, CSV, or eligibility criteria."""
_PATIENCE = 120.0
"""Seconds that a person's own protocol may take."""
_ENDINGS: dict[str, TextKind] = {
    ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".txt": "text",
}  # fmt: skip
_LISTS = ("drugs", "diseases", "conditions", "icdcodes", "icd10")


def read_trials(
    path: Path, *, drugs: Sequence[str] = (), conditions: Sequence[str] = (), phase: str | None = None
) -> list[Trial]:
    """Read the trials of one file, in its order.

    - JSON (``.json``, or anything but ``.txt`` and ``.csv`` that begins with a brace or bracket): one trial of our
      schema (see `fields.trial_from_fields`), one ClinicalTrials.gov v2 study, a list of either, or a page
      ``{"studies": [...]}``.
    - JSON Lines (``.jsonl``, ``.ndjson``, or several JSON values in one file): either kind, one a line.
    - CSV (``.csv``) with TOP's columns, or with ours (`CSV_COLUMNS`): drugs, smiles, diseases and icdcodes are
      separated by ``|``, or by ``;`` where there is no ``|``; smiles has one place for each drug, empty where unknown.
    - PDF (``.pdf``) or Word (``.docx``): a protocol, whose eligibility section is found (see `sources.documents`);
      it should be looked at before the trial is scored, as ``cladmop extract`` and ``cladmop predict`` let people do.
    - Anything else is eligibility text of one trial, whose drugs and conditions are given beside it; not XML.

    What is known only after a trial (status, why_stop, label, overall_status, results and their like) is never read,
    also where a file holds it.

    Parameters
    ----------
    path
        The file, in UTF-8.
    drugs, conditions
        Names of drugs and diseases, for a text file or document only.
    phase
        Phase of a text file or document, and of trials whose file states none.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If the file cannot be read, holds no trial, or holds one with neither criteria nor drugs nor diseases; the
        message names the place.
    MissingDependencyError
        If a document needs a package that is not installed.
    """
    kind = document_kind(path)
    if kind is not None:
        extraction = read_document_guarded(read_file(path), kind, str(path), seconds=_PATIENCE)
        return [extraction.trial(drugs, conditions, _given(phase))]
    text = read_utf8(path)
    return read_trials_text(text, path, kind_of(path, text), drugs=drugs, conditions=conditions, phase=phase)


def kind_of(path: Path, text: str) -> TextKind:
    """Tell by its ending, or else by its first character, how the text of a file is to be read."""
    ending = path.suffix.lower()
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    return "json" if text.lstrip()[:1] in {"{", "["} else "text"


def read_trials_text(
    text: str,
    name: Path | str,
    kind: TextKind,
    *,
    drugs: Sequence[str] = (),
    conditions: Sequence[str] = (),
    phase: str | None = None,
) -> list[Trial]:
    """Read the trials of a text, as `read_trials` does of a file.

    Parameters
    ----------
    text
        The text, without a byte order mark.
    name
        Where it came from, for messages; the stem of a path is the title of a trial from eligibility text.
    kind
        How to read it: ``json``, ``jsonl``, ``csv`` or ``text``.
    drugs, conditions, phase
        As `read_trials`.

    Raises
    ------
    InputError
        As `read_trials`.
    """
    given = _given(phase)
    if kind == "text":
        return [_text_trial(name, text, drugs, conditions, given)]
    if drugs or conditions:
        raise InputError(f"--drug and --condition go with a text file of criteria; {name} names its own")
    if kind == "csv":
        trials = _csv_trials(name, text)
    else:
        trials = [_json_trial(value, where) for value, where in _json_values(name, text, lines=kind == "jsonl")]
    if not trials:
        raise InputError(f"{name}: no trial in it; give at least one")
    return [
        trial.model_copy(update={"phase": given}) if trial.phase is Phase.NOT_APPLICABLE else trial for trial in trials
    ]


def _given(phase: str | None) -> Phase:
    return Phase.NOT_APPLICABLE if phase is None else Phase.parse(phase, where="--phase")


def _text_trial(name: Path | str, text: str, drugs: Sequence[str], conditions: Sequence[str], phase: Phase) -> Trial:
    if text.lstrip()[:5] in {"<?xml", "<clin"}:
        raise InputError(
            f"{name} is XML; give the study as JSON of ClinicalTrials.gov's API v2, or its criteria as text"
        )
    criteria = parse_criteria(text)
    trial = Trial(
        title=Path(name).stem,
        phase=phase,
        inclusion=criteria.inclusion,
        exclusion=criteria.exclusion,
        drugs=tuple(Drug(name=name) for name in drugs if name.strip()),
        diseases=tuple(Disease(name=name) for name in conditions if name.strip()),
    )
    require_content(trial, str(name))
    return trial


def _json_trial(value: Any, where: str) -> Trial:  # noqa: ANN401 (any JSON value)
    if not isinstance(value, dict):
        raise InputError(f"{where}: {shown(value)} is not a trial; it is an object {{...}}")
    if "protocolSection" in value:
        trial = trial_from_study(value, where=where)
        require_content(trial, where)
        return trial
    return trial_from_fields(value, where)


def _json_values(name: Path | str, text: str, *, lines: bool) -> list[tuple[Any, str]]:
    """Return each trial's JSON value with its place."""
    if not text.strip():
        raise InputError(f"{name} is empty; give at least one trial")
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        # A second value after a whole first one: JSON Lines.
        if lines or error.msg == "Extra data":
            return _json_lines(name, text)
        raise InputError(f"{name}:{error.lineno}:{error.colno}: not valid JSON ({error.msg})") from error
    except RecursionError as error:
        raise InputError(f"{name}: JSON nested too deeply to be a trial") from error
    if isinstance(whole, dict) and "studies" in whole:
        whole = whole["studies"]
        if not isinstance(whole, list):
            raise InputError(f"{name}: studies: {shown(whole)} is not a list [...]")
    if isinstance(whole, list):
        return [(value, f"{name}: trial {number}") for number, value in enumerate(whole, start=1)]
    return [(whole, str(name))]


def _json_lines(name: Path | str, text: str) -> list[tuple[Any, str]]:
    values = []
    # Not splitlines: JSON texts may hold U+2028 and its like unescaped.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values.append((json.loads(line), f"{name}:{number}"))
        except json.JSONDecodeError as error:
            raise InputError(f"{name}:{number}:{error.colno}: not valid JSON ({error.msg})") from error
        except RecursionError as error:
            raise InputError(f"{name}:{number}: JSON nested too deeply to be a trial") from error
    return values


def _csv_trials(name: Path | str, text: str) -> list[Trial]:
    header = header_of(text, name)
    if set(TRIAL_COLUMNS) <= set(header):
        trials = [trial_from_row(row) for row in rows_of(text, name, TRIAL_COLUMNS)]
        for number, trial in enumerate(trials, start=1):
            require_content(trial, f"{name}: trial {number}")
        return trials
    check_names(dict.fromkeys(header), f"{name}:1", CSV_COLUMNS)
    return [_csv_trial(row) for row in rows_of(text, name, (), CSV_COLUMNS)]


def _csv_trial(row: Row) -> Trial:
    where = f"{row.path}:{row.line}"
    fields: dict[str, Any] = {name: value for name, value in row.values.items() if value.strip()}
    for name in _LISTS:
        if name in fields:
            fields[name] = [part for part in _split(fields[name]) if part]
    smiles = _split(fields.pop("smiles", ""))
    if any(smiles):
        names = fields.get("drugs", [])
        if len(smiles) != len(names):
            raise InputError(
                f"{row.where('smiles')}: {len(smiles)} structures for {len(names)} drugs; "
                "give one place for each drug, empty where unknown"
            )
        fields["drugs"] = [{"name": name, "smiles": each} for name, each in zip(names, smiles, strict=True)]
    return trial_from_fields({name: value for name, value in fields.items() if name in ALLOWED}, where)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split("|" if "|" in text else ";")]
