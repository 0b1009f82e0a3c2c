import json

import numpy as np
import pytest

from cladmop import Trial
from cladmop.errors import InputError
from cladmop.estimator.scores import Scores
from cladmop.explain import explain
from cladmop.whatif import Asked, apply_edits, rank_removals, what_if, what_ifs
from cladmop.whatif.edits import AddCriterion, RemoveCriterion
from cladmop.whatif.ranking import _holm


def test_before_after_and_change_agree_with_predict(model, trial):
    edits = [RemoveCriterion("inclusion", 1), AddCriterion("inclusion", "refractory disease at screening")]
    edited = apply_edits(trial, edits)
    answer = what_if(model, trial, edited, edits)
    before, after = model.predict_trials([trial, edited])
    assert answer.before.probability == pytest.approx(before.probability, abs=1e-6)
    assert answer.after.probability == pytest.approx(after.probability, abs=1e-6)
    assert (answer.after.low, answer.after.high) == pytest.approx((after.interval.low, after.interval.high), abs=1e-6)
    assert answer.change.points == pytest.approx(after.probability - before.probability, abs=1e-6)
    assert answer.change.points < 0, "refractory disease fails in the invented trials"
    assert answer.change.low <= answer.change.points <= answer.change.high


def test_json_and_words(model, trial):
    edited = apply_edits(trial, [RemoveCriterion("exclusion", 2)])
    plain = json.loads(json.dumps(what_if(model, trial, edited).to_json()))
    assert set(plain["before"]) == set(plain["after"]) == {"probability", "low", "high"}
    assert set(plain["change"]) == {"points", "low", "high", "log_odds", "sure"}
    assert plain["changed"] == ['exclusion 2 removed: "active infection"']
    assert "not a cause" in plain["note"]


def test_nothing_changed_moves_nothing(model, trial):
    answer = what_if(model, trial, trial)
    assert answer.changed == ()
    change = answer.change
    assert (change.points, change.low, change.high, change.log_odds) == (0, 0, 0, 0)
    assert not change.sure, "rounding is no difference"


def test_removals_are_ranked_by_their_rise(model, trial):
    ranking = rank_removals(model, trial)
    points = [removal.points for removal in ranking.removals]
    assert points == sorted(points, reverse=True)
    assert {(one.side, one.item, one.text) for one in ranking.removals} == {
        *(("inclusion", number, text) for number, text in enumerate(trial.inclusion, start=1)),
        *(("exclusion", number, text) for number, text in enumerate(trial.exclusion, start=1)),
    }
    contributions = {(one.part.kind, one.part.item): one.points for one in explain(model, trial).contributions}
    for one in ranking.removals:
        assert one.points == pytest.approx(-contributions[one.side, one.item], abs=1e-6)
    plain = json.loads(json.dumps(ranking.to_json()))
    assert plain["before"]["probability"] == pytest.approx(model.predict_proba([trial])[0, 1], abs=1e-6)
    assert set(plain["removals"][0]) == {"side", "item", "text", "points", "low", "high", "sure"}
    assert plain["note"].startswith("5 removals were tried")
    assert "Holm" in plain["note"]


def test_a_trial_without_criteria_has_nothing_to_rank(model):
    with pytest.raises(InputError, match="no criteria"):
        rank_removals(model, Trial(drugs=({"name": "aspirin"},)))


def test_marks_stand_after_holms_correction():
    """One clear change stands among many of noise, some of which a single interval would call sure."""
    random = np.random.default_rng(4)
    rows, refits = 60, 20
    change = np.zeros(rows + 1)
    noise = random.normal(scale=0.1, size=(refits, rows + 1))
    noise[:, 0] = 0
    change[1:] = random.normal(scale=0.1, size=rows)
    change[7] = 1.0
    scores = Scores(change, change + noise)
    alone = {row for row in range(1, rows + 1) if scores.change(row, 0).sure}
    assert len(alone) > 2
    assert _holm(scores, range(1, rows + 1)) == {7}


def test_holm_steps_down():
    """The second of two removals is held to the level of one, the first to that of two."""
    random = np.random.default_rng(0)
    noise = random.normal(size=(20, 1)) * np.array([0.0, 0.1, 0.1])
    deviation = noise[:, 1].std(ddof=1)
    # Student's t with 19 degrees of freedom: 1.729 at 90%, 2.093 at 95%.
    for second, expected in ((1.9, {1, 2}), (1.6, {1})):
        shift = np.array([0.0, 2.3, second]) * deviation
        assert _holm(Scores(shift, shift + noise), [1, 2]) == expected
    shift = np.array([0.0, 2.0, 1.9]) * deviation
    assert _holm(Scores(shift, shift + noise), [1, 2]) == set()


def test_questions_asked_together_are_answered_as_each_alone(model, trial, monkeypatch):
    first = apply_edits(trial, [RemoveCriterion("inclusion", 1)])
    edits = [AddCriterion("exclusion", "pregnancy")]
    calls = []
    score_trials = model.score_trials
    monkeypatch.setattr(model, "score_trials", lambda trials: calls.append(len(trials)) or score_trials(trials))
    asked = [Asked(trial, first), Asked(first, trial), Asked(trial, apply_edits(trial, edits), edits)]
    together = what_ifs(model, asked)
    assert calls == [6]
    for one, answer in zip(asked, together, strict=True):
        alone = what_if(model, one.trial, one.edited, one.edits)
        assert answer.changed == alone.changed
        assert answer.before.probability == pytest.approx(alone.before.probability, abs=1e-6)
        assert (answer.change.points, answer.change.low) == pytest.approx(
            (alone.change.points, alone.change.low), abs=1e-6
        )
    assert together[0].change.points == pytest.approx(-together[1].change.points, abs=1e-9)
    assert together[0].change.points != pytest.approx(together[2].change.points, abs=1e-6)
    assert what_ifs(model, []) == []
