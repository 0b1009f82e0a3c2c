"""``cladmop extract``: eligibility criteria out of a protocol, to check before they are scored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.options import note, say
from cladmop.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cladmop.records import Trial
    from cladmop.sources.documents import Extraction

_PATIENCE = 120.0
"""Seconds that a person's own protocol may take."""


def extract(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Protocol as PDF, Word (.docx) or text.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the trial as JSON, for `cladmop predict`.")] = None,
    drug: Annotated[list[str] | None, typer.Option("--drug", help="Drug to write into the trial; repeat it.")] = None,
    condition: Annotated[
        list[str] | None, typer.Option("--condition", help="Condition to write into the trial; repeat it.")
    ] = None,
    phase: Annotated[str | None, typer.Option("--phase", help="Phase to write into the trial.")] = None,
) -> None:
    """Print the eligibility criteria found in a protocol, where they stood, and what to check.

    Drugs, conditions and the phase are not looked for: give them, here or in the file that --out writes.
    """
    extraction, trial = found_in(source, drug or (), condition or (), phase)
    for line in report_lines(source, extraction):
        say(line)
    if out is not None:
        write_trial(out, trial)
        note(f"trial written to {out}: check it, then run `cladmop predict {out}`")


def found_in(
    path: Path, drug: "Sequence[str]", condition: "Sequence[str]", phase: str | None
) -> "tuple[Extraction, Trial]":
    """Return what is found in a document, and the trial that it makes with what is known beside it.

    Raises
    ------
    InputError
        If the document cannot be read or holds no criteria.
    """
    from cladmop.records import Phase
    from cladmop.sources.documents import document_kind, read_document_guarded
    from cladmop.sources.tables import read_file

    if path.suffix.lower() in {".json", ".jsonl", ".ndjson", ".csv"}:
        raise InputError(f"{path} holds trials, not a protocol; `cladmop predict {path}` reads it as it is")
    given = Phase.NOT_APPLICABLE if phase is None else Phase.parse(phase, where="--phase")
    extraction = read_document_guarded(read_file(path), document_kind(path) or "text", str(path), seconds=_PATIENCE)
    return extraction, extraction.trial(drug, condition, given)


def report_lines(path: Path, extraction: "Extraction") -> "Iterator[str]":
    """Yield what was found as lines for people: place, title, numbered items, what to check."""
    yield f"{path}: criteria found on {extraction.where}" if extraction.where else f"{path}: criteria"
    if extraction.title:
        yield f"title: {extraction.title}"
    for side, items in (("Inclusion", extraction.inclusion), ("Exclusion", extraction.exclusion)):
        yield f"\n{side} criteria: {len(items)}"
        yield from (f"{number:3}. {item}" for number, item in enumerate(items, start=1))
    yield ""
    yield from (f"check: {warning}" for warning in extraction.warnings)


def write_trial(path: Path, trial: "Trial") -> None:
    """Write a trial in our schema: what was found, and phase, drugs and conditions to fill in.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    from cladmop.storage import write_json

    fields = {
        "title": trial.title,
        "phase": trial.phase.value,
        "inclusion": list(trial.inclusion),
        "exclusion": list(trial.exclusion),
        "drugs": [drug.name for drug in trial.drugs],
        "conditions": [disease.name for disease in trial.diseases],
    }
    write_json(path, fields)
