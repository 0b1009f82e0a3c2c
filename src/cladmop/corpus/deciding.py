"""One candidate through the rules: into a table, or dropped with its reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import polars as pl

from cladmop.corpus.approvals import Approvals
from cladmop.corpus.heldout import HeldOut
from cladmop.corpus.reading import NameReader, ReadStudy
from cladmop.corpus.reasons import stop_reason
from cladmop.corpus.rules import COMPLETED, Drop, Group, Progress, Rule, ended_before, span, successes
from cladmop.corpus.staging import STUDY_SCHEMA, Staged, study_of
from cladmop.corpus.tables import PHASE_GROUPS
from cladmop.errors import InputError
from cladmop.progress import progress_bar
from cladmop.records import Trial

_NAMES = [name for name in STUDY_SCHEMA if name != "criteria"]


@dataclass(frozen=True)
class Loss:
    """A record that a rule dropped."""

    nct_id: str
    reason: Drop
    detail: str
    source: str


@dataclass(frozen=True)
class Candidate:
    """The one record of a finished drug trial, its criteria left on disk."""

    read: ReadStudy
    place: int
    """Which source it is from."""

    @property
    def phase_group(self) -> str:
        """Its partition: the first phase it spans."""
        return PHASE_GROUPS[span(self.read.study)[0] - 1]


@dataclass(frozen=True)
class Evidence:
    """What candidates are judged by."""

    cutoff: str
    held_out: HeldOut
    approvals: Approvals
    progress: Progress = field(default_factory=Progress)


@dataclass(frozen=True)
class Decided:
    """A trial that goes into a table."""

    read: ReadStudy
    trial: Trial
    group: Group
    rules: tuple[Rule, ...]
    source: str

    def row(self) -> dict[str, Any]:
        """Return its row of the table of its group."""
        study, trial = self.read.study, self.trial
        stopped = self.group is Group.STOPPED
        return {
            "nct_id": study.nct_id,
            "title": trial.title,
            "phase": trial.phase.value,
            "start_date": trial.start_date,
            "end_date": study.ended(),
            "inclusion": list(trial.inclusion),
            "exclusion": list(trial.exclusion),
            "drugs": [{"name": drug.query, "smiles": drug.smiles} for _, drug in self.read.drugs],
            "diseases": [{"name": name, "icd10": list(codes)} for name, codes in self.read.codes_by_name().items()],
            "icd10": self.read.term_codes(),
            "rules": [rule.value for rule in self.rules],
            "status": study.status,
            "why_stopped": study.why_stopped,
            "stop_reason": stop_reason(study.why_stopped).value if stopped else None,
            "source": self.source,
            "version": study.version,
        }


def choose(
    staged: Sequence[Staged], names: NameReader, progress: Progress, lose: Callable[[Loss], None]
) -> list[Candidate]:
    """Keep the newest record of each trial, resolve its names, and note which drug entered which phase for what.

    Of equally new records that of the first source is kept. Trials that are no candidates (running, phase 4) are
    evidence of progression all the same.
    """
    frames = [
        one.studies().select([*_NAMES, "drop"]).with_columns(place=pl.lit(place)) for place, one in enumerate(staged)
    ]
    newest_first = pl.concat(frames).sort(["nct_id", "version", "place"], descending=[False, True, False]).collect()
    newest = newest_first.unique("nct_id", keep="first", maintain_order=True)
    names.prepare(study_of(row) for row in newest.iter_rows(named=True))
    candidates = []
    with progress_bar("resolving names", newest_first.height, "records") as bar:
        for nct_id, records in groupby(newest_first.iter_rows(named=True), key=lambda row: str(row["nct_id"])):
            kept, *older = records
            bar.advance(1 + len(older))
            for row in older:
                if row["drop"] is None:
                    detail = f"kept from {staged[kept['place']].name}"
                    lose(Loss(nct_id, Drop.DUPLICATE, detail, staged[row["place"]].name))
            read = names.read(study_of(kept))
            if read.study.start_date:
                first = span(read.study)[0]
                progress.note(read.drug_ids, read.disease_ids, first, read.study.start_date)
            if kept["drop"] is None:
                candidates.append(Candidate(read, kept["place"]))
    return candidates


def load_criteria(staged: Sequence[Staged], candidates: Sequence[Candidate]) -> dict[tuple[int, str], str]:
    """Return the criteria of some candidates, by source and number."""
    texts: dict[tuple[int, str], str] = {}
    for place, one in enumerate(staged):
        wanted = [candidate.read.study.nct_id for candidate in candidates if candidate.place == place]
        found = one.studies().filter(pl.col("nct_id").is_in(wanted)).select(["nct_id", "version", "criteria"]).collect()
        # Of a number that stands twice in one source the newest record is the candidate.
        for nct_id, _, criteria in found.sort(["nct_id", "version"]).iter_rows():
            texts[place, nct_id] = criteria
    return texts


def decide(candidate: Candidate, criteria: str, evidence: Evidence, source: str) -> Decided | Loss:
    """Return the row a candidate becomes, or why it becomes none."""
    study = candidate.read.study
    try:
        trial = replace(study, criteria=criteria).trial()
        reason, detail = _dropped(candidate.read, criteria, trial, evidence)
    except InputError as error:
        reason, detail = Drop.UNREADABLE, str(error)
    if reason is not None:
        return Loss(study.nct_id, reason, detail, source)
    if study.status not in COMPLETED:
        return Decided(candidate.read, trial, Group.STOPPED, (), source)
    rules = successes(candidate.read.active, candidate.read.disease_ids, study, evidence.approvals, evidence.progress)
    return Decided(candidate.read, trial, Group.SUCCESSFUL if rules else Group.UNPROVEN, rules, source)


def _dropped(read: ReadStudy, criteria: str, trial: Trial, evidence: Evidence) -> tuple[Drop | None, str]:
    """Return the first rule that drops a candidate, with what it saw."""
    if read.only_procedures:
        return Drop.NO_DRUG, "; ".join(name for name, _ in read.drugs)
    if not trial.criteria:
        return Drop.NO_CRITERIA, ""
    late = ended_before(read.study, evidence.cutoff)
    if late is not None:
        return late, str(read.study.ended() or read.study.verified_date)
    if evidence.held_out.has(read.study.nct_id):
        return Drop.HELD_OUT, "number"
    near = evidence.held_out.resembles(criteria)
    if near:
        return Drop.NEAR_DUPLICATE, f"similarity {near:.2f}"
    return None, ""
