"""The look-up counts the trials it should, and never a trial's own label."""

from types import SimpleNamespace

import numpy as np
import pytest

from cladmop.errors import CladmopError, InputError
from cladmop.records import Trial
from cladmop.rivals.history import PRIOR, History


def encode(trials):
    """Identities as the titles of trials state them: ``a|b;J;K`` has drugs a, b and categories J, K."""
    pairs = [trial.title.partition(";") for trial in trials]
    return [SimpleNamespace(drug_set=drugs, disease_set=diseases) for drugs, _, diseases in pairs]


def make(*titles):
    return [Trial(title=title) for title in titles]


def random_trials(count, seed):
    random = np.random.default_rng(seed)

    def some(names):
        return sorted(name for name in names if random.random() < 0.4)

    titles = [";".join(["|".join(some("abcdef")), *some("JKLMN")]) for _ in range(count)]
    return make(*titles), random.integers(0, 2, count)


def brute_force(trials, labels, past, own):
    """Columns of each trial by comparing it with each past trial."""
    rate = labels.mean()
    rows = []
    for number, trial in enumerate(trials):
        row = []
        for split, place in (("|", 0), (";", 2)):
            parts = set(filter(None, trial.title.partition(";")[place].split(split)))
            akin = [
                label
                for other, (one, label) in enumerate(zip(past, labels, strict=True))
                if parts & set(one.title.partition(";")[place].split(split)) and not (own and other == number)
            ]
            smoothed = (sum(akin) + PRIOR * rate) / (len(akin) + PRIOR)
            row += [np.log(smoothed / (1 - smoothed)) - np.log(rate / (1 - rate)), np.log1p(len(akin))]
        rows.append(row)
    return np.array(rows)


def test_scores_equal_a_regression_on_counts_by_hand():
    from sklearn.linear_model import LogisticRegression

    past, labels = random_trials(60, seed=1)
    new, _ = random_trials(30, seed=2)
    columns, new_columns = brute_force(past, labels, past, own=True), brute_force(new, labels, past, own=False)
    akin, new_akin = (each[:, [1, 3]].any(axis=1) for each in (columns, new_columns))
    expected = np.full(len(new), labels.mean())
    model = LogisticRegression().fit(columns[akin], labels[akin])
    expected[new_akin] = model.predict_proba(new_columns[new_akin])[:, 1]
    scores = History(encode).fit(past, labels).predict_proba(new)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, expected)


def test_past_successes_raise_a_score_and_no_history_scores_the_base_rate():
    past = make(*["good;J"] * 10, *["bad;K"] * 12)
    labels = [1] * 9 + [0] + [0] * 10 + [1] * 2
    good, bad, good_drug, unknown, bare = (
        History(encode).fit(past, labels).predict_proba(make("good;J", "bad;K", "good;Z", "new;Z", ";"))
    )
    assert good > good_drug > 0.5 > bad
    assert unknown == bare == 11 / 22


def test_trials_that_share_nothing_all_score_the_base_rate():
    rival = History(encode).fit(make("a;J", "b;K", "c;L"), [1, 0, 0])
    np.testing.assert_array_equal(rival.predict_proba(make("a;J", "z;Z")), [1 / 3, 1 / 3])


def test_on_encoded_trials(encode, invented):
    trials, labels = invented(60)
    scores = History(encode).fit(trials, labels).predict_proba(trials)
    assert ((scores > 0) & (scores < 1)).all()
    assert len(set(scores.tolist())) > 5


def test_what_it_refuses():
    with pytest.raises(CladmopError, match="'history' is not fitted"):
        History(encode).predict_proba(make("a;J"))
    with pytest.raises(InputError, match="one class"):
        History(encode).fit(make("a;J", "b;J"), [1, 1])
    assert History(encode).fit(make("a;J", "a;K"), [1, 0]).predict_proba([]).shape == (0,)
