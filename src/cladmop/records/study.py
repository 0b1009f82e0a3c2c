"""A registry's record of a study, whole: the trial, what became of it, and what corpus rules ask for.

A `Study` holds plain texts as the registry gives them, since most of half a million records are dropped by a rule
before their criteria are worth reading; `Study.trial` and `Study.outcome` make the checked records.
"""

import datetime as dt
import re
from dataclasses import dataclass

from pydantic import ValidationError

from cladmop.errors import InputError
from cladmop.records.criteria import parse_criteria
from cladmop.records.outcome import Outcome
from cladmop.records.phase import Phase
from cladmop.records.trial import Disease, Drug, Trial

DRUG_TYPES = frozenset({"drug", "biological", "combination product", "dietary supplement", "genetic"})
"""Intervention types that count as drugs; devices, procedures, radiation, behavioural and other ones do not."""
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")


@dataclass(frozen=True, slots=True)
class Intervention:
    """One intervention of a study."""

    type: str
    """Type in lower case with spaces: ``drug``, ``combination product`` (data dictionary: ``InterventionType``)."""
    name: str
    """Name as written."""
    other_names: tuple[str, ...] = ()
    """Other names the sponsor gives: codes, brands, generic names."""


@dataclass(frozen=True, slots=True)
class Study:
    """One study of ClinicalTrials.gov, from whichever of its forms.

    Dates are ``YYYY-MM-DD``, ``YYYY-MM`` or empty. Nothing here is an input of a model: that is `trial`.
    """

    nct_id: str
    """Registry identifier."""
    title: str = ""
    """Brief title."""
    study_type: str = ""
    """``interventional``, ``observational``, ``expanded access``, or empty where the record does not say."""
    status: str = ""
    """Overall status, words in lower case: ``completed``, ``terminated``, ``active not recruiting``."""
    why_stopped: str = ""
    """Reason for stopping in the sponsor's words."""
    phase: str = ""
    """Phase as spelled by the source; empty where there is none."""
    start_date: str = ""
    primary_completion_date: str = ""
    completion_date: str = ""
    verified_date: str = ""
    """When the sponsor last confirmed the record: a final status was reached before it."""
    version: str = ""
    """When the registry processed the record (XML: ``download_date``; version 2: ``versionHolder``)."""
    conditions: tuple[str, ...] = ()
    """Conditions as written."""
    condition_terms: tuple[str, ...] = ()
    """MeSH terms that the registry's algorithm assigned to the conditions."""
    interventions: tuple[Intervention, ...] = ()
    intervention_terms: tuple[str, ...] = ()
    """MeSH terms that the registry's algorithm assigned to the interventions."""
    criteria: str = ""
    """Eligibility criteria as written, white space included."""

    @property
    def drugs(self) -> tuple[Intervention, ...]:
        """The interventions that count as drugs (`DRUG_TYPES`)."""
        return tuple(one for one in self.interventions if one.type in DRUG_TYPES)

    def ended(self) -> dt.date | None:
        """Return when data collection ended: primary completion, else completion; none where neither is given.

        Raises
        ------
        InputError
            If the date is none.
        """
        text = self.primary_completion_date or self.completion_date
        return parse_date(text, f"{self.nct_id}: completion date")

    def trial(self) -> Trial:
        """Return what is known before the start, criteria read into items.

        Raises
        ------
        InputError
            If the id, the phase, the start date or a name cannot be read; the message names id and field.
        """
        criteria = parse_criteria(self.criteria)
        try:
            return Trial(
                nct_id=self.nct_id,
                title=self.title,
                phase=Phase.parse(self.phase, where=f"{self.nct_id}: phase"),
                inclusion=criteria.inclusion,
                exclusion=criteria.exclusion,
                drugs=tuple(Drug(name=one.name, other_names=one.other_names) for one in self.drugs),
                diseases=tuple(Disease(name=name) for name in self.conditions),
                start_date=parse_date(self.start_date, f"{self.nct_id}: start date"),
            )
        except ValidationError as error:
            raise InputError(f"{self.nct_id}: {_first(error)}") from error

    def outcome(self) -> Outcome:
        """Return what became of the study; it has no label until a rule gives one.

        Raises
        ------
        InputError
            If the id or the completion date cannot be read.
        """
        try:
            return Outcome(
                nct_id=self.nct_id, status=self.status, why_stopped=self.why_stopped, completion_date=self.ended()
            )
        except ValidationError as error:
            raise InputError(f"{self.nct_id}: {_first(error)}") from error


def parse_date(text: str, where: str) -> dt.date | None:
    """Return a date; a month stands for its first day, an empty text for none.

    Raises
    ------
    InputError
        If it is not ``YYYY-MM-DD`` or ``YYYY-MM``.
    """
    if not text:
        return None
    try:
        if _DATE.fullmatch(text):
            return dt.date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        pass
    raise InputError(f"{where}: {text!r} is not a date; use YYYY-MM-DD or YYYY-MM")


def _first(error: ValidationError) -> str:
    """Return where and why the first value was refused, on one line."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {str(first['input'])[:60]!r}: {first['msg']}"
