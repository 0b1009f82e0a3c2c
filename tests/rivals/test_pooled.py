"""Pooled states: what is averaged, what is told apart, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from cladmop.errors import CladmopError, InputError
from cladmop.evaluation.metrics import roc_auc
from cladmop.records import Trial
from cladmop.rivals.pooled import PooledStates


@pytest.fixture(scope="module")
def labelled(invented):
    return invented(120)


@pytest.mark.parametrize("levels", ["last", "all"])
def test_it_learns_and_repeats_itself(encode, labelled, levels):
    trials, labels = labelled
    rival = PooledStates(encode, levels)
    scores = rival.fit(trials[:80], labels[:80]).predict_proba(trials)
    assert scores.shape == (120,)
    assert scores.dtype == np.float64
    assert ((scores > 0) & (scores < 1)).all()
    assert roc_auc(labels[80:], scores[80:]) > 0.7
    again = PooledStates(encode, levels).fit(trials[:80], labels[:80])
    np.testing.assert_array_equal(again.predict_proba(trials), scores)
    np.testing.assert_allclose(again.predict_proba(trials[::-1]), scores[::-1], atol=1e-12)
    assert again.predict_proba([]).shape == (0,)


@pytest.mark.parametrize(("levels", "kept"), [("last", slice(3, 4)), ("all", slice(0, 4))])
def test_scores_are_those_of_plain_means(encode, labelled, levels, kept):
    """The mean over all vectors, standardised, by hand."""
    from sklearn.linear_model import LogisticRegression

    trials, labels = labelled
    raw = np.stack([one.criteria[kept].astype(float).mean(axis=1).ravel() for one in encode(trials)])
    features = (raw - raw.mean(axis=0)) / raw.std(axis=0) / np.sqrt(raw.shape[1])
    expected = LogisticRegression(C=2.0, max_iter=5000).fit(features, labels).predict_proba(features)[:, 1]
    found = PooledStates(encode, levels, C=2.0).fit(trials, labels).predict_proba(trials)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_levels_change_the_scores(encode, labelled):
    trials, labels = labelled
    last, every = (PooledStates(encode, levels).fit(trials, labels).predict_proba(trials) for levels in ("last", "all"))
    assert np.abs(last - every).max() > 0.01


def test_absent_criteria_are_told_apart_from_an_average_trial(encode, labelled):
    """Trials without criteria all fail here: they must score low although their states are unknown."""
    trials, labels = labelled
    bare = [Trial(drugs=trial.drugs, diseases=trial.diseases) for trial in trials[:30]]
    rival = PooledStates(encode, C=10).fit([*trials, *bare], [*labels, *np.zeros(30, dtype=int)])
    absent, average = rival.predict_proba([Trial()])[0], rival.predict_proba(trials).mean()
    assert absent < 0.2 < average

    never_seen = PooledStates(encode, C=10).fit(trials, labels)
    assert 0.2 < never_seen.predict_proba([Trial()])[0] < 0.8


def test_names_of_drugs_and_diseases_are_not_read(encode, labelled):
    trials, labels = labelled
    rival = PooledStates(encode).fit(trials, labels)
    nameless = [trial.model_copy(update={"drugs": (), "diseases": ()}) for trial in trials]
    np.testing.assert_array_equal(rival.predict_proba(nameless), rival.predict_proba(trials))


def test_bad_input_is_refused(encode, labelled):
    trials, _ = labelled
    with pytest.raises(InputError, match="'last' or 'all'"):
        PooledStates(encode, "first")
    with pytest.raises(InputError, match="above 0"):
        PooledStates(encode, C=0)
    with pytest.raises(CladmopError, match="'pooled-states' is not fitted"):
        PooledStates(encode).predict_proba(trials)
    with pytest.raises(InputError, match="one class"):
        PooledStates(encode).fit(trials[:2], [1, 1])
    with pytest.raises(InputError, match="none of the 2 training trials has criteria"):
        PooledStates(encode).fit([Trial(), Trial()], [0, 1])


def test_states_of_another_width_are_refused(encode, labelled):
    trials, labels = labelled
    rival = PooledStates(encode).fit(trials, labels)
    rival.encode = lambda some: [replace(one, criteria=one.criteria[:, :, :5]) for one in encode(some)]
    with pytest.raises(InputError, match="5 features, but 12 in training"):
        rival.predict_proba(trials)
