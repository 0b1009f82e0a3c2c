"""The trial as it is known before it starts.

Nothing that is learned later (status, reason for stopping, results, completion) has a field here, and unknown
fields are refused, so no code path can hand such a value to a model. Outcomes live in ``records.outcome``.
"""

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from cladmop.records.phase import Phase

NctId = Annotated[str, StringConstraints(pattern=r"^NCT\d{8}$")]
"""A ClinicalTrials.gov identifier: ``NCT`` and eight digits (data dictionary: ``nctId``)."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Record(BaseModel):
    """Base of the records: immutable, hashable, closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Drug(Record):
    """One drug or other intervention of a trial, by the name its source gives."""

    name: Text
    """Name as written: may hold a dose, a route or several drugs (``cisplatin 75 mg/m2 + pemetrexed``)."""
    smiles: Text | None = None
    """Structure stated for exactly this drug, as SMILES; none when the source states none."""
    other_names: tuple[Text, ...] = ()
    """Other names its source gives (``otherNames``): codes, brands; looked up where ``name`` is not known."""


class Disease(Record):
    """One condition of a trial, by the name its source gives."""

    name: Text
    """Name as written, in any case (``carcinoma, non-small-cell lung``)."""
    icd10: tuple[Text, ...] = ()
    """ICD-10-CM codes stated for this disease (``C34.90``); empty when the source states none."""


class Trial(Record):
    """What is known of a clinical trial before it starts.

    At least one inclusion item, exclusion item, drug or disease should be there for a score to mean much; none
    of them is required, and what is absent is reported with the score.
    """

    nct_id: NctId | None = None
    """Registry identifier; none for a protocol that is not registered yet."""
    title: str = ""
    """Brief title, shown to people and never fed to a model."""
    phase: Phase = Phase.NOT_APPLICABLE
    """Phase as registered."""
    inclusion: tuple[Text, ...] = ()
    """Inclusion criteria, one string an item, headings kept as items of their own, in the order written."""
    exclusion: tuple[Text, ...] = ()
    """Exclusion criteria, likewise."""
    drugs: tuple[Drug, ...] = ()
    """Drugs and other interventions, in the order written."""
    diseases: tuple[Disease, ...] = ()
    """Conditions, in the order written."""
    published_smiles: tuple[Text, ...] = ()
    """Structures that a data set lists for the trial without saying which drug each belongs to (TOP's ``smiless``)."""
    icd10: tuple[Text, ...] = ()
    """ICD-10-CM codes that a data set lists for the trial without saying which disease each belongs to."""
    start_date: dt.date | None = None
    """Planned or actual start (``startDateStruct``); a month without a day is its first day."""

    @property
    def criteria(self) -> tuple[str, ...]:
        """All eligibility items, inclusion first."""
        return self.inclusion + self.exclusion

    def criteria_text(self) -> str:
        """Return the eligibility criteria as one text, one item a line under its heading."""
        parts = []
        for heading, items in (
            ("Inclusion Criteria:", self.inclusion),
            ("Exclusion Criteria:", self.exclusion),
        ):
            if items:
                parts.append("\n".join((heading, *items)))
        return "\n\n".join(parts)
