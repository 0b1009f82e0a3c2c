"""Our figures against scikit-learn, torchmetrics and the definitions written out, ordinary and degenerate input alike.

Where the others and we differ on purpose, the test says who says what. torchmetrics is fed float64, for float32 merges
scores that differ, and is kept from dividing its counts in float32.
"""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning
from torchmetrics.functional import mean_squared_error
from torchmetrics.functional.classification import (
    binary_auroc,
    binary_average_precision,
    binary_calibration_error,
    binary_f1_score,
)

from cladmop.errors import InputError
from cladmop.evaluation import metrics
from cladmop.evaluation.compare import delong

TIGHT = 1e-9
LEVELS = [0.0, 1e-12, 0.1, 0.25, 0.5, 0.5 + 1e-12, 0.9, 1.0]
SCORES = st.one_of(st.sampled_from(LEVELS), st.floats(0, 1))
ROWS = st.lists(st.tuples(st.integers(0, 1), SCORES), min_size=1, max_size=40)
BOTH = ROWS.filter(lambda rows: len({label for label, _ in rows}) == 2)
DEGENERATE = {
    "two trials, right": ([0, 1], [0.2, 0.8]),
    "two trials, wrong": ([1, 0], [0.2, 0.8]),
    "two trials, tied": ([1, 0], [0.5, 0.5]),
    "constant": ([1, 0, 1, 1, 0], [0.3] * 5),
    "constant at 0": ([1, 0, 1], [0.0] * 3),
    "constant at 1": ([1, 0, 1], [1.0] * 3),
    "certain and right": ([1, 0, 1, 0], [1.0, 0.0, 1.0, 0.0]),
    "certain and wrong": ([1, 0, 1, 0], [0.0, 1.0, 0.0, 1.0]),
    "two levels": ([1, 0, 1, 0, 0], [1.0, 1.0, 0.0, 0.0, 1.0]),
}
degenerate = pytest.mark.parametrize(("labels", "scores"), DEGENERATE.values(), ids=DEGENERATE.keys())


@pytest.fixture(scope="module", autouse=True)
def double_precision():
    """torchmetrics turns counts into ratios by ``Tensor.float()`` and in the default type, whatever it is fed."""
    usual = torch.get_default_dtype()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "float", torch.Tensor.double)
        torch.set_default_dtype(torch.float64)
        yield
    torch.set_default_dtype(usual)


def columns(rows):
    return np.array([label for label, _ in rows]), np.array([score for _, score in rows])


def tensors(labels, scores):
    return torch.tensor(np.asarray(scores), dtype=torch.float64), torch.tensor(np.asarray(labels))


def called_alike(scores, threshold):
    """torchmetrics calls a success above the threshold, we from it on: no score may lie on it."""
    return not np.isin(threshold, scores)


def agree(labels, scores, threshold):
    """Assert that every metric with a value on both sides is the same on both."""
    labels, scores = np.asarray(labels), np.asarray(scores)
    preds, target = tensors(labels, scores)
    ours = metrics.roc_auc(labels, scores)
    assert ours == pytest.approx(sk.roc_auc_score(labels, scores), abs=TIGHT)
    assert ours == pytest.approx(pairs_in_order(labels, scores), abs=TIGHT)
    assert ours == pytest.approx(float(binary_auroc(preds, target)), abs=TIGHT)
    ours = metrics.average_precision(labels, scores)
    assert ours == pytest.approx(sk.average_precision_score(labels, scores), abs=TIGHT)
    assert ours == pytest.approx(precision_by_recall(labels, scores), abs=TIGHT)
    assert ours == pytest.approx(float(binary_average_precision(preds, target)), abs=TIGHT)
    ours = metrics.f1(labels, scores, threshold)
    assert ours == pytest.approx(sk.f1_score(labels, scores >= threshold, zero_division=0.0), abs=TIGHT)
    if called_alike(scores, threshold):
        assert ours == pytest.approx(float(binary_f1_score(preds, target, threshold)), abs=TIGHT)
    ours = metrics.brier(labels, scores)
    assert ours == pytest.approx(sk.brier_score_loss(labels, scores), abs=TIGHT)
    assert ours == pytest.approx(float(mean_squared_error(preds, target.double())), abs=TIGHT)
    assert metrics.log_loss(labels, scores) == pytest.approx(sk.log_loss(labels, scores, labels=[0, 1]), abs=TIGHT)
    assert metrics.ece(labels, scores) == pytest.approx(naive_ece(labels, scores, metrics.ECE_BINS), abs=TIGHT)


