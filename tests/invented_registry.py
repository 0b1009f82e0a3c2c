"""Invented records of a registry, written as the API and as the legacy archive give them."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

from cladmop.records import Intervention, Study

CRITERIA = "Inclusion Criteria:\n\n* Adults with {}\n* Written consent\n\nExclusion Criteria:\n\n* Pregnancy"
NEW_DRUG = Intervention("drug", "XYZ-98765")
BASE = Study(
    nct_id="NCT90000000",
    title="An invented trial",
    study_type="interventional",
    status="completed",
    phase="PHASE2",
    start_date="2003-05",
    primary_completion_date="2005-06-07",
    verified_date="2006-01",
    version="2023-02-03",
    conditions=("Gout",),
    interventions=(Intervention("drug", "Aspirin 100 mg"), Intervention("drug", "Placebo")),
    criteria=CRITERIA.format("gout"),
)


def study(number: int, **changes: object) -> Study:
    """Return an invented study."""
    return replace(BASE, nct_id=f"NCT{90_000_000 + number}", **changes)


def as_json(one: Study) -> dict[str, object]:
    """Return a study as the API gives it."""
    phases = [phase for phase in one.phase.split(", ") if phase]
    return {
        "protocolSection": {
            "identificationModule": {"nctId": one.nct_id, "briefTitle": one.title},
            "statusModule": {
                "overallStatus": one.status.upper().replace(" ", "_"),
                "whyStopped": one.why_stopped,
                "statusVerifiedDate": one.verified_date,
                "startDateStruct": {"date": one.start_date},
                "primaryCompletionDateStruct": {"date": one.primary_completion_date},
            },
            "conditionsModule": {"conditions": list(one.conditions)},
            "designModule": {"studyType": one.study_type.upper().replace(" ", "_"), "phases": phases},
            "armsInterventionsModule": {
                "interventions": [
                    {
                        "type": drug.type.upper().replace(" ", "_"),
                        "name": drug.name,
                        "otherNames": list(drug.other_names),
                    }
                    for drug in one.interventions
                ]
            },
            "eligibilityModule": {"eligibilityCriteria": one.criteria},
        },
        "derivedSection": {
            "miscInfoModule": {"versionHolder": one.version},
            "conditionBrowseModule": {"meshes": [{"id": "", "term": term} for term in one.condition_terms]},
        },
    }


def write_json_source(path: Path, studies: list[Study]) -> Path:
    """Write studies as the site's download does."""
    path.write_text(json.dumps([as_json(one) for one in studies]), encoding="utf-8")
    return path


def write_xml_source(path: Path, studies: list[Study]) -> Path:
    """Write studies as the legacy archive does; dates as months."""
    months = ("January", "February", "March", "April", "May", "June", "July")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in studies:
            year, month = one.primary_completion_date.split("-")[:2]
            drugs = "".join(
                f"<intervention><intervention_type>{drug.type.title()}</intervention_type>"
                f"<intervention_name>{drug.name}</intervention_name></intervention>"
                for drug in one.interventions
            )
            year_processed, month_processed, day = one.version.split("-")
            ended = f"{months[int(month) - 1]} {year}"
            processed = f"{months[int(month_processed) - 1]} {day}, {year_processed}"
            archive.writestr(f"{one.nct_id[:7]}xxxx/{one.nct_id}.xml", _as_xml(one, processed, ended, drugs))
    return path


def _as_xml(one: Study, processed: str, ended: str, drugs: str) -> str:
    return f"""<clinical_study>
  <required_header>
    <download_date>ClinicalTrials.gov processed this data on {processed}</download_date>
  </required_header>
  <id_info><nct_id>{one.nct_id}</nct_id></id_info>
  <brief_title>{one.title}</brief_title>
  <overall_status>{one.status.title()}</overall_status>
  <start_date>May 2003</start_date>
  <completion_date>{ended}</completion_date>
  <phase>Phase 2</phase>
  <study_type>Interventional</study_type>
  <condition>Gout</condition>
  {drugs}
  <eligibility>
    <criteria>
      <textblock>
        Inclusion Criteria:

          -  Gout
      </textblock>
    </criteria>
  </eligibility>
</clinical_study>
"""
