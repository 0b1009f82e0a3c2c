"""A build from end to end: sources staged, one record a trial chosen and judged, tables written, manifest last."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from typing import Any

import polars as pl

from cladmop.corpus.approvals import load_approvals
from cladmop.corpus.deciding import Candidate, Decided, Evidence, Loss, choose, decide, load_criteria
from cladmop.corpus.heldout import HeldOut, held_out_rows
from cladmop.corpus.manifest import BuildSettings, Tally, finished, identity, write_manifest
from cladmop.corpus.reading import Crew, NameReader
from cladmop.corpus.staging import DROPPED_SCHEMA, Staged, stage
from cladmop.corpus.tables import (
    DISEASE_SCHEMA,
    DROPPED,
    DRUG_SCHEMA,
    FOLDERS,
    MANIFEST,
    PHASE_GROUPS,
    TABLES,
    TRIAL_SCHEMA,
    write_table,
)
from cladmop.diseases.conditions import CodeMatch
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import InputError
from cladmop.sources.studies import SourceKind
from cladmop.storage import atomic_file, atomic_folder

Say = Callable[[str], None]
_STAGING = ".staging"


def build(  # noqa: PLR0917 (what, where and how, then who answers and who listens)
    sources: Sequence[tuple[Path, SourceKind | None]],
    out: Path,
    settings: BuildSettings,
    resolver: DrugResolver,
    say: Say,
    look_up: Callable[[str], CodeMatch] | None = None,
    crew: Crew | None = None,
) -> dict[str, Any]:
    """Build a corpus from registry files; a killed build goes on with what it had read.

    Parameters
    ----------
    sources
        Files or folders with their kind, none to recognise it. Of several records of one trial the newest is kept, of
        equally new ones that of the source named first.
    out
        Folder of the corpus. One that holds the same corpus already is left as it is.
    settings
        Cut-off, held-out trials and approvals.
    resolver
        Names to structures.
    say
        Told what is going on.
    look_up
        Asked for conditions that have no code offline, such as ``NlmLookup.match``.
    crew
        Workers that read the names; none for this process. The corpus is the same, to the byte.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    InputError
        If there is no source, a source is of no known kind, or a setting is wrong.
    StorageError
        If it cannot be written.
    """
    if not sources:
        raise InputError("no source; give --source FILE with a registry file, and repeat it for more")
    names = NameReader(resolver, look_up, crew)
    approvals = load_approvals(settings.approved, names.substances)
    held_out = HeldOut(held_out_rows(settings.top) if settings.top is not None else ())
    staged = [stage(path, kind, out / _STAGING, say) for path, kind in sources]
    decided_by = identity(staged, settings, approvals, held_out, _readers(resolver, look_up))
    manifest = finished(out, decided_by)
    if manifest is None:
        (out / MANIFEST).unlink(missing_ok=True)
        tally = _write_tables(staged, out, Evidence(settings.cutoff, held_out, approvals), names, say)
        manifest = write_manifest(out, decided_by, tally)
    else:
        say("this corpus is there already")
    rmtree(out / _STAGING, ignore_errors=True)
    return manifest


def _readers(resolver: DrugResolver, look_up: object) -> str:
    """Return what the reading of names depends on."""
    return f"{resolver.fingerprint}{' and an online look-up of conditions' if look_up is not None else ''}"


def _write_tables(staged: Sequence[Staged], out: Path, evidence: Evidence, names: NameReader, say: Say) -> Tally:
    losses: list[Loss] = []
    say("resolving the names of drugs and diseases")
    candidates = choose(staged, names, evidence.progress, losses.append)
    say(f"judging {len(candidates):,} finished drug trials")
    tally = Tally()
    with ExitStack() as stack:
        parts = {name: stack.enter_context(atomic_folder(out / name)) for name in TABLES}
        for phase in PHASE_GROUPS:
            own = [candidate for candidate in candidates if candidate.phase_group == phase]
            decided = _judge(own, staged, evidence, losses)
            _write_phase(parts, phase, decided)
            for one in decided:
                tally.count(one.read, one.group, one.rules, phase)
    dropped = pl.concat([*(one.losses().collect() for one in staged), _as_table(losses)])
    with atomic_file(out / DROPPED) as part:
        dropped.sort(list(DROPPED_SCHEMA)).write_parquet(part, compression="zstd")
    tally.dropped = dict(dropped["reason"].value_counts().iter_rows())
    return tally


def _judge(
    candidates: Sequence[Candidate], staged: Sequence[Staged], evidence: Evidence, losses: list[Loss]
) -> list[Decided]:
    """Return the candidates that stay, in the order of their numbers, and note the others."""
    criteria = load_criteria(staged, candidates)
    stayed = []
    for candidate in candidates:
        text = criteria[candidate.place, candidate.read.study.nct_id]
        found = decide(candidate, text, evidence, staged[candidate.place].name)
        if isinstance(found, Loss):
            losses.append(found)
        else:
            stayed.append(found)
    return stayed


def _write_phase(parts: Mapping[str, Path], phase: str, decided: Sequence[Decided]) -> None:
    for group, name in FOLDERS.items():
        write_table(parts[name], phase, [one.row() for one in decided if one.group is group], TRIAL_SCHEMA)
    drugs = [row for one in decided for row in one.read.drug_rows(one.group.value)]
    write_table(parts["drugs"], phase, drugs, DRUG_SCHEMA)
    diseases = [row for one in decided for row in one.read.disease_rows(one.group.value)]
    write_table(parts["diseases"], phase, diseases, DISEASE_SCHEMA)


def _as_table(losses: Sequence[Loss]) -> pl.DataFrame:
    rows = [
        {"nct_id": one.nct_id, "reason": one.reason.value, "detail": one.detail, "source": one.source} for one in losses
    ]
    return pl.DataFrame(rows, schema=DROPPED_SCHEMA)
