"""MAML and ANIL behind the rivals' door, and few-shot draws for any rival."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from cladmop.errors import CladmopError, InputError
from cladmop.evaluation.metrics import roc_auc
from cladmop.rivals.few_shot import FewShot
from cladmop.rivals.meta import Anil, Maml, MetaSettings, draw_shots
from cladmop.rivals.tfidf import TextModel, TextSettings

QUICK = MetaSettings(hidden=16, inner_steps=2, outer_steps=30, outer_rate=1e-2, tasks_per_step=4)


@pytest.fixture(scope="module")
def others(invented):
    return invented(160, seed=1)


@pytest.fixture(scope="module", params=[Maml, Anil], ids=["maml", "anil"])
def learned(request, encode, others):
    return request.param(encode, others, settings=QUICK).meta_learn()


def test_what_other_phases_teach_serves_a_few_trials(learned, encode, others, invented):
    trials, labels = invented(80, seed=2)
    rows = draw_shots(labels, 4, 0, 0)
    few = [trials[row] for row in rows], labels[rows]
    scores = copy.copy(learned).fit(*few).predict_proba(trials)
    assert scores.shape == (80,)
    assert scores.dtype == np.float64
    assert ((scores >= 0) & (scores <= 1)).all()
    untaught = type(learned)(encode, others, settings=replace(QUICK, outer_steps=0)).fit(*few).predict_proba(trials)
    assert roc_auc(labels, scores) > max(0.75, roc_auc(labels, untaught) + 0.05)
    assert len(copy.copy(learned).fit(*few).predict_proba([])) == 0


@pytest.mark.parametrize("rival", [Maml, Anil])
def test_labels_of_other_phases_teach_even_without_steps(rival, encode, others, invented):
    trials, labels = invented(80, seed=2)
    still = replace(QUICK, inner_rate=1e-9)
    scores = rival(encode, others, settings=still).fit(trials[:10], labels[:10]).predict_proba(trials)
    assert roc_auc(labels, scores) > 0.75


def test_equal_seeds_score_alike_and_others_do_not(learned, encode, others, invented):
    trials, labels = invented(40, seed=3)
    expected = copy.copy(learned).fit(trials, labels).predict_proba(trials)
    again = type(learned)(encode, others, settings=QUICK).fit(trials, labels).predict_proba(trials)
    np.testing.assert_array_equal(again, expected)
    other = type(learned)(encode, others, settings=QUICK, seed=1).fit(trials, labels).predict_proba(trials)
    assert (other != expected).any()


def test_a_copy_shares_what_was_learned_and_adapts_from_the_same_start(learned, invented):
    trials, labels = invented(40, seed=3)
    first = copy.copy(learned).fit(trials, labels)
    scores = first.predict_proba(trials)
    copy.copy(learned).fit(trials, 1 - labels)
    np.testing.assert_array_equal(first.predict_proba(trials), scores)
    np.testing.assert_array_equal(first.fit(trials, 1 - labels).fit(trials, labels).predict_proba(trials), scores)
    assert (copy.copy(learned).fit(trials, 1 - labels).predict_proba(trials) != scores).all(), "labels are used"


def test_the_two_are_not_the_same(encode, others, invented):
    trials, labels = invented(40, seed=3)
    untaught = replace(QUICK, outer_steps=0)
    maml, anil = (rival(encode, others, settings=untaught).fit(trials, labels) for rival in (Maml, Anil))
    assert (maml.predict_proba(trials) != anil.predict_proba(trials)).any()


def test_unfitted_and_unfittable(encode, others, invented, learned):
    trials = invented(10)[0]
    with pytest.raises(CladmopError, match=f"'{learned.kind}' is not fitted"):
        learned.predict_proba(trials)
    with pytest.raises(InputError, match="one class"):
        learned.fit(trials, np.ones(10))
    with pytest.raises(InputError, match=f"{learned.kind}, trials of other phases to meta-learn on: 0 trials"):
        type(learned)(encode, ([], []))
    few = type(learned)(encode, (others[0][:12], others[1][:12]), settings=QUICK)
    with pytest.raises(InputError, match="make no task"):
        few.meta_learn()


@pytest.mark.parametrize("field", ["shots", "inner_steps", "inner_rate", "outer_rate", "hidden"])
def test_settings_have_ranges(field):
    with pytest.raises(InputError, match=f"MetaSettings.{field} is 0"):
        MetaSettings(**{field: 0})


def test_few_shot_fits_any_rival_on_the_drawn_trials(invented):
    trials, labels = invented(60)
    make = lambda: TextModel(TextSettings.words(min_df=1))  # noqa: E731 (a maker is a function)
    rival = FewShot(make, k=5, draw=2, seed=3)
    with pytest.raises(CladmopError, match="'few-shot' is not fitted"):
        rival.predict_proba(trials)
    rows = draw_shots(labels, 5, 2, 3)
    expected = make().fit([trials[row] for row in rows], labels[rows]).predict_proba(trials)
    np.testing.assert_array_equal(rival.fit(trials, labels).predict_proba(trials), expected)
    other = FewShot(make, k=5, draw=1, seed=3).fit(trials, labels).predict_proba(trials)
    assert (other != expected).any()
    with pytest.raises(InputError, match="k = 31: give 1 to"):
        FewShot(make, k=31).fit(trials, labels)