def pairs_in_order(labels, scores):
    """The definition: the share of pairs of a success and a failure in order, a tie one half."""
    kernel = [(s > f) + 0.5 * (s == f) for s in scores[labels == 1] for f in scores[labels == 0]]
    return math.fsum(kernel) / len(kernel)


def precision_by_recall(labels, scores):
    """The definition: precision at each distinct score, weighted by the recall gained there."""
    total, before = 0.0, 0
    for cut in sorted(set(scores.tolist()), reverse=True):
        called = labels[scores >= cut]
        total += called.mean() * (called.sum() - before) / labels.sum()
        before = called.sum()
    return total


def naive_ece(labels, scores, bins):
    """Equal-mass bins trial by trial: edge k is the smallest score with at least k / bins of all at or below it."""
    ranked, n = sorted(scores.tolist()), len(scores)
    # In whole numbers: k / bins in floating point may call for one trial more than it should.
    edges = sorted({ranked[max(-(-k * n // bins), 1) - 1] for k in range(1, bins)})
    members = {}
    for label, score in zip(labels.tolist(), scores.tolist(), strict=True):
        members.setdefault(sum(edge < score for edge in edges), []).append((score, label))
    gaps = [abs(math.fsum(score - label for score, label in one)) for one in members.values()]
    return math.fsum(gaps) / n


@settings(max_examples=50, deadline=None)
@given(BOTH, st.floats(0, 1))
def test_random_input(rows, threshold):
    agree(*columns(rows), threshold)


@degenerate
def test_degenerate_input(labels, scores):
    for threshold in (0.0, 0.4, 1.0):
        agree(labels, scores, threshold)


@settings(max_examples=50, deadline=None)
@given(BOTH.filter(lambda rows: all(1e-6 < score < 1 - 1e-6 for _, score in rows)))
def test_log_loss_is_torchs_away_from_the_ends(rows):
    labels, scores = columns(rows)
    preds, target = tensors(labels, scores)
    theirs = torch.nn.functional.binary_cross_entropy(preds, target.double())
    assert metrics.log_loss(labels, scores) == pytest.approx(float(theirs), rel=TIGHT)


def test_log_loss_of_a_certain_error():
    """We and scikit-learn clip at float64's epsilon (36.04 nats); torch clips the logarithm at -100."""
    ours = metrics.log_loss([1, 0], [0.0, 1.0])
    assert ours == pytest.approx(-math.log(np.finfo(np.float64).eps), abs=TIGHT)
    assert ours == pytest.approx(sk.log_loss([1, 0], [0.0, 1.0]), abs=TIGHT)
    preds, target = tensors([1, 0], [0.0, 1.0])
    assert float(torch.nn.functional.binary_cross_entropy(preds, target.double())) == 100


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=20, max_size=40))
def test_calibration_error_is_torchmetrics_where_both_cut_alike(labels):
    """torchmetrics cuts into bins of equal width; with as many scores in each they are ours."""
    each = len(labels) // 10
    labels, scores = np.array(labels[: 10 * each]), np.repeat(np.arange(10) / 10 + 0.05, each)
    theirs = binary_calibration_error(*tensors(labels, scores), n_bins=10, norm="l1")
    assert metrics.ece(labels, scores, bins=10) == pytest.approx(float(theirs), abs=TIGHT)


def test_calibration_error_differs_from_torchmetrics_where_scores_crowd():
    """Scores of .61 and .69 share a bin of equal width, in which their errors cancel; ours are told apart."""
    labels, scores = [1] * 10 + [0] * 10, [0.61] * 10 + [0.69] * 10
    theirs = binary_calibration_error(*tensors(labels, scores), n_bins=10, norm="l1")
    assert float(theirs) == pytest.approx(0.15, abs=TIGHT)
    assert metrics.ece(labels, scores, bins=10) == pytest.approx((0.39 + 0.69) / 2, abs=TIGHT)


@settings(max_examples=50, deadline=None)
@given(ROWS, st.integers(1, 12))
def test_calibration_error_is_its_definition(rows, bins):
    labels, scores = columns(rows)
    assert metrics.ece(labels, scores, bins) == pytest.approx(naive_ece(labels, scores, bins), abs=TIGHT)


def test_a_score_on_the_threshold():
    """We and scikit-learn's curves call it a success; torchmetrics does not."""
    assert metrics.f1([1, 0], [0.5, 0.2], 0.5) == 1.0
    assert float(binary_f1_score(*tensors([1, 0], [0.5, 0.2]), 0.5)) == 0.0


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_no_roc_auc(label, n):
    """No pair to rank: we and scikit-learn say NaN (it warns, we are asked to); torchmetrics says 0, with a warning.

    A 0 would read as the worst ranking there is and be averaged as one.
    """
    labels, scores = [label] * n, np.linspace(0.1, 0.9, n)
    assert math.isnan(metrics.roc_auc(labels, scores))
    if n > 1:
        with pytest.warns(UndefinedMetricWarning):
            assert math.isnan(sk.roc_auc_score(labels, scores))
    with pytest.warns(UserWarning, match="should be meaningless"):
        assert float(binary_auroc(*tensors(labels, scores))) == 0


def test_average_precision_without_a_success():
    """Recall is 0 of 0: we say NaN; scikit-learn and torchmetrics warn and say 0, as of a worst ranking."""
    labels, scores = [0, 0, 0], [0.1, 0.5, 0.9]
    assert math.isnan(metrics.average_precision(labels, scores))
    with pytest.warns(UserWarning, match="No positive class"):
        assert sk.average_precision_score(labels, scores) == 0
    with pytest.warns(UserWarning, match="No positive samples"):
        assert float(binary_average_precision(*tensors(labels, scores))) == 0


def test_average_precision_without_a_failure():
    """Every ranking of successes alone is perfect: all three say 1."""
    labels, scores = [1, 1, 1], [0.1, 0.5, 0.9]
    assert metrics.average_precision(labels, scores) == sk.average_precision_score(labels, scores) == 1
    assert float(binary_average_precision(*tensors(labels, scores))) == 1


@pytest.mark.parametrize(("labels", "threshold"), [([0, 0], 0.5), ([0, 0], 0.0), ([1, 1], 0.9), ([1, 0], 0.9)])
def test_f1_without_a_success_found_or_to_find(labels, threshold):
    """All three say 0: unlike a ranking, the calls were made, and none is right."""
    scores = [0.3, 0.6]
    assert metrics.f1(labels, scores, threshold) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        assert sk.f1_score(labels, np.array(scores) >= threshold) == 0
    assert float(binary_f1_score(*tensors(labels, scores), threshold)) == 0


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_the_errors_of_probabilities(label):
    """Brier score, log loss and calibration error need no second class; all sides agree."""
    labels, scores = np.array([label] * 4), np.array([0.0, 0.2, 0.7, 1.0])
    preds, target = tensors(labels, scores)
    assert metrics.brier(labels, scores) == pytest.approx(float(mean_squared_error(preds, target.double())), abs=TIGHT)
    assert metrics.brier(labels, scores) == pytest.approx(
        sk.brier_score_loss(labels, scores, pos_label=1, labels=[0, 1]), abs=TIGHT
    )
    assert metrics.log_loss(labels, scores) == pytest.approx(sk.log_loss(labels, scores, labels=[0, 1]), abs=TIGHT)
    assert metrics.ece(labels, scores) == pytest.approx(naive_ece(labels, scores, metrics.ECE_BINS), abs=TIGHT)


def test_no_rows_are_refused_here_and_there():
    with pytest.raises(InputError):
        metrics.roc_auc([], [])
    with pytest.raises(ValueError, match="0 sample"):
        sk.roc_auc_score([], [])


def test_float32_would_merge_scores_that_differ():
    """Why torchmetrics is fed float64 in this file."""
    labels, scores = [0, 1], [0.5, 0.5 + 1e-12]
    preds, target = tensors(labels, scores)
    assert metrics.roc_auc(labels, scores) == float(binary_auroc(preds, target)) == 1.0
    assert float(binary_auroc(preds.to(torch.float32), target)) == 0.5


def kernels(labels, rows):
    """Components of 1988, pair by pair: V10 of shape (rows, successes), V01 of shape (rows, failures)."""
    labels = np.asarray(labels)
    V10, V01 = [], []
    for scores in np.asarray(rows, dtype=float):
        X, Y = scores[labels == 1].tolist(), scores[labels == 0].tolist()
        psi = [[1.0 if y < x else 0.5 if y == x else 0.0 for y in Y] for x in X]
        V10.append([math.fsum(row) / len(Y) for row in psi])
        V01.append([math.fsum(column) / len(X) for column in zip(*psi, strict=True)])
    return V10, V01


def delong_1988(labels, rows, contrast):
    """DeLong, DeLong & Clarke-Pearson: theta, S = S10 / m + S01 / n, and L theta with variance L S L'."""
    V10, V01 = kernels(labels, rows)
    theta = [math.fsum(one) / len(one) for one in V10]

    def covariance(V):
        return np.array(
            [
                [
                    math.fsum((a - r) * (b - s) for a, b in zip(left, right, strict=True)) / (len(left) - 1)
                    for right, s in zip(V, theta, strict=True)
                ]
                for left, r in zip(V, theta, strict=True)
            ]
        )

    S = covariance(V10) / len(V10[0]) + covariance(V01) / len(V01[0])
    L = np.asarray(contrast, dtype=float)
    return float(L @ theta), float(L @ S @ L)


def compared_alike(labels, a, b):
    """Assert that the test is that of 1988, with a contrast that averages the draws of each side."""
    a, b = np.atleast_2d(a), np.atleast_2d(b)
    contrast = [1 / len(a)] * len(a) + [-1 / len(b)] * len(b)
    difference, variance = delong_1988(labels, [*a, *b], contrast)
    found = delong(labels, a, b)
    assert found.difference.value == pytest.approx(difference, abs=TIGHT)
    # The root turns a rounding of 1e-17 in a variance of zero into 1e-8.
    assert found.standard_error**2 == pytest.approx(variance, abs=TIGHT)
    if variance > 1e-12:
        p_value = math.erfc(abs(difference) / math.sqrt(2 * variance))
        assert found.p_value == pytest.approx(p_value, abs=1e-7)
    return found


@st.composite
def trials_and_draws(draw):
    """Labels with two of each class at least, and two sets of one to three draws, tied or not."""
    labels = [0, 0, 1, 1, *draw(st.lists(st.integers(0, 1), max_size=16))]
    column = st.lists(SCORES, min_size=len(labels), max_size=len(labels))
    return labels, *(draw(st.lists(column, min_size=1, max_size=3)) for _ in range(2))


@settings(max_examples=50, deadline=None)
@given(trials_and_draws())
def test_delong_is_the_matrix_form_of_1988(case):
    compared_alike(*case)


@pytest.mark.parametrize(
    ("labels", "a", "b"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]),
        ([0, 0, 1, 1], [0.1, 0.3, 0.2, 0.4], [0.5] * 4),
        ([0, 1, 0, 1, 1], [0.0, 1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0, 1.0]),
        ([0, 1, 0, 1, 1], [[0.0, 1.0, 1.0, 0.0, 1.0], [0.5] * 5], [0.5] * 5),
    ],
    ids=["four trials, opposite", "against a constant", "zeros and ones", "a constant draw"],
)
def test_delong_of_degenerate_scores(labels, a, b):
    compared_alike(labels, a, b)


def test_delong_of_nothing_to_rank():
    """All ties on both sides: no difference and no error, so nothing is found (p = 1)."""
    found = compared_alike([0, 1, 0, 1], [0.5] * 4, [0.2] * 4)
    assert (found.auc_a, found.auc_b, found.standard_error, found.p_value) == (0.5, 0.5, 0.0, 1.0)


def test_delong_of_two_trials_has_no_variance():
    """With one trial a class the definition divides by zero; we refuse."""
    with pytest.raises(ZeroDivisionError):
        delong_1988([0, 1], [[0.1, 0.2], [0.2, 0.1]], [1, -1])
    with pytest.raises(InputError, match="at least two of each"):
        delong([0, 1], [0.1, 0.2], [0.2, 0.1])
