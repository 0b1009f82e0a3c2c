"""Subsets hold what their name says, and trials of which nothing is known are in none of the new ones."""

import math

import numpy as np
import pytest

from cladmop.errors import InputError
from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.metrics import average_precision, roc_auc
from cladmop.evaluation.subsets import LEAST, areas, evaluate_subsets, unseen

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


def test_a_chapter_without_a_title_is_no_silent_gap():
    with pytest.raises(InputError, match="chapter '9' has no title"):
        areas([frozenset({"2", "9"})], {"2": "neoplasms"})


@pytest.fixture(scope="module")
def scored():
    generator = np.random.default_rng(7)
    labels = generator.integers(0, 2, 120)
    return labels, np.clip(0.2 * labels + 0.8 * generator.random((3, 120)), 0, 1)


def test_figures_are_those_of_the_subset_alone(scored):
    labels, draws = scored
    half = np.arange(120) % 2 == 0
    (found,) = evaluate_subsets(labels, draws[0], {"half": half}, n_bootstrap=60, seed=5)
    alone = evaluate(labels[half], draws[0][half], 0.5, n_bootstrap=60, seed=5)
    assert (found.name, found.n, found.successes, found.draws) == ("half", 60, labels[half].sum(), 1)
    assert (found.roc_auc, found.average_precision, found.base_rate) == (
        alone.roc_auc,
        alone.average_precision,
        alone.base_rate,
    )
    assert math.isnan(found.spread)


def test_draws_are_averaged_and_their_spread_is_told_apart(scored):
    labels, draws = scored
    late = np.arange(120) >= 50
    (found,) = evaluate_subsets(labels, draws, {"late": late}, n_bootstrap=60)
    each = [roc_auc(labels[late], row[late]) for row in draws]
    assert found.roc_auc.value == pytest.approx(np.mean(each), abs=1e-12)
    assert found.spread == pytest.approx(np.std(each, ddof=1), abs=1e-12)
    precision = [average_precision(labels[late], row[late]) for row in draws]
    assert found.average_precision.value == pytest.approx(np.mean(precision), abs=1e-12)
    assert found.roc_auc.low < found.roc_auc.value < found.roc_auc.high
    copies = evaluate_subsets(labels, np.stack([draws[0]] * 3), {"late": late}, n_bootstrap=60)[0]
    single = evaluate_subsets(labels, draws[0], {"late": late}, n_bootstrap=60)[0]
    assert (copies.roc_auc, copies.spread) == (single.roc_auc, 0.0)


def test_small_and_one_sided_subsets_are_listed_without_a_figure(scored):
    labels, draws = scored
    some = {
        "just enough": np.arange(120) < LEAST,
        "one too few": np.arange(120) < LEAST - 1,
        "successes": labels == 1,
        "none": np.zeros(120, np.bool_),
    }
    enough, few, successes, none = evaluate_subsets(labels, draws[0], some, n_bootstrap=5)
    assert not math.isnan(enough.roc_auc.value)
    assert [one.n for one in (few, successes, none)] == [LEAST - 1, labels.sum(), 0]
    assert successes.n >= LEAST
    for one in (few, successes, none):
        assert all(math.isnan(x.value) for x in (one.base_rate, one.roc_auc, one.average_precision))
        assert one.roc_auc.text() == "\N{EN DASH}"


@pytest.mark.parametrize("mask", [np.zeros(120, int), np.zeros(119, np.bool_)])
def test_what_is_no_mask_is_refused(scored, mask):
    with pytest.raises(InputError, match="give 120 booleans"):
        evaluate_subsets(*scored, {"odd": mask})
