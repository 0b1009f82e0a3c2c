"""Which records enter a corpus, and what makes a trial successful. Every rule is one small function.

The paper's words: "a marketed drug is assumed to have passed every phase, and a drug that moved to the next phase to
have passed the one before". Both are assumptions about trials of the past, made with what is known today: they must
not be used on trials whose outcome is to be predicted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from cladmop.corpus.approvals import Approvals
from cladmop.drugs.kinds import NOT_DRUGS
from cladmop.drugs.resolve import Resolution
from cladmop.records import Phase, Study


class Drop(StrEnum):
    """Why a record is in no table of the corpus, in the order in which the rules are asked."""

    UNREADABLE = "unreadable"
    """The source or a field that is needed could not be read."""
    EXPANDED_ACCESS = "expanded access"
    """Treatment outside a trial."""
    NOT_INTERVENTIONAL = "not interventional"
    """Observational, a registry, or of no stated type."""
    OTHER_PHASE = "outside phases I to III"
    """Phase 4, not applicable, or not stated."""
    NO_DRUG = "no drug"
    """No intervention of a drug type; or, resolved, procedures only."""
    NO_CRITERIA = "no criteria"
    """No eligibility criteria."""
    NOT_FINISHED = "not finished"
    """Not started, running, suspended or of unknown status."""
    DUPLICATE = "duplicate"
    """The same number in another source, or again in this one, where a newer record was kept."""
    NO_END = "end not known"
    """Finished, but neither a completion date nor a last confirmation before the cut-off says when."""
    AFTER_CUTOFF = "ended after the cut-off"
    """Data collection ended on or after the cut-off."""
    HELD_OUT = "held out"
    """In a validation or test split of TOP."""
    NEAR_DUPLICATE = "near-duplicate of held out"
    """Criteria almost those of a trial in a validation or test split of TOP."""


class Group(StrEnum):
    """The tables of a corpus."""

    SUCCESSFUL = "successful"
    """Completed, and a rule says successful: pair matching learns from these."""
    UNPROVEN = "unproven"
    """Completed, and no rule says successful."""
    STOPPED = "stopped"
    """Terminated or withdrawn."""


class Rule(StrEnum):
    """What made a trial successful."""

    MARKET = "market"
    """Every active drug is in an approved product."""
    PROGRESSION = "progression"
    """Every active drug is approved or later entered the next phase for the same disease, and one at least did."""


COMPLETED, STOPPED = frozenset({"completed"}), frozenset({"terminated", "withdrawn"})
"""Statuses of finished trials."""
SPAN = {
    Phase.EARLY_PHASE_1: (1, 1), Phase.PHASE_1: (1, 1), Phase.PHASE_1_2: (1, 2), Phase.PHASE_2: (2, 2),
    Phase.PHASE_2_3: (2, 3), Phase.PHASE_3: (3, 3), Phase.PHASE_4: (4, 4),
}  # fmt: skip
"""First and last phase that a trial spans."""


def screen(study: Study) -> Drop | None:
    """Return the first rule that drops a record by what it says itself, none where it stays.

    Raises
    ------
    InputError
        If the phase cannot be read.
    """
    return next((reason for reason, holds in _SCREENS if holds(study)), None)


def span(study: Study) -> tuple[int, int]:
    """Return the first and the last phase a study spans, (0, 0) where it has none.

    Raises
    ------
    InputError
        If the phase cannot be read.
    """
    return SPAN.get(Phase.parse(study.phase, where=f"{study.nct_id}: phase"), (0, 0))


_SCREENS: tuple[tuple[Drop, Callable[[Study], bool]], ...] = (
    (Drop.EXPANDED_ACCESS, lambda study: "expanded access" in study.study_type),
    (Drop.NOT_INTERVENTIONAL, lambda study: study.study_type != "interventional"),
    (Drop.OTHER_PHASE, lambda study: not 1 <= span(study)[0] <= 3),
    (Drop.NO_DRUG, lambda study: not study.drugs),
    (Drop.NO_CRITERIA, lambda study: not any(map(str.isalnum, study.criteria))),
    (Drop.NOT_FINISHED, lambda study: study.status not in COMPLETED | STOPPED),
)


def ended_before(study: Study, cutoff: str) -> Drop | None:
    """Return why a finished study cannot be said to have ended before a cut-off, none where it did.

    Parameters
    ----------
    study
        A finished study.
    cutoff
        ISO date. Completion dates decide; without one, a confirmation of the final status (``verified_date``) or a
        version of the record before the cut-off shows that the end came earlier still.

    Raises
    ------
    InputError
        If a date cannot be read.
    """
    ended = study.ended()
    if ended is not None:
        return None if ended.isoformat() < cutoff else Drop.AFTER_CUTOFF
    confirmed = study.verified_date or study.version
    if not confirmed:
        return Drop.NO_END
    return None if confirmed[:10] < cutoff[: len(confirmed)] else Drop.NO_END


def active(drugs: Iterable[Resolution]) -> tuple[Resolution, ...]:
    """Return the drugs under test: all but placebos, vehicles and procedures."""
    return tuple(drug for drug in drugs if drug.kind not in NOT_DRUGS)


class Progress:
    """Remembers which drug entered which phase for which disease, and when last."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)

    def note(self, drugs: Sequence[str], diseases: Iterable[str], first_phase: int, start: str) -> None:
        """Record one trial: identities of drugs and diseases, the first phase it spans, and its ISO start date."""
        for disease in diseases:
            for drug in drugs:
                seen = self._latest[drug, disease]
                seen[first_phase] = max(start, seen.get(first_phase, ""))

    def advanced(self, drug: str, diseases: Iterable[str], last_phase: int, start: str) -> bool:
        """Tell whether a drug later entered a phase beyond ``last_phase`` for one of the diseases."""
        return any(
            phase > last_phase and latest > start
            for disease in diseases
            for phase, latest in self._latest.get((drug, disease), {}).items()
        )


def successes(
    drugs: Sequence[Resolution],
    diseases: Sequence[str],
    study: Study,
    approvals: Approvals,
    progress: Progress,
) -> tuple[Rule, ...]:
    """Return every rule by which a completed trial was successful, none where none applies.

    Parameters
    ----------
    drugs
        Its active drugs; a drug that is not known counts as not approved.
    diseases
        Identities of its diseases, as noted in ``progress``.
    study
        The trial; without a start date it cannot have progressed *later*.
    approvals, progress
        The evidence.
    """
    if not drugs:
        return ()
    approved = [approvals.covers(drug) for drug in drugs]
    last = span(study)[1]
    advanced = [
        bool(study.start_date) and progress.advanced(drug.identity, diseases, last, study.start_date) for drug in drugs
    ]
    rules = [Rule.MARKET] if all(approved) else []
    if any(advanced) and all(one or other for one, other in zip(approved, advanced, strict=True)):
        rules.append(Rule.PROGRESSION)
    return tuple(rules)
