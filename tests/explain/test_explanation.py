import json

import numpy as np
import pytest

from cladmop import Trial
from cladmop.errors import InputError
from cladmop.estimator.blend import log_odds
from cladmop.explain import Contribution, Explanation, explain
from cladmop.explain.left_out import Part, leave_out, parts_of
from cladmop.whatif import apply_edits, edit_from_json, what_if


@pytest.fixture
def explanation(model, trial):
    return explain(model, trial)


def test_a_contribution_is_the_score_with_minus_the_score_without(model, trial, explanation):
    (base,) = model.predict_proba([trial])[:, 1]
    assert explanation.probability == pytest.approx(base, abs=1e-6)
    assert [one.part for one in explanation.contributions] == list(parts_of(trial))
    for one in explanation.contributions:
        (without,) = model.predict_proba([leave_out(trial, [one.part])])[:, 1]
        assert one.points == pytest.approx(base - without, abs=1e-5)
        assert one.log_odds == pytest.approx(float(log_odds(base) - log_odds(without)), abs=1e-5)
        assert one.low <= one.points <= one.high
    assert max(abs(one.points) for one in explanation.contributions) > 0.01


def test_it_is_what_the_what_if_says_with_the_sign_turned(model, trial, explanation):
    edits = {
        0: {"do": "remove_criterion", "side": "inclusion", "item": 1},
        4: {"do": "remove_criterion", "side": "exclusion", "item": 2},
        5: {"do": "remove_drug", "name": "aspirin"},
        7: {"do": "remove_disease", "name": "asthma"},
    }
    for place, edit in edits.items():
        asked = what_if(model, trial, apply_edits(trial, [edit_from_json(edit, "edit")]))
        one = explanation.contributions[place]
        assert asked.change.points == pytest.approx(-one.points, abs=1e-5)
        assert (asked.change.low, asked.change.high) == pytest.approx((-one.high, -one.low), abs=1e-5)


def test_the_rest_closes_the_sum_from_base_rate_to_score(explanation):
    added = sum(one.log_odds for one in explanation.contributions)
    start = float(log_odds(explanation.base_rate.rate))
    assert start + added + explanation.rest == pytest.approx(float(log_odds(explanation.probability)), abs=1e-6)


def test_json_has_the_parts_apart(explanation, trial):
    plain = json.loads(json.dumps(explanation.to_json()))
    assert set(plain) == {"probability", "base_rate", "items", "drugs", "diseases", "rest", "summary"}
    assert [(one["side"], one["item"]) for one in plain["items"]] == [
        ("inclusion", 1), ("inclusion", 2), ("inclusion", 3), ("exclusion", 1), ("exclusion", 2),
    ]  # fmt: skip
    figures = {"contribution", "points", "low", "high", "sure"}
    assert set(plain["items"][0]) == {"side", "item", "text", *figures}
    assert set(plain["diseases"][0]) == {"name", *figures}
    assert set(plain["drugs"][0]) == {"name", "drawing", *figures}
    assert [one["name"] for one in plain["drugs"]] == ["aspirin", "inventomab"]
    assert plain["drugs"][0]["drawing"].startswith("<svg")
    assert "atoms in blue" in plain["drugs"][0]["drawing"]
    assert plain["drugs"][1]["drawing"] is None, "an antibody has no structure"


def test_a_drug_of_two_structures_is_drawn_whole(model):
    explained = explain(model, Trial(inclusion=("adult",), drugs=({"name": "aspirin + caffeine"},)))
    drawn = explained.contributions[1].drawing
    assert drawn is not None
    assert "atom-26" in drawn, "13 atoms of aspirin and 14 of caffeine"


def test_a_model_without_networks_draws_without_colours(model, trial):
    model.networks_ = []
    model.blend_ = type(model.blend_)({"words": 1.0}, model.blend_.calibrator, 0.5)
    explained = explain(model, trial)
    drawn = explained.contributions[5].drawing
    assert "<title>aspirin</title>" in drawn
    assert "does not read structures" in explained.summary


@pytest.mark.parametrize(
    "given",
    [
        Trial(inclusion=("stable disease at screening",)),
        Trial(drugs=({"name": "aspirin"},)),
        Trial(diseases=({"name": "gout"},), exclusion=("active infection",)),
    ],
)
def test_sparse_trials_are_explained(model, given):
    explained = explain(model, given)
    assert len(explained.contributions) == len(parts_of(given))
    assert np.isfinite([explained.rest, *(one.log_odds for one in explained.contributions)]).all()


def test_a_model_without_refits_says_so(model, trial):
    model.replicates, model.replicates_ = 0, {}
    with pytest.raises(InputError, match="refits"):
        explain(model, trial)


def contribution(item, points, width=0.01, text="some criterion", kind="inclusion"):
    return Contribution(Part(kind, item, text), 4 * points, points, points - width, points + width)


def explanation_of(trial, *contributions, **changes):
    from cladmop.estimator import BaseRate

    settings = {"network_weight": 0.1, "largest_atom": 0.0, "remarks": (), **changes}
    return Explanation(trial, 0.62, BaseRate("I", 0.57, 1161), contributions, 0.1, **settings)


def test_summary_names_the_largest_sure_contributors_first(trial):
    said = explanation_of(
        trial,
        contribution(1, 0.02, text="a " * 100),
        contribution(2, 0.05),
        contribution(3, 0.005),
        contribution(4, -0.03, kind="exclusion"),
        *(contribution(number, 0.011 + number / 1000) for number in range(5, 8)),
        remarks=("no drug named: scored without molecules",),
    ).summary
    assert "0.62" in said
    assert "1,161 phase I trials" in said
    assert "0.57" in said
    raised = said[said.index("Most raised by") : said.index("Most lowered by")]
    assert raised.index("inclusion 2") < raised.index("inclusion 1 ") < raised.index("inclusion 7")
    assert "inclusion 3" not in said, "its sign is not sure"
    assert "inclusion 5" not in raised, "three at most"
    assert "(+5.0 points, 90% interval +4.0 to +6.0)" in raised
    assert 'exclusion 4 "some criterion" (-3.0 points' in said
    assert "a a ..." in said
    assert "a " * 40 not in said
    assert "6 of its 7 parts have a sure sign, where about 0.7 would by chance alone." in said
    assert "No drug named: scored without molecules." in said
    assert said.endswith("not causes.")


def test_summary_where_nothing_is_sure(trial):
    several = explanation_of(trial, contribution(1, 0.001), contribution(2, -0.002)).summary
    assert "None of its 2 parts is sure to move the score" in several
    assert "Most" not in several
    assert "Its only part is not sure to" in explanation_of(trial, contribution(1, 0.001)).summary


def test_summary_says_how_much_structures_count(trial):
    drug = contribution(1, 0.02, text="aspirin", kind="drug")
    said = explanation_of(trial, drug, largest_atom=0.0123).summary
    assert "the drug aspirin (+2.0 points" in said
    assert "a share of 0.10 of the blend" in said
    assert "0.012" in said
    assert "Structures" not in explanation_of(trial, contribution(1, 0.02), largest_atom=0.0).summary
