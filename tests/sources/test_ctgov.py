"""ClinicalTrials.gov API version 2 studies."""

import copy
import datetime as dt
import json

import pytest

from cladmop.errors import InputError
from cladmop.records import Phase
from cladmop.sources.ctgov import trial_from_study

STUDY = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT01234567", "briefTitle": "A Study of X"},
        "statusModule": {
            "overallStatus": "TERMINATED",
            "whyStopped": "Futility",
            "startDateStruct": {"date": "2022-04"},
        },
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE1", "PHASE2"]},
        "conditionsModule": {"conditions": ["Asthma", "COPD"]},
        "armsInterventionsModule": {
            "interventions": [
                {"type": "DRUG", "name": "X 5 mg"},
                {"type": "DEVICE", "name": "Inhaler"},
                {"type": "BIOLOGICAL", "name": "Y-mab"},
                {"type": "GENETIC", "name": "Z gene"},
                {"type": "BEHAVIORAL", "name": "Rest"},
            ]
        },
        "eligibilityModule": {
            "eligibilityCriteria": "Inclusion Criteria:\n\n* Age \\>= 18\n\nExclusion Criteria:\n\n* Gout"
        },
    },
    "resultsSection": {"anything": 1},
}


def changed(*path, value):
    study = copy.deepcopy(STUDY)
    place = study["protocolSection"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return study


def test_a_study_becomes_a_trial() -> None:
    trial = trial_from_study(STUDY)
    assert (trial.nct_id, trial.title, trial.phase) == ("NCT01234567", "A Study of X", Phase.PHASE_1_2)
    assert (trial.inclusion, trial.exclusion) == (("Age >= 18",), ("Gout",))
    assert [drug.name for drug in trial.drugs] == ["X 5 mg", "Y-mab", "Z gene"]
    assert [disease.name for disease in trial.diseases] == ["Asthma", "COPD"]
    assert trial.start_date == dt.date(2022, 4, 1)


def test_what_is_known_later_changes_nothing() -> None:
    later = changed("statusModule", value={"startDateStruct": {"date": "2022-04"}, "overallStatus": ["?"]})
    del later["resultsSection"]
    assert trial_from_study(later) == trial_from_study(STUDY)


@pytest.mark.parametrize(
    ("phases", "phase"),
    [
        (["NA"], Phase.NOT_APPLICABLE),
        (["EARLY_PHASE1"], Phase.EARLY_PHASE_1),
        (None, Phase.NOT_APPLICABLE),
        (["PHASE4"], Phase.PHASE_4),
    ],
)
def test_phases(phases, phase) -> None:
    assert trial_from_study(changed("designModule", "phases", value=phases)).phase is phase


def test_absent_modules_are_absent_facts() -> None:
    trial = trial_from_study({"protocolSection": {"identificationModule": {"nctId": "NCT01234567"}}})
    assert trial.criteria == trial.drugs == trial.diseases == ()
    assert trial.start_date is None


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ({}, "no protocolSection"),
        ({"protocolSection": []}, "protocolSection: .* is not an object"),
        ({"protocolSection": {"identificationModule": {}}}, "identificationModule.nctId is missing"),
        (changed("identificationModule", "nctId", value="12"), "identificationModule.nctId: '12' is not an NCT id"),
        (changed("designModule", "phases", value="PHASE1"), "designModule.phases: 'PHASE1' is not a list"),
        (changed("designModule", "phases", value=["PHASE9"]), "phase: 'PHASE9' is not a phase"),
        (changed("conditionsModule", "conditions", value=[1]), r"conditions\[0\]: 1 is not a text"),
        (changed("eligibilityModule", "eligibilityCriteria", value=["a"]), "eligibilityCriteria: .* is not a text"),
        (changed("statusModule", "startDateStruct", value={"date": "May 2022"}), "date: 'May 2022' is not a date"),
        (changed("statusModule", "startDateStruct", value={"date": "2022-13"}), "date: '2022-13' is not a date"),
        (
            changed("armsInterventionsModule", "interventions", value=[{"type": "DRUG"}]),
            r"interventions\[0\].name is missing",
        ),
    ],
)
def test_malformed_studies_name_the_field(study, message) -> None:
    with pytest.raises(InputError, match=message):
        trial_from_study(study, where="file.json")


def test_real_studies(shared_dir) -> None:
    studies = json.loads((shared_dir / "ctgov" / "ctg-studies.json").read_text(encoding="utf-8"))
    trials = [trial_from_study(study) for study in studies]
    assert len(trials) == 60
    assert all(trial.inclusion and trial.diseases for trial in trials)
    assert sum(bool(trial.exclusion) for trial in trials) >= 55


def test_other_names_come_along() -> None:
    drug = {"type": "DRUG", "name": "X", "otherNames": ["X-1", " ", "Exx"]}
    trial = trial_from_study(changed("armsInterventionsModule", "interventions", value=[drug]))
    assert trial.drugs[0].other_names == ("X-1", "Exx")


def test_errors_name_the_place_once() -> None:
    with pytest.raises(InputError) as caught:
        trial_from_study(changed("conditionsModule", value=3), where="file.json")
    assert str(caught.value) == "file.json: protocolSection.conditionsModule: 3 is not an object {...}"
