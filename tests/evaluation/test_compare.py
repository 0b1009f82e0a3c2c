"""Paired comparisons against the textbook definitions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from cladmop.errors import InputError
from cladmop.evaluation.compare import (
    compare,
    delong,
    detectable_differences,
    detectable_sentence,
    holm,
    minimum_detectable_difference,
    paired_bootstrap,
)


def naive_delong(labels, a, b):
    """The definition of 1988: every pair, the 2 x 2 covariance matrix, the contrast (1, -1)."""
    above, below = [], []
    for scores in (a, b):
        successes = [s for s, label in zip(scores, labels, strict=True) if label]
        failures = [s for s, label in zip(scores, labels, strict=True) if not label]
        kernel = [[1.0 if s > f else 0.5 if s == f else 0.0 for f in failures] for s in successes]
        above.append([sum(row) / len(failures) for row in kernel])
        below.append([sum(column) / len(successes) for column in zip(*kernel, strict=True)])
    covariance = np.cov(above) / len(above[0]) + np.cov(below) / len(below[0])
    contrast = np.array([1.0, -1.0])
    return np.mean(above[0]) - np.mean(above[1]), math.sqrt(max(contrast @ covariance @ contrast, 0))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 25), st.integers(2, 25), st.integers(2, 12))
def test_delong_equals_its_definition(seed, successes, failures, levels):
    generator = np.random.default_rng(seed)
    labels = np.array([1] * successes + [0] * failures)
    a, b = generator.integers(0, levels, (2, len(labels))) / levels
    result = delong(labels, a, b)
    difference, error = naive_delong(labels, a, b)
    assert result.difference.value == pytest.approx(difference, abs=1e-9)
    # The square root turns a rounding of 1e-17 in a zero variance into 1e-8, so variances are compared.
    assert result.standard_error**2 == pytest.approx(error**2, abs=1e-9)
    assert result.auc_a == pytest.approx(roc_auc_score(labels, a), abs=1e-12)


def test_delong_of_identical_and_opposite_scores():
    labels = [0, 1, 0, 1, 1, 0]
    scores = np.array([0.1, 0.9, 0.2, 0.8, 0.15, 0.7])
    same = delong(labels, scores, scores)
    assert (same.z, same.p_value, same.standard_error) == (0.0, 1.0, 0.0)
    perfect = np.array(labels, dtype=float)
    assert delong(labels, perfect, -perfect).p_value == 0.0
    assert delong(labels, scores, perfect).z == -delong(labels, perfect, scores).z


def test_delong_has_its_level_under_the_null():
    generator = np.random.default_rng(0)
    labels = np.array([1] * 110 + [0] * 90)
    found = 0
    for _ in range(400):
        common = 0.5 * labels + generator.normal(size=200)
        a, b = common + generator.normal(size=(2, 200))
        found += delong(labels, a, b).p_value < 0.05
    assert 0.02 < found / 400 < 0.09


def test_delong_agrees_with_the_bootstrap():
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 2, 300)
    a = labels + generator.normal(size=300)
    b = 0.5 * labels + generator.normal(size=300)
    test, resampled = delong(labels, a, b), paired_bootstrap(labels, a, b, n_bootstrap=2000)
    assert resampled.roc_auc.value == pytest.approx(test.difference.value)
    assert resampled.roc_auc.low == pytest.approx(test.difference.low, abs=0.01)
    assert resampled.roc_auc.high == pytest.approx(test.difference.high, abs=0.01)
    assert resampled.roc_auc_p < 0.01
    assert resampled.average_precision.low > 0


def test_bootstrap_of_identical_scores_finds_nothing():
    labels, scores = [0, 1, 0, 1], [0.1, 0.9, 0.6, 0.4]
    result = paired_bootstrap(labels, scores, scores, n_bootstrap=50)
    assert (result.roc_auc.value, result.roc_auc.low, result.roc_auc.high) == (0, 0, 0)
    assert result.roc_auc_p == result.average_precision_p == 1.0


def test_too_few_of_a_class():
    with pytest.raises(InputError, match="1 successes and 2 failures"):
        delong([0, 1, 0], [0.1, 0.2, 0.3], [0.3, 0.2, 0.1])
    with pytest.raises(InputError, match="all 2 labels are 1"):
        paired_bootstrap([1, 1], [0.1, 0.2], [0.3, 0.2])


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    with pytest.raises(InputError, match="p-values"):
        holm([0.5, math.nan])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers(p_values):
    adjusted = holm(p_values)
    assert all(after >= before for before, after in zip(p_values, adjusted, strict=True))
    ranked = [after for _, after in sorted(zip(p_values, adjusted, strict=True))]
    assert ranked == sorted(ranked)


def test_minimum_detectable_difference():
    # Cohen: 2.80 standard errors at 80% power, two-sided 5%.
    assert minimum_detectable_difference(0.01) == pytest.approx(0.02802, abs=1e-5)
    with pytest.raises(InputError, match="standard error -1"):
        minimum_detectable_difference(-1)


def test_compare_names_and_corrects():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 100)
    scores = {name: generator.random(100) for name in ("ours", "words", "length")}
    words, length = compare(labels, scores, "ours", n_bootstrap=50)
    assert (words.name, length.name, words.reference) == ("words", "length", "ours")
    assert words.holm_p >= words.delong.p_value
    assert words.detectable == pytest.approx(2.802 * words.delong.standard_error, rel=1e-3)
    with pytest.raises(InputError, match="'nobody'"):
        compare(labels, scores, "nobody")


def test_draws_are_compared_by_their_mean():
    """Of several draws the mean ROC-AUC is compared; one draw is the plain test, to the bit."""
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 2, 80)
    draws, other = generator.random((4, 80)) + 0.3 * labels, generator.random(80) + 0.2 * labels
    found = delong(labels, draws, other)
    singles = [delong(labels, row, other) for row in draws]
    assert found.difference.value == pytest.approx(np.mean([one.difference.value for one in singles]), abs=1e-12)
    assert found.standard_error < max(one.standard_error for one in singles)
    assert delong(labels, draws[:1], other) == singles[0]
    assert delong(labels, np.stack([draws[0]] * 3), other).p_value == pytest.approx(singles[0].p_value)
    many, one = paired_bootstrap(labels, draws, other, 40), paired_bootstrap(labels, draws[0], other, 40)
    assert paired_bootstrap(labels, draws[:1], other, 40) == one
    expected = np.mean([paired_bootstrap(labels, row, other, 40).average_precision.value for row in draws])
    assert many.average_precision.value == pytest.approx(expected, abs=1e-12)


def test_no_draws_are_refused():
    with pytest.raises(InputError, match="no draws"):
        delong([0, 1, 0, 1], np.empty((0, 4)), [0.1, 0.2, 0.3, 0.4])
    for malformed, message in ([[0.1, 0.2], [0.1]], "not numbers"), (np.zeros((2, 1, 4)), r"shape \(2, 1, 4\)"):
        with pytest.raises(InputError, match=message):
            delong([0, 1, 0, 1], malformed, [0.1, 0.2, 0.3, 0.4])
    with pytest.raises(InputError, match="4 labels but 3 scores"):
        delong([0, 1, 0, 1], np.zeros((2, 3)), [0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("draws", [1, 2, 3, 7, 10])
def test_copies_of_one_draw_are_that_draw(draws):
    """Else a rounding of 1e-17 over an error of 1e-17 would look like a difference."""
    generator = np.random.default_rng(draws)
    labels, scores = generator.integers(0, 2, 61), generator.random((draws, 61))
    copies = np.stack([scores[0]] * draws)
    found = delong(labels, copies, scores[0])
    assert (found.difference.value, found.standard_error, found.p_value) == (0.0, 0.0, 1.0)
    turned = delong(labels, scores, scores[::-1])
    assert (turned.difference.value, turned.p_value) == (0.0, 1.0)
    resampled = paired_bootstrap(labels, copies, scores[0], 30)
    assert (resampled.roc_auc.low, resampled.roc_auc.high, resampled.roc_auc_p) == (0.0, 0.0, 1.0)
    assert (resampled.average_precision.low, resampled.average_precision_p) == (0.0, 1.0)


def test_the_bootstrap_averages_draws_within_a_resample():
    """The mean of three noisy draws swings less over resamples than one draw does."""
    generator = np.random.default_rng(9)
    labels = generator.integers(0, 2, 150)
    draws = 0.5 * labels + generator.normal(size=(8, 150))
    plain = np.zeros(150)
    mean = paired_bootstrap(labels, draws, plain, 300).roc_auc
    test = delong(labels, draws, plain).difference
    single = paired_bootstrap(labels, draws[0], plain, 300).roc_auc
    assert mean.high - mean.low < 0.7 * (single.high - single.low)
    assert (mean.low, mean.high) == pytest.approx((test.low, test.high), abs=0.015)


def test_compare_takes_single_and_repeated_rows_together():
    generator = np.random.default_rng(4)
    labels = generator.integers(0, 2, 90)
    scores = {"words": generator.random(90), "network": generator.random((3, 90)), "draws": generator.random((5, 90))}
    network, draws = compare(labels, scores, "words", n_bootstrap=40, seed=2)
    assert network.delong == delong(labels, scores["network"], scores["words"])
    assert draws.bootstrap == paired_bootstrap(labels, scores["draws"], scores["words"], 40, 2)
    words, _ = compare(labels, scores, "network", n_bootstrap=40, seed=2)
    assert words.delong.difference.value == -network.delong.difference.value
    assert words.bootstrap.roc_auc.value == -network.bootstrap.roc_auc.value


def test_detectable_differences_of_a_table():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 100)
    scores = {"words": generator.random(100), "alike": generator.random(100), "draws": generator.random((4, 100))}
    scores["alike"] = scores["words"] + 0.05 * scores["alike"]
    found = detectable_differences(labels, scores, "words")
    compared = compare(labels, scores, "words", n_bootstrap=5)
    assert found == {one.name: one.detectable for one in compared}
    assert 0 < found["alike"] < found["draws"]
    with pytest.raises(InputError, match="'nobody'"):
        detectable_differences(labels, scores, "nobody")


def test_the_sentence_gives_the_median_and_the_range():
    text = detectable_sentence([0.06, math.nan, 0.02, 0.04, 0.03], 1654, "TF-IDF words")
    assert text.startswith("On these 1,654 trials a true difference in ROC-AUC of .035 from TF-IDF words")
    assert "(median of 4 rows, which range from .020 to .060)" in text
    assert text.endswith("found four times in five at p < .05, uncorrected; a smaller one is easily missed.")
    assert "median" not in detectable_sentence([0.04], 627, "words")
    assert detectable_sentence([], 627, "words") == detectable_sentence([math.nan], 627, "words") == ""


def test_the_difference_called_detectable_is_found_four_times_in_five():
    generator = np.random.default_rng(11)
    labels = np.array([1] * 120 + [0] * 100)

    def pair(gain):
        common = labels + generator.normal(size=220)
        return common + 0.5 * generator.normal(size=220) + gain * labels, common + 0.5 * generator.normal(size=220)

    tests = [delong(labels, *pair(0.3)) for _ in range(300)]
    true = np.mean([test.difference.value for test in tests])
    error = np.mean([test.standard_error for test in tests])
    power = np.mean([test.p_value < 0.05 for test in tests])
    needed = minimum_detectable_difference(error, power=power)
    assert needed == pytest.approx(true, abs=0.3 * error)
