"""What goes in and out, for the OpenAPI description. Requests are read by the package's own readers, not by these."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TRIAL_EXAMPLE: dict[str, Any] = {
    "title": "A study of XYZ-123 in advanced solid tumours",
    "phase": "phase 1",
    "inclusion": ["Age 18 years or older", "Advanced solid tumour", "ECOG performance status of 0 or 1"],
    "exclusion": ["Pregnancy or breast feeding", "Known brain metastases"],
    "drugs": ["cisplatin", {"name": "XYZ-123", "smiles": "CC(=O)Oc1ccccc1C(=O)O"}],
    "diseases": [{"name": "carcinoma", "icd10": ["C80.1"]}],
}
"""Read as it is by every endpoint that takes a trial."""
STUDY_EXAMPLE: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT00000000", "briefTitle": "A study of metformin"},
        "designModule": {"phases": ["PHASE2"]},
        "conditionsModule": {"conditions": ["Type 2 diabetes"]},
        "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "Metformin"}]},
        "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* Age 18 or older"},
    }
}
Side = Literal["inclusion", "exclusion"]
Outcome = Literal["success", "failure"]
Probability = Field(ge=0, le=1)
Points = Field(ge=-1, le=1, description="In probability.")


class Detail(BaseModel):
    """An error: one sentence that names the value, the place, what is allowed and what to do."""

    detail: str


class TrialDrug(BaseModel):
    """A drug of a trial."""

    model_config = ConfigDict(extra="forbid")
    name: str
    smiles: str | None = Field(None, description="Its structure, where it is known.")
    other_names: list[str] = Field(default_factory=list, description="Looked up where the name is not known.")


class TrialDisease(BaseModel):
    """A disease of a trial."""

    model_config = ConfigDict(extra="forbid")
    name: str
    icd10: list[str] = Field(default_factory=list, description="ICD-10-CM codes; found by the name if none.")


class TrialFields(BaseModel):
    """A trial of our schema: at least one criterion, drug or disease. What is known after a trial is never read."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [TRIAL_EXAMPLE]})
    nct_id: str | None = Field(None, pattern=r"^NCT\d{8}$")
    title: str = ""
    phase: str = Field("not applicable", description="Any spelling: phase 1, PHASE1/PHASE2, II.")
    criteria: str | None = Field(None, description="All criteria as one text; or give inclusion and exclusion.")
    inclusion: list[str] | str = Field(default_factory=list)
    exclusion: list[str] | str = Field(default_factory=list)
    drugs: list[str | TrialDrug] = Field(default_factory=list)
    diseases: list[str | TrialDisease] = Field(default_factory=list)
    icd10: list[str] = Field(default_factory=list)
    published_smiles: list[str] = Field(default_factory=list)
    start_date: str | None = Field(None, description="YYYY-MM-DD or YYYY-MM.")


class StudyRecord(BaseModel):
    """A study as ClinicalTrials.gov's API v2 gives it; only what was known before the start is read."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [STUDY_EXAMPLE]})
    protocolSection: dict[str, Any]


AnyTrial = TrialFields | StudyRecord


class RemoveCriterion(BaseModel):
    """Leave a criterion out. Items count from 1 within their side, in the trial as given."""

    do: Literal["remove_criterion"]
    side: Side
    item: int = Field(ge=1)


class ReplaceCriterion(BaseModel):
    """Write a criterion anew."""

    do: Literal["replace_criterion"]
    side: Side
    item: int = Field(ge=1)
    text: str


class AddCriterion(BaseModel):
    """Add a criterion at the end of its side."""

    do: Literal["add_criterion"]
    side: Side
    text: str


class RemoveDrug(BaseModel):
    """Leave a drug out."""

    do: Literal["remove_drug"]
    name: str


class AddDrug(BaseModel):
    """Add a drug."""

    do: Literal["add_drug"]
    name: str
    smiles: str | None = None


class SwapDrug(BaseModel):
    """Put a drug in the place of another."""

    do: Literal["swap_drug"]
    name: str
    to: str
    smiles: str | None = None


class RemoveDisease(BaseModel):
    """Leave a disease out."""

    do: Literal["remove_disease"]
    name: str


class AddDisease(BaseModel):
    """Add a disease."""

    do: Literal["add_disease"]
    name: str


class ChangePhase(BaseModel):
    """Change the phase."""

    do: Literal["change_phase"]
    phase: str


Edit = (
    RemoveCriterion
    | ReplaceCriterion
    | AddCriterion
    | RemoveDrug
    | AddDrug
    | SwapDrug
    | RemoveDisease
    | AddDisease
    | ChangePhase
)


class WhatIfByEdits(BaseModel):
    """A trial and what is changed in it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"trial": TRIAL_EXAMPLE, "edits": [{"do": "remove_criterion", "side": "exclusion", "item": 2}]}
            ]
        },
    )
    trial: AnyTrial
    edits: list[Edit]


class WhatIfByTrial(BaseModel):
    """A trial and the same, edited."""

    model_config = ConfigDict(extra="forbid")
    trial: AnyTrial
    edited: AnyTrial


