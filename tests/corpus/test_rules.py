"""The rules: which records enter, and what makes a trial successful."""

from dataclasses import replace

import pytest

from cladmop.corpus.approvals import Approvals
from cladmop.corpus.rules import Drop, Progress, Rule, active, ended_before, screen, span, successes
from cladmop.drugs.kinds import DrugKind
from cladmop.drugs.resolve import Resolution
from cladmop.errors import InputError
from cladmop.records import Intervention, Study

STUDY = Study(
    nct_id="NCT01234567",
    study_type="interventional",
    status="completed",
    phase="Phase 2",
    start_date="2003-05",
    completion_date="2005-06-07",
    conditions=("Gout",),
    interventions=(Intervention("drug", "Aspirin"),),
    criteria="Gout",
)


def drug(name: str, key: str | None = None, kind: DrugKind = DrugKind.SMALL_MOLECULE) -> Resolution:
    return Resolution(name, name, kind, "C" if key else None, key, "dictionary", 1.0)


OLD, NEW, OTHER = drug("old", "AAAAAAAAAAAAAA-X-N"), drug("new", "BBBBBBBBBBBBBB-X-N"), drug("Other")
APPROVALS = Approvals(frozenset({"AAAAAAAAAAAAAA"}), frozenset({"somatropin"}), "test", "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"status": "terminated"}, None),
        ({"status": "withdrawn"}, None),
        ({"study_type": "expanded access"}, Drop.EXPANDED_ACCESS),
        ({"study_type": "observational"}, Drop.NOT_INTERVENTIONAL),
        ({"study_type": ""}, Drop.NOT_INTERVENTIONAL),
        ({"phase": "Phase 4"}, Drop.OTHER_PHASE),
        ({"phase": ""}, Drop.OTHER_PHASE),
        ({"phase": "Phase 1/Phase 2"}, None),
        ({"phase": "Early Phase 1"}, None),
        ({"interventions": (Intervention("device", "Stent"),)}, Drop.NO_DRUG),
        ({"interventions": ()}, Drop.NO_DRUG),
        ({"criteria": " \n - "}, Drop.NO_CRITERIA),
        ({"status": "unknown"}, Drop.NOT_FINISHED),
        ({"status": "recruiting"}, Drop.NOT_FINISHED),
        ({"status": ""}, Drop.NOT_FINISHED),
    ],
)
def test_what_a_record_says_itself(changes, reason):
    assert screen(replace(STUDY, **changes)) is reason


def test_an_unknown_phase_is_an_error():
    with pytest.raises(InputError, match="phase 9"):
        screen(replace(STUDY, phase="phase 9"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"completion_date": "2014-01-01"}, Drop.AFTER_CUTOFF),
        ({"completion_date": "2013-12-31"}, None),
        ({"completion_date": "2015-01", "primary_completion_date": "2013-11"}, None),
        ({"completion_date": ""}, Drop.NO_END),
        ({"completion_date": "", "verified_date": "2013-12"}, None),
        ({"completion_date": "", "verified_date": "2014-01"}, Drop.NO_END),
        ({"completion_date": "", "version": "2012-03-04"}, None),
        ({"completion_date": "", "verified_date": "2016-01", "version": "2012-03-04"}, Drop.NO_END),
    ],
)
def test_a_trial_must_have_ended_before_the_cutoff(changes, reason):
    assert ended_before(replace(STUDY, **changes), "2014-01-01") is reason


def test_active_drugs_and_their_identity():
    placebo, scan = drug("placebo", kind=DrugKind.PLACEBO), drug("mri", kind=DrugKind.PROCEDURE)
    biologic = drug("Nivolumab", kind=DrugKind.BIOLOGIC)
    assert active([placebo, OLD, scan, biologic]) == (OLD, biologic)
    assert OLD.identity == "AAAAAAAAAAAAAA"
    assert biologic.identity == "nivolumab"


def test_success_by_market_needs_every_active_drug():
    assert successes([OLD], ["M10"], STUDY, APPROVALS, Progress()) == (Rule.MARKET,)
    assert successes([OLD, NEW], ["M10"], STUDY, APPROVALS, Progress()) == ()
    assert successes([], ["M10"], STUDY, APPROVALS, Progress()) == ()
    named = drug("somatropin", kind=DrugKind.BIOLOGIC)
    assert successes([named], ["E23"], STUDY, APPROVALS, Progress()) == (Rule.MARKET,)
    assert successes([drug("xyz", kind=DrugKind.UNMAPPED)], ["E23"], STUDY, APPROVALS, Progress()) == ()


@pytest.mark.parametrize(
    ("disease", "first_phase", "start", "rules"),
    [
        ("M10", 3, "2006-01", (Rule.PROGRESSION,)),
        ("M10", 2, "2006-01", ()),
        ("M10", 3, "2002-01", ()),
        ("J45", 3, "2006-01", ()),
        ("M10", 4, "2006-01", (Rule.PROGRESSION,)),
    ],
)
def test_success_by_progression_needs_same_disease_later_and_beyond(disease, first_phase, start, rules):
    progress = Progress()
    progress.note([NEW.identity], [disease], first_phase, start)
    assert successes([NEW], ["M10"], STUDY, APPROVALS, progress) == rules


def test_progression_with_approved_and_unknown_company():
    progress = Progress()
    progress.note([NEW.identity], ["M10"], 3, "2006-01")
    assert successes([NEW, OLD], ["M10"], STUDY, APPROVALS, progress) == (Rule.PROGRESSION,)
    assert successes([NEW, OTHER], ["M10"], STUDY, APPROVALS, progress) == ()
    assert successes([NEW], ["M10"], replace(STUDY, start_date=""), APPROVALS, progress) == ()
    both = replace(STUDY, phase="Phase 2/Phase 3")
    assert successes([NEW], ["M10"], both, APPROVALS, progress) == ()


def test_span_of_joint_phases():
    assert span(replace(STUDY, phase="PHASE1, PHASE2")) == (1, 2)
    assert span(replace(STUDY, phase="Phase 2/Phase 3")) == (2, 3)
    assert span(replace(STUDY, phase="")) == (0, 0)
