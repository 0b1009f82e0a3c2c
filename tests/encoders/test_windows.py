"""Windows: each token is kept exactly once, with as much context as its windows allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.encoders.devices import budget
from cladmop.encoders.windows import OVERLAP, SLACK, plan_batches, plan_windows


@given(length=st.integers(1, 400), window=st.integers(1, 60), causal=st.booleans())
def test_every_token_is_kept_once_and_in_order(length, window, causal):
    windows = plan_windows(7, length, window, causal=causal)
    kept = [token for w in windows for token in range(w.keep_start, w.keep_stop)]
    assert kept == list(range(length))
    for w in windows:
        assert w.text == 7
        assert 0 <= w.start <= w.keep_start < w.keep_stop <= w.stop <= length
        assert w.stop - w.start == min(window, length)


@given(length=st.integers(1, 400), window=st.integers(8, 60), causal=st.booleans())
def test_context_is_at_least_that_of_any_other_window(length, window, causal):
    windows = plan_windows(0, length, window, causal=causal)

    def context(w, token):
        left, right = token - w.start, w.stop - 1 - token
        # The ends of the text cut no context off.
        left = length if w.start == 0 and not causal else left
        right = length if w.stop == length else right
        return left if causal else min(left, right)

    for w in windows:
        for token in range(w.keep_start, w.keep_stop):
            best = max(context(other, token) for other in windows if other.start <= token < other.stop)
            # A bidirectional overlap of even size has two middles of equal worth up to one token.
            assert context(w, token) >= best - (0 if causal else 1)


def test_neighbours_share_a_quarter_of_a_window():
    first, second, *_ = plan_windows(0, 1000, 100, causal=True)
    assert first.stop - second.start == 100 // OVERLAP


@given(lengths=st.lists(st.integers(1, 50), max_size=60), budget=st.integers(1, 200))
def test_batches_hold_everything_once_within_the_budget(lengths, budget):
    batches = list(plan_batches(lengths, budget))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = max(lengths[i] for i in batch) * len(batch)
        assert len(batch) == 1 or padded <= budget
        assert padded - sum(lengths[i] for i in batch) <= budget // SLACK


@pytest.mark.parametrize("causal", [True, False])
def test_a_text_that_fits_is_one_window(causal):
    (window,) = plan_windows(0, 100, 100, causal=causal)
    assert (window.start, window.stop, window.keep_start, window.keep_stop) == (0, 100, 0, 100)


@pytest.mark.parametrize(("texts", "share"), [(1000, 1.05), (24, 1.5)])
def test_batches_of_criteria_hold_little_padding(texts, share):
    """Lengths as criteria have them: 15 tokens in the middle, a few ten times as long."""
    lengths = np.random.default_rng(0).lognormal(2.7, 0.87, texts).astype(int) + 3
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in plan_batches(lengths.tolist(), 512))
    assert padded <= share * lengths.sum()


@pytest.mark.parametrize(
    ("tokens", "at_once", "held"), [(100_000, 2, 512), (400, 2, 200), (100, 2, 128), (999, 1, 512)]
)
def test_few_tokens_are_shared_among_the_workers(tokens, at_once, held):
    import torch

    assert budget(torch.device("cpu"), tokens, at_once) == held
