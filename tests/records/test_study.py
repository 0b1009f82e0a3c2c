"""Registry records become trials and outcomes, or say what is wrong with them."""

import datetime as dt

import pytest

from cladmop.errors import InputError
from cladmop.records import Drug, Intervention, Phase, Study
from cladmop.records.study import parse_date

STUDY = Study(
    nct_id="NCT01234567",
    title="Aspirin in gout",
    study_type="interventional",
    status="terminated",
    why_stopped="slow accrual",
    phase="PHASE1, PHASE2",
    start_date="2003-05",
    completion_date="2005-06-07",
    conditions=("Gout",),
    interventions=(
        Intervention("drug", "Aspirin", ("ASA", "acetylsalicylic acid")),
        Intervention("device", "Splint"),
        Intervention("biological", "Vaccine"),
    ),
    criteria="Inclusion Criteria:\n\n* Gout\n\nExclusion Criteria:\n\n* Pregnancy",
)


def test_trial_holds_what_is_known_before_the_start_and_only_drugs():
    trial = STUDY.trial()
    assert trial.phase is Phase.PHASE_1_2
    assert trial.inclusion == ("Gout",)
    assert trial.exclusion == ("Pregnancy",)
    assert trial.drugs == (Drug(name="Aspirin", other_names=("ASA", "acetylsalicylic acid")), Drug(name="Vaccine"))
    assert trial.start_date == dt.date(2003, 5, 1)
    shown = trial.model_dump_json().lower()
    assert "terminated" not in shown
    assert "accrual" not in shown
    assert "2005" not in shown


def test_outcome_prefers_primary_completion():
    assert STUDY.outcome().completion_date == dt.date(2005, 6, 7)
    later = Study(nct_id="NCT01234567", primary_completion_date="2004-01", completion_date="2005-06-07")
    assert later.ended() == dt.date(2004, 1, 1)
    assert Study(nct_id="NCT01234567").ended() is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"nct_id": "NCT12"}, "nct_id"),
        ({"phase": "phase 9"}, "phase"),
        ({"start_date": "May 2003"}, "start date"),
        ({"interventions": (Intervention("drug", " "),)}, "name"),
    ],
)
def test_errors_name_id_and_field(changes, named):
    broken = Study(**{"nct_id": "NCT01234567", **changes})
    with pytest.raises(InputError, match=named) as caught:
        broken.trial()
    assert str(caught.value).startswith(broken.nct_id)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["2001-13", "2001-02-30", "20010203", "2001", "May 2001"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(InputError, match="is not a date"):
        parse_date(text, "here")
