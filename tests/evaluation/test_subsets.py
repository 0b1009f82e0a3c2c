"""Subsets hold what their name says, and trials of which nothing is known are in none of the new ones."""

import numpy as np

from cladmop.evaluation.subsets import areas, unseen

TRAIN = [frozenset({"a", "b"}), frozenset({"c"}), frozenset()]
SCORED = [frozenset({"a", "b"}), frozenset({"a"}), frozenset({"a", "x"}), frozenset({"x", "y"}), frozenset()]


def test_new_combinations_and_new_parts():
    found = unseen("drugs", TRAIN, SCORED)
    assert found["new drugs: combination"].tolist() == [False, True, True, True, False]
    assert found["new drugs: every one"].tolist() == [False, False, False, True, False]


def test_everything_is_new_without_training_trials():
    found = unseen("diseases", [], SCORED)
    assert found["new diseases: every one"].tolist() == [True, True, True, True, False]


def test_areas_overlap_and_are_ranked():
    chapters = [frozenset({"2"}), frozenset({"2", "9"}), frozenset(), frozenset({"2"})]
    found = areas(chapters, {"1": "infections", "2": "neoplasms", "9": "circulatory"})
    assert list(found) == ["neoplasms", "circulatory", "no disease code"]
    assert found["neoplasms"].tolist() == [True, True, False, True]
    assert found["circulatory"].tolist() == [False, True, False, False]
    assert found["no disease code"].tolist() == [False, False, True, False]
    assert all(mask.dtype == np.bool_ for mask in found.values())