class LookupRequest(BaseModel):
    """The number of a registered trial."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"nct_id": "NCT01234567"}]})
    nct_id: str = Field(pattern=r"^NCT\d{8}$")


REQUESTS: tuple[type[BaseModel], ...] = (TrialFields, StudyRecord, WhatIfByEdits, WhatIfByTrial, LookupRequest)
"""Bodies of requests, which the description needs beside those that the routes name."""


class Interval(BaseModel):
    """Where the probability lies, were the model fitted on other trials of the same kind."""

    low: float = Probability
    high: float = Probability
    level: float = Field(gt=0, lt=1)


class OutcomeSet(BaseModel):
    """The outcomes that cannot be ruled out at a level (conformal prediction)."""

    level: float = Field(gt=0, lt=1)
    outcomes: list[Outcome]


class Domain(BaseModel):
    """How far the trial is from those that the model was trained on."""

    distance: float
    percentile: float
    outside: bool


class DrugMapping(BaseModel):
    """What a drug was taken for."""

    query: str
    name: str
    kind: str
    smiles: str | None
    inchikey: str | None
    source: str
    confidence: float
    date: str | None
    conflict: list[str]
    drawing: str | None = Field(None, description="The structure as SVG.")


class PredictionAnswer(BaseModel):
    """The probability that a trial succeeds, with all that a reader needs to judge it."""

    nctid: str | None
    probability: float = Probability
    title: str
    phase: str
    base_rate: float = Probability
    base_rate_group: str
    base_rate_trials: int
    interval: Interval | None
    sets: list[OutcomeSet]
    domain: Domain | None
    drugs: list[DrugMapping]
    diseases: list[str]
    warnings: list[str]
    trial: TrialFields


class Effect(BaseModel):
    """What the presence of one thing does to the score: an association, not a cause."""

    contribution: float = Field(description="Log-odds with it minus log-odds without it.")
    points: float = Points
    low: float
    high: float
    sure: bool = Field(description="The 90% interval low..high leaves out 0.")


class ItemEffect(Effect):
    """Of one criterion."""

    side: Side
    item: int = Field(ge=1)
    text: str


class NamedEffect(Effect):
    """Of one drug or disease."""

    name: str
    drawing: str | None = None


class ExplanationAnswer(BaseModel):
    """What drives a score."""

    probability: float = Probability
    base_rate: float = Probability
    items: list[ItemEffect]
    drugs: list[NamedEffect]
    diseases: list[NamedEffect]
    rest: float
    summary: str


class Level(BaseModel):
    """A probability with its 90% interval."""

    probability: float = Probability
    low: float
    high: float


class ChangeAnswer(BaseModel):
    """A difference of two scores of the same model."""

    points: float = Points
    low: float
    high: float
    log_odds: float
    sure: bool


class WhatIfAnswer(BaseModel):
    """The score before and after an edit."""

    before: Level
    after: Level
    change: ChangeAnswer
    changed: list[str]
    note: str


class Removal(BaseModel):
    """What leaving one criterion out does."""

    side: Side
    item: int = Field(ge=1)
    text: str
    points: float = Points
    low: float
    high: float
    sure: bool


class RankAnswer(BaseModel):
    """Every single removal, largest rise first."""

    before: Level
    removals: list[Removal]
    note: str


class PastTrial(BaseModel):
    """A past trial with its outcome."""

    nct_id: str
    title: str
    phase: str
    start_date: str | None
    end_date: str | None
    outcome: Literal["successful", "unproven", "stopped"]
    reason: str
    similarity: float = Field(ge=-1, le=1)
    same_criteria: bool = Field(description="Its criteria are, word for word, those of the trial asked about.")
    link: str


class PastRate(BaseModel):
    """How often past trials of a kind were successful; low..high is a 95% interval."""

    of: str
    kind: Literal["phase", "disease", "drug"]
    successes: int
    trials: int
    rate: float | None
    low: float | None
    high: float | None


class SimilarAnswer(BaseModel):
    """Past trials like this one."""

    trials: list[PastTrial]
    base_rates: list[PastRate]
    before: str | None = Field(description="Only trials that ended before this date were looked at.")
    left_out: int = Field(description="Past trials left out because they had not ended by then.")
    note: str
    source: str = Field(description="Attribution with processing date, and what successful means.")


class LookupAnswer(BaseModel):
    """A registered trial."""

    trial: TrialFields
    version: str


class ReadAnswer(BaseModel):
    """What was read from a file; with ``confirm`` a person should look at it before it is scored."""

    trial: TrialFields
    warnings: list[str]
    confirm: bool


class JobAnswer(BaseModel):
    """How far a batch is."""

    id: str
    total: int
    done: int
    state: Literal["queued", "running", "finished", "cancelled", "failed"]
    detail: str | None


class ModelAnswer(BaseModel):
    """What scores here, and what is taken."""

    model_config = ConfigDict(protected_namespaces=())
    title: str
    terms: str
    version: str
    trained_on: str
    base_rates: dict[str, Any]
    coverage: dict[str, Any] | None
    tested: dict[str, Any] | None
    phases: list[str]
    limits: dict[str, float]
    lookup: bool
    index: dict[str, Any] | None


class HealthAnswer(BaseModel):
    """The service is up."""

    status: Literal["ok"]
    version: str
    model: str
    uptime_s: float
