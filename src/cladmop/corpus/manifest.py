"""The manifest of a corpus: what went in, what each rule took out, what came of it, and a digest of every file."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cladmop.corpus.approvals import Approvals
from cladmop.corpus.heldout import HeldOut
from cladmop.corpus.reading import ReadStudy
from cladmop.corpus.rules import Drop, Group, Rule
from cladmop.corpus.staging import Staged
from cladmop.corpus.tables import MANIFEST
from cladmop.errors import InputError
from cladmop.records.study import parse_date
from cladmop.storage import read_json, sha256_of, write_json

FORMAT = 1
"""Of the tables and of this manifest."""
CUTOFF = "2014-01-01"
"""Default cut-off: TOP's test trials started in 2014 or later."""


@dataclass(frozen=True)
class BuildSettings:
    """What a build is told beside its sources."""

    cutoff: str = CUTOFF
    """ISO date before which data collection must have ended."""
    top: Path | None = None
    """Folder of TOP's files, whose validation and test trials are left out, also by near-duplicates."""
    approved: Path | None = None
    """List of approved ingredients; none for the one last downloaded, else the snapshot that ships."""

    def __post_init__(self) -> None:
        """Check the cut-off.

        Raises
        ------
        InputError
            If it is no date.
        """
        if parse_date(self.cutoff.strip(), "--cutoff") is None:
            raise InputError("--cutoff is empty; give a date such as 2014-01-01")


@dataclass
class Tally:
    """Counts that a build gathers."""

    trials: dict[str, dict[str, int]] = field(default_factory=lambda: {group.value: {} for group in Group})
    """Trials by group and phase group."""
    rules: dict[str, int] = field(default_factory=dict)
    """Successful trials by the rules that made them so, joined by +."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Records dropped, by reason."""
    needs_structure: int = 0
    """Trials that test a small molecule, or something unknown that might be one."""
    has_structure: int = 0
    """Of those, with the structure of one drug at least."""
    stated_none: int = 0
    """Trials whose drugs are all stated to be no small molecule."""
    with_disease: int = 0
    """Trials with one ICD-10-CM code at least."""

    def count(self, read: ReadStudy, group: Group, rules: Sequence[Rule], phase: str) -> None:
        """Count one trial of a table."""
        self.trials[group.value][phase] = self.trials[group.value].get(phase, 0) + 1
        if rules:
            key = "+".join(rule.value for rule in rules)
            self.rules[key] = self.rules.get(key, 0) + 1
        self.needs_structure += read.needs_structure
        self.has_structure += read.needs_structure and read.has_structure
        self.stated_none += not read.needs_structure
        self.with_disease += bool(read.diseases.codes)


def funnel(read: int, dropped: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return how many records each rule met, dropped and passed on, in the order of the rules."""
    rows = []
    left = read
    for reason in Drop:
        gone = dropped.get(reason.value, 0)
        rows.append({"rule": reason.value, "in": left, "dropped": gone, "out": left - gone})
        left -= gone
    return rows


def identity(
    staged: Sequence[Staged], settings: BuildSettings, approvals: Approvals, held_out: HeldOut, resolver: str
) -> dict[str, Any]:
    """Return all that decides the content of a corpus."""
    return {
        "cladmop": version("cladmop"),
        "format": FORMAT,
        "cutoff": settings.cutoff,
        "held_out": {"numbers": held_out.numbers, "criteria": held_out.texts},
        "approvals": {"source": approvals.source, "sha256": approvals.sha256, "substances": len(approvals.names)},
        "resolver": resolver,
        "sources": [
            {"name": one.name, "kind": one.kind, "sha256": one.sha256, "bytes": one.bytes, "records": one.read,
             "unreadable": one.dropped.get(Drop.UNREADABLE, 0), "processed": list(one.versions)}
            for one in staged
        ],
    }  # fmt: skip


def finished(out: Path, decided_by: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the manifest of a folder that holds the very corpus asked for, none otherwise."""
    if not (out / MANIFEST).is_file():
        return None
    manifest = read_json(out / MANIFEST)
    same = isinstance(manifest, dict) and all(manifest.get(name) == value for name, value in decided_by.items())
    return manifest if same else None


def write_manifest(out: Path, decided_by: Mapping[str, Any], tally: Tally) -> dict[str, Any]:
    """Write the manifest over the finished tables, and return it."""
    tables = [path.relative_to(out) for path in sorted(out.rglob("*.parquet"))]
    files = {str(path): sha256_of(out / path) for path in tables if _is_table(path)}
    lines = "\n".join(f"{name} {digest}" for name, digest in files.items())
    read = sum(source["records"] for source in decided_by["sources"])
    processed = sorted({date for source in decided_by["sources"] for date in source["processed"] if date})
    span = " to ".join(dict.fromkeys((processed[0], processed[-1]))) if processed else "an unstated date"
    manifest = {
        "kind": "cladmop corpus",
        **decided_by,
        "attribution": f"Trial records: ClinicalTrials.gov, processed by the registry on {span}.",
        "caution": "Each record is its latest version when processed; criteria may have been edited after the start.",
        "filters": funnel(read, tally.dropped),
        "trials": tally.trials,
        "rules": tally.rules,
        "resolution": {
            "trials that need a structure": tally.needs_structure,
            "of those, with one": tally.has_structure,
            "trials stated to have no small molecule": tally.stated_none,
            "trials with a disease code": tally.with_disease,
        },
        "files": files,
        "content_sha256": hashlib.sha256(lines.encode()).hexdigest(),
    }
    write_json(out / MANIFEST, manifest)
    return manifest


def _is_table(path: Path) -> bool:
    """Tell whether a file, by its path in the corpus, is no work in progress."""
    return not any(part.startswith(".") for part in path.parts)
