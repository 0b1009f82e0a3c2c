"""Stage one of a build: each source once through, what the records say themselves decided, the rest kept in Parquet.

Memory stays flat: rows are written in parts. A source is done when its ``source.json`` is there, so that a killed
build goes on with the next source.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cladmop.corpus.rules import Drop, screen, span
from cladmop.errors import InputError
from cladmop.records import Intervention, Study
from cladmop.sources.rejects import Reject
from cladmop.sources.studies import SourceKind, read_studies, recognise
from cladmop.storage import atomic_folder, read_json, sha256_of, write_json

_PART = 20_000
"""Rows of one Parquet part."""
_TEXTS = pl.List(pl.String)
STUDY_SCHEMA: dict[str, Any] = {
    "nct_id": pl.String, "title": pl.String, "study_type": pl.String, "status": pl.String, "why_stopped": pl.String,
    "phase": pl.String, "start_date": pl.String, "primary_completion_date": pl.String, "completion_date": pl.String,
    "verified_date": pl.String, "version": pl.String, "conditions": _TEXTS, "condition_terms": _TEXTS,
    "interventions": pl.List(pl.Struct({"type": pl.String, "name": pl.String, "other_names": _TEXTS})),
    "intervention_terms": _TEXTS, "criteria": pl.String,
}  # fmt: skip
"""Columns of a staged study, its fields."""
DROPPED_SCHEMA = {"nct_id": pl.String, "reason": pl.String, "detail": pl.String, "source": pl.String}
"""Columns of the table of records that a rule dropped."""
_EVIDENCE = frozenset({Drop.OTHER_PHASE, Drop.NO_CRITERIA, Drop.NOT_FINISHED})
"""Dropped drug trials that still tell which drug entered which phase."""


@dataclass(frozen=True)
class Staged:
    """One source, read."""

    folder: Path
    name: str
    """File name of the source."""
    kind: str
    sha256: str
    """Of the file; of a folder, over the digests of its files."""
    bytes: int
    read: int
    """Records met, unreadable ones included."""
    dropped: dict[str, int]
    """Records dropped by what they say themselves, by reason (`Drop`); unreadable ones among them."""
    versions: tuple[str, str]
    """First and last date on which the registry processed the records; empty where unknown."""

    def studies(self) -> pl.LazyFrame:
        """Return the staged studies: `STUDY_SCHEMA` and ``drop``, null for those that stay."""
        return pl.scan_parquet(self.folder / "studies-*.parquet")

    def losses(self) -> pl.LazyFrame:
        """Return what was dropped or rejected, in the columns of `DROPPED_SCHEMA`."""
        return pl.scan_parquet(self.folder / "dropped-*.parquet")


class _Parts:
    """Writes rows to numbered Parquet files; an empty table has one file without rows."""

    def __init__(self, folder: Path, name: str, schema: dict[str, Any]) -> None:
        self._folder, self._name, self._schema = folder, name, schema
        self._rows: list[dict[str, Any]] = []
        self._count = 0

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) == _PART:
            self._write()

    def close(self) -> None:
        if self._rows or self._count == 0:
            self._write()

    def _write(self) -> None:
        table = pl.DataFrame(self._rows, schema=self._schema)
        table.write_parquet(self._folder / f"{self._name}-{self._count:05d}.parquet", compression="zstd")
        self._rows.clear()
        self._count += 1


def stage(source: Path, kind: SourceKind | None, staging: Path, say: Callable[[str], None]) -> Staged:
    """Read one source into a folder below ``staging``, unless that was done already.

    Raises
    ------
    InputError, CorruptArtefactError
        If the source is of no known kind, or cannot be read at all; records that cannot be read are rejected.
    StorageError
        If it cannot be written.
    """
    kind = kind or recognise(source)
    digest = _digest(source)
    folder = staging / f"{source.name}-{digest[:12]}"
    if not (folder / "source.json").is_file():
        say(f"reading {source} ({kind.value}, {_size(source) / 1e6:,.1f} MB)")
        with atomic_folder(folder) as part:
            counts = _read(source, kind, part)
            write_json(
                part / "source.json",
                {"name": source.name, "kind": kind.value, "sha256": digest, "bytes": _size(source), **counts},
            )
    stored = read_json(folder / "source.json")
    first, last = stored.pop("versions")
    return Staged(folder=folder, versions=(first, last), **stored)


def _read(source: Path, kind: SourceKind, folder: Path) -> dict[str, Any]:
    """Write the parts of one source and return its counts."""
    reading = _Reading(source.name, folder)
    for study in read_studies(source, reading.reject, kind):
        reading.take(study)
    return reading.finish()


class _Reading:
    """Sorts the records of one source into kept and lost, and counts."""

    def __init__(self, source: str, folder: Path) -> None:
        self._source = source
        self._kept = _Parts(folder, "studies", {**STUDY_SCHEMA, "drop": pl.String})
        self._lost = _Parts(folder, "dropped", DROPPED_SCHEMA)
        self._reasons: Counter[Drop] = Counter()
        self._versions: set[str] = set()
        self._stayed = 0

    def reject(self, bad: Reject) -> None:
        self._lose(bad.nct_id or "", Drop.UNREADABLE, f"{bad.where}: {bad.reason}")

    def take(self, study: Study) -> None:
        try:
            drop, evidence = screened(study)
        except InputError as error:
            self._lose(study.nct_id, Drop.UNREADABLE, str(error))
            return
        if study.version:
            self._versions.add(study.version)
        if drop is None:
            self._stayed += 1
        else:
            self._lose(study.nct_id, drop, study.status if drop is Drop.NOT_FINISHED else study.phase)
        if evidence:
            criteria = study.criteria if drop is None else ""
            self._kept.add({**asdict(study), "criteria": criteria, "drop": None if drop is None else drop.value})

    def finish(self) -> dict[str, Any]:
        self._kept.close()
        self._lost.close()
        return {
            "read": self._stayed + self._reasons.total(),
            "dropped": {reason.value: self._reasons[reason] for reason in Drop if self._reasons[reason]},
            "versions": (min(self._versions, default=""), max(self._versions, default="")),
        }

    def _lose(self, nct_id: str, reason: Drop, detail: str) -> None:
        self._reasons[reason] += 1
        self._lost.add({"nct_id": nct_id, "reason": reason.value, "detail": detail, "source": self._source})


def screened(study: Study) -> tuple[Drop | None, bool]:
    """Return the rule that drops a record by what it says itself, if any, and whether its names are evidence.

    Raises
    ------
    InputError
        If the phase cannot be read.
    """
    drop = screen(study)
    return drop, drop is None or (drop in _EVIDENCE and bool(study.drugs) and span(study)[0] > 0)


def study_of(row: dict[str, Any]) -> Study:
    """Return the study of one staged row; columns that were not loaded are empty."""
    fields = {name: value for name, value in row.items() if name in STUDY_SCHEMA and value is not None}
    for name, value in fields.items():
        if name == "interventions":
            fields[name] = tuple(Intervention(one["type"], one["name"], tuple(one["other_names"])) for one in value)
        elif isinstance(value, list):
            fields[name] = tuple(value)
    return Study(**fields)


def files_of(source: Path) -> list[Path]:
    """Return the files of a source, sorted."""
    return [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())


def _size(source: Path) -> int:
    return sum(path.stat().st_size for path in files_of(source))


def _digest(source: Path) -> str:
    """Return the SHA-256 of a file, or of the names and digests of a folder's files."""
    if source.is_file():
        return sha256_of(source)
    lines = (f"{path.relative_to(source)} {sha256_of(path)}" for path in files_of(source))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
