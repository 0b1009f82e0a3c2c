import numpy as np
import pytest

from cladmop import Disease, Trial
from cladmop.estimator.scores import Scores
from cladmop.explain import left_out
from cladmop.explain.left_out import Part, chunks, criteria_of, difference, leave_out, parts_of, score_variants


def test_parts_are_numbered_by_kind_and_names_are_met_once(trial):
    found = [(part.kind, part.item, part.text) for part in parts_of(trial)]
    assert found[:5] == [
        ("inclusion", 1, "stable disease at screening"),
        ("inclusion", 2, "age 30 years or older"),
        ("inclusion", 3, "written informed consent"),
        ("exclusion", 1, "pregnancy or breast feeding"),
        ("exclusion", 2, "active infection"),
    ]
    assert found[5:] == [
        ("drug", 1, "aspirin"), ("drug", 2, "inventomab"), ("disease", 1, "asthma"), ("disease", 2, "gout"),
    ]  # fmt: skip


def test_leaving_out_takes_the_part_and_nothing_else(trial):
    assert leave_out(trial, []) == trial
    without = leave_out(trial, [Part("inclusion", 2, ""), Part("exclusion", 1, "")])
    assert without.inclusion == (trial.inclusion[0], trial.inclusion[2])
    assert without.exclusion == (trial.exclusion[1],)
    assert (without.drugs, without.diseases) == (trial.drugs, trial.diseases)
    assert [drug.name for drug in leave_out(trial, [Part("drug", 1, "ASPIRIN ")]).drugs] == ["inventomab"]
    assert leave_out(trial, [Part("disease", 1, "asthma")]).diseases == trial.diseases[1:]


def test_equal_criteria_are_told_apart_by_number():
    trial = Trial(inclusion=("adult", "other", "adult"))
    assert leave_out(trial, [Part("inclusion", 3, "adult")]).inclusion == ("adult", "other")


def test_codes_of_no_disease_go_with_the_last_one():
    trial = Trial(diseases=(Disease(name="gout"), Disease(name="asthma")), icd10=("M10.9",))
    gout, asthma = parts_of(trial)
    assert leave_out(trial, [gout]).icd10 == ("M10.9",)
    assert leave_out(trial, [gout, asthma]).icd10 == ()
    assert leave_out(Trial(inclusion=("a",), icd10=("M10.9",)), []).icd10 == ("M10.9",)


def test_chunks_hold_all_trials_in_order_and_are_bounded(monkeypatch, trial):
    monkeypatch.setattr(left_out, "_ITEMS_AT_ONCE", 11)
    cut = list(chunks([trial] * 5))
    assert [len(chunk) for chunk in cut] == [2, 2, 1]
    monkeypatch.setattr(left_out, "_ITEMS_AT_ONCE", 1)
    assert [len(chunk) for chunk in chunks([trial] * 2)] == [1, 1], "a trial that is too large goes alone"


def test_scores_in_chunks_are_those_of_one_call(model, trial, monkeypatch):
    variants = [trial, *(leave_out(trial, [part]) for part in criteria_of(trial))]
    whole = model.score_trials(variants)
    monkeypatch.setattr(left_out, "_ITEMS_AT_ONCE", 10)
    scored = score_variants(model, variants)
    assert scored.log_odds == pytest.approx(whole.log_odds, abs=1e-6)
    assert np.allclose(scored.replicates, whole.replicates, atol=1e-6)
    assert score_variants(model, []).log_odds.shape == (0,)


def test_rounding_is_no_difference_and_less_than_a_point_is():
    rows = np.array([0.0, 1e-7, 1e-3])
    scores = Scores(rows, rows + np.array([[0, 0, 0], [0, 1e-8, 1e-4], [0, 0, -1e-4]]))
    none, some = difference(scores, 1, 0), difference(scores, 2, 0)
    assert (none.log_odds, none.points, none.low, none.high) == (0, 0, 0, 0)
    assert some == scores.change(2, 0)
    assert some.points == pytest.approx(0.00025, rel=1e-3)
    assert difference(scores, 2, 0, level=0.99).low < some.low


def test_a_refit_that_differs_keeps_its_interval():
    """No difference in the model, but in its refits: that is not nothing."""
    scores = Scores(np.zeros(2), np.array([[0, 0.5], [0, -0.5]]))
    assert difference(scores, 1, 0).high > 0.1
