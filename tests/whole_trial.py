"""Fixtures of tests that take a score apart: a small fitted model, and a trial with all parts."""

import pytest

from cladmop import Disease, Drug, Phase, Trial, TrialOutcomeClassifier


@pytest.fixture
def model(tiny_model, home):
    return TrialOutcomeClassifier.from_pretrained(tiny_model)


@pytest.fixture
def trial():
    return Trial(
        nct_id="NCT95000001",
        phase=Phase.PHASE_1,
        inclusion=("stable disease at screening", "age 30 years or older", "written informed consent"),
        exclusion=("pregnancy or breast feeding", "active infection"),
        drugs=(Drug(name="aspirin"), Drug(name="inventomab"), Drug(name="Aspirin")),
        diseases=(Disease(name="asthma", icd10=("J45.909",)), Disease(name="gout")),
    )
