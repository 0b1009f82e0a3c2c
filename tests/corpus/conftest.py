"""A registry with one record for each fate."""

import pytest

from cladmop.records import Intervention, Study
from invented_registry import NEW_DRUG, study


@pytest.fixture(scope="session")
def registry() -> list[Study]:
    """One record for each fate."""
    return [
        study(1),
        study(2, interventions=(NEW_DRUG,)),
        study(3, interventions=(NEW_DRUG,), phase="PHASE3", start_date="2007-01", status="recruiting"),
        study(4, interventions=(Intervention("drug", "ABC-12345"),)),
        study(5, status="terminated", why_stopped="Slow accrual"),
        study(6, status="withdrawn"),
        study(7, study_type="observational"),
        study(8, study_type="expanded access"),
        study(9, phase="PHASE4"),
        study(10, interventions=(Intervention("device", "Splint"),)),
        study(11, criteria=""),
        study(12, status="unknown"),
        study(13, primary_completion_date="2015-01-01"),
        study(14, primary_completion_date="", verified_date="2016-05"),
        study(15, primary_completion_date="", verified_date="2004-05"),
        study(16, phase="PHASE9"),
        study(17, interventions=(Intervention("drug", "Surgery"),)),
        study(18, phase="PHASE1, PHASE2", conditions=("No such ailment",), condition_terms=("Asthma",)),
        study(19, interventions=(Intervention("biological", "Trastuzumab"),), phase="PHASE3"),
        study(20, start_date="spring of 2003"),
    ]
