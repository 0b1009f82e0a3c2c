"""The tables of a corpus in Parquet, and back into records.

``DIR/trials`` holds the successful trials, ``DIR/unproven`` and ``DIR/stopped`` the other finished ones, ``DIR/drugs``
and ``DIR/diseases`` how every name was read, all partitioned by phase (``phase_group=I``); ``DIR/dropped.parquet``
every record that is in none of them, with its reason. ``DIR/manifest.json`` is written last.
A corpus is read from a local folder, or from a URL that fsspec knows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from cladmop.corpus.rules import Group, Rule
from cladmop.errors import CladmopError, CorruptArtefactError, MissingArtefactError
from cladmop.records import Disease, Drug, Outcome, Phase, Trial
from cladmop.storage import Place, below, is_remote, list_files, read_bytes, read_json

FOLDERS = {Group.SUCCESSFUL: "trials", Group.UNPROVEN: "unproven", Group.STOPPED: "stopped"}
"""Where each group of trials lies."""
PHASE_GROUPS = ("I", "II", "III")
"""Partitions: the earlier of two joint phases."""
TABLES = (*FOLDERS.values(), "drugs", "diseases")
"""Partitioned tables."""
DROPPED = "dropped.parquet"
_PARTITION = "phase_group="
MANIFEST = "manifest.json"
_TEXTS = pl.List(pl.String)
TRIAL_SCHEMA: dict[str, Any] = {
    "nct_id": pl.String,
    "title": pl.String,
    "phase": pl.String,
    "start_date": pl.Date,
    "end_date": pl.Date,
    "inclusion": _TEXTS,
    "exclusion": _TEXTS,
    "drugs": pl.List(pl.Struct({"name": pl.String, "smiles": pl.String})),
    "diseases": pl.List(pl.Struct({"name": pl.String, "icd10": _TEXTS})),
    "icd10": _TEXTS,
    "rules": _TEXTS,
    "status": pl.String,
    "why_stopped": pl.String,
    "stop_reason": pl.String,
    "source": pl.String,
    "version": pl.String,
}
"""Columns of the three tables of trials. ``rules`` to ``stop_reason`` are outcomes and never an input."""
DRUG_SCHEMA: dict[str, Any] = {
    "nct_id": pl.String,
    "group": pl.String,
    "intervention": pl.String,
    "query": pl.String,
    "name": pl.String,
    "kind": pl.String,
    "smiles": pl.String,
    "inchikey": pl.String,
    "source": pl.String,
    "confidence": pl.Float64,
    "date": pl.String,
    "conflict": _TEXTS,
}
"""Columns of the table of drugs: one row for each drug that an intervention of a trial names."""
DISEASE_SCHEMA: dict[str, Any] = {
    "nct_id": pl.String,
    "group": pl.String,
    "name": pl.String,
    "codes": _TEXTS,
    "score": pl.Float64,
    "source": pl.String,
}
"""Columns of the table of diseases: one row for each condition (or MeSH term) of a trial."""


@dataclass(frozen=True)
class CorpusTrial:
    """A finished trial of the past, with what became of it."""

    trial: Trial
    outcome: Outcome
    """Without a label: ``group`` says what is known."""
    group: Group
    rules: tuple[Rule, ...]
    """What made it successful; empty unless ``group`` is ``SUCCESSFUL``."""

    @property
    def completed(self) -> bool:
        """Whether it was completed rather than stopped."""
        return self.group is not Group.STOPPED


def write_table(folder: Path, phase_group: str, rows: Sequence[Mapping[str, Any]], schema: dict[str, Any]) -> None:
    """Write one partition of a table; equal rows give equal bytes."""
    place = folder / f"phase_group={phase_group}"
    place.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(list(rows), schema=schema).write_parquet(place / "part-00000.parquet", compression="zstd")


def read_table(folder: Place, name: str) -> pl.DataFrame:
    """Return one table of a corpus with its ``phase_group``, in the order written.

    Parameters
    ----------
    folder
        Of the corpus, or its URL.
    name
        ``trials``, ``unproven``, ``stopped``, ``drugs`` or ``diseases``.

    Raises
    ------
    MissingArtefactError
        If there is no finished corpus in the folder, or it has no such table.
    CorruptArtefactError
        If the table cannot be read.
    """
    read_manifest(folder)
    place = below(folder, name)
    parts = [one for one in list_files(place) if one.startswith(_PARTITION) and one.endswith(".parquet")]
    if not parts:
        raise MissingArtefactError(f"{place}: no such table in the corpus; build it again")
    try:
        return pl.concat([_read_part(place, part) for part in parts])
    except CladmopError:
        raise
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CorruptArtefactError(f"{place} is damaged ({error}); build the corpus again") from error


def _read_part(place: Place, part: str) -> pl.DataFrame:
    """Return one file of a table with the phase that its folder states."""
    file = below(place, part)
    table = pl.read_parquet(BytesIO(read_bytes(file)) if is_remote(file) else file, hive_partitioning=False)
    return table.with_columns(phase_group=pl.lit(part.partition("/")[0].removeprefix(_PARTITION)))


def read_manifest(folder: Place) -> dict[str, Any]:
    """Return the manifest of a finished corpus.

    Raises
    ------
    MissingArtefactError
        If there is none: the folder holds no corpus, or one whose build was interrupted.
    CorruptArtefactError
        If it is no manifest.
    """
    try:
        manifest = read_json(below(folder, MANIFEST))
    except MissingArtefactError as error:
        raise MissingArtefactError(
            f"{folder} holds no finished corpus; run `cladmop corpus build --out {folder}`"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("kind") != "cladmop corpus":
        raise CorruptArtefactError(f"{below(folder, MANIFEST)} is no manifest of a corpus; build it again")
    return manifest


def read_corpus(folder: Place, groups: Iterable[Group] = tuple(Group)) -> list[CorpusTrial]:
    """Return the trials of some groups, by group and phase, in the order of their numbers.

    Raises
    ------
    MissingArtefactError, CorruptArtefactError
        As `read_table`.
    """
    return [
        _corpus_trial(row, group)
        for group in groups
        for row in read_table(folder, FOLDERS[group]).iter_rows(named=True)
    ]


def _corpus_trial(row: Mapping[str, Any], group: Group) -> CorpusTrial:
    trial = Trial(
        nct_id=row["nct_id"],
        title=row["title"],
        phase=Phase(row["phase"]),
        inclusion=tuple(row["inclusion"]),
        exclusion=tuple(row["exclusion"]),
        drugs=tuple(Drug(name=one["name"], smiles=one["smiles"]) for one in row["drugs"]),
        diseases=tuple(Disease(name=one["name"], icd10=tuple(one["icd10"])) for one in row["diseases"]),
        icd10=tuple(row["icd10"]),
        start_date=row["start_date"],
    )
    outcome = Outcome(
        nct_id=row["nct_id"],
        status=row["status"],
        why_stopped=row["why_stopped"],
        completion_date=row["end_date"],
    )
    return CorpusTrial(trial, outcome, group, tuple(map(Rule, row["rules"])))
