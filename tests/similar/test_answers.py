"""Base rates with their intervals, and what is answered as JSON."""

import datetime as dt
import math

import pytest

from cladmop.similar import BaseRate, PastTrial, Similar


def wilson(successes, trials, z=1.959963984540054):
    """The interval by its formula."""
    rate = successes / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return centre - half, centre + half


@pytest.mark.parametrize(("successes", "trials"), [(0, 3), (3, 3), (7, 20), (900, 1000)])
def test_the_interval_is_wilsons(successes, trials):
    rate = BaseRate.of_counts("asthma", "disease", successes, trials)
    assert rate.rate == successes / trials
    assert (rate.low, rate.high) == pytest.approx(wilson(successes, trials), abs=1e-12)


def test_without_a_trial_the_rate_is_unknown():
    rate = BaseRate.of_counts("XYZ-1", "drug", 0, 0)
    assert (rate.rate, rate.low, rate.high) == (None, None, None)
    assert "unknown" in rate.text()
    assert rate.to_json()["rate"] is None


def test_the_answer_has_the_fields_of_the_contract():
    trial = PastTrial(
        "NCT00000001", "A title", "phase 1", dt.date(2001, 2, 3), None, "stopped", "terminated", 0.5, same_criteria=True
    )
    answer = Similar((trial,), (BaseRate.of_counts("phase I", "phase", 1, 2),), dt.date(2005, 1, 1), 7, "Source.")
    told = answer.to_json()
    assert told["trials"][0] == {
        "nct_id": "NCT00000001",
        "title": "A title",
        "phase": "phase 1",
        "start_date": "2001-02-03",
        "end_date": None,
        "outcome": "stopped",
        "reason": "terminated",
        "similarity": 0.5,
        "same_criteria": True,
        "link": "https://clinicaltrials.gov/study/NCT00000001",
    }
    assert set(told["base_rates"][0]) == {"of", "kind", "successes", "trials", "rate", "low", "high"}
    assert (told["source"], told["left_out"], told["before"]) == ("Source.", 7, "2005-01-01")
    assert "2005-01-01" in told["note"]
    assert "7 are left out" in told["note"]
