"""Invented texts: as long as real ones, no two alike."""

import numpy as np
import pytest

from cladmop.errors import MissingArtefactError
from cladmop.speed.texts import ITEMS, invented_items, invented_trials, top_items


def test_lengths_are_those_of_criteria():
    words = np.array([len(item.split()) for item in invented_items(2000)])
    assert 10 <= np.median(words) <= 13
    assert 0.75 <= np.log(words).std() <= 0.95


def test_items_differ_and_a_seed_gives_them_again():
    items = invented_items(500)
    assert len(set(items)) == 500
    assert items == invented_items(500)
    assert not set(items) & set(invented_items(500, seed=1))


def test_trials_have_items_on_both_sides_and_keep_their_drugs():
    trials = invented_trials(12, invented_items(100))
    assert {len(trial.criteria) for trial in trials} == {ITEMS}
    assert all(len(trial.inclusion) == len(trial.exclusion) for trial in trials)
    assert any(trial.drugs for trial in trials)


def test_criteria_of_top_are_drawn(shared_dir):
    items = top_items(shared_dir / "top", 50)
    assert len(set(items)) == 50
    assert items == top_items(shared_dir / "top", 50)


def test_a_folder_without_top_is_refused(tmp_path):
    with pytest.raises(MissingArtefactError):
        top_items(tmp_path, 5)
