"""The losses of MEXA-CTP on cases worked out by hand."""

import math

import pytest
import torch
from torch.nn import functional

from cladmop.rivals.mexa.losses import (
    outcome_loss,
    pair_contrast,
    released_loss,
    router_loss,
    slot_contrast,
    total_loss,
)
from cladmop.rivals.mexa.network import CYCLE, PAIRS, Expert, Output
from cladmop.rivals.mexa.settings import MexaSettings

X, Y = [1.0, 0.0], [0.0, 1.0]


def experts(queries, *, weights=None, real=None, kept=None):
    """Experts of one trial with given tokens, by pair or for all."""
    made = {}
    for pair in PAIRS:
        tokens = torch.tensor([queries[pair] if isinstance(queries, dict) else queries])
        true = torch.ones(tokens.shape[:2], dtype=torch.bool)
        made[pair] = Expert(
            tokens,
            torch.full(tokens.shape[:2], 0.5) if weights is None else torch.tensor([weights]),
            true if real is None else torch.tensor([real]),
            true if kept is None else torch.tensor([kept]),
        )
    return made


def test_router_loss_by_hand():
    assert router_loss(torch.tensor([0.25]), 0.25).item() == pytest.approx(math.log(2))
    expected = (math.log(1 + 0.0) + math.log(1 + 4.0) + math.log(1 + 16.0)) / 3
    assert router_loss(torch.tensor([0.0, 0.5, 1.0]), 0.25).item() == pytest.approx(expected)


def test_successes_weigh_as_asked():
    logits, labels = torch.tensor([0.3, -0.7]), torch.tensor([1.0, 0.0])
    by_hand = (3 * math.log1p(math.exp(-0.3)) + math.log1p(math.exp(-0.7))) / 2
    assert outcome_loss(logits, labels, torch.tensor(3.0)).item() == pytest.approx(by_hand)


def test_pair_contrast_by_hand():
    """All of one way point along X, all of the other along Y: positives have cosine 0, negatives 1."""
    queries = {pair: [X] if pair in CYCLE else [Y] for pair in PAIRS}
    expected = math.log(1 + 4 * math.exp(1 / 0.2))
    assert pair_contrast(experts(queries), 0.2).item() == pytest.approx(expected)


def test_pair_contrast_is_small_where_the_two_directions_of_each_pair_agree_alone():
    axes = torch.eye(3).tolist()
    queries = {pair: [axis] for cycle in (CYCLE, PAIRS[3:]) for pair, axis in zip(cycle, axes, strict=True)}
    expected = math.log(1 + 4 * math.exp(-1 / 0.2))
    assert pair_contrast(experts(queries), 0.2).item() == pytest.approx(expected, rel=1e-5)


def test_pair_contrast_reads_kept_tokens_alone():
    """The two ways differ in the masked token only."""
    queries = {pair: [X, Y if pair in CYCLE else X] for pair in PAIRS}
    assert pair_contrast(experts(queries, kept=[True, False]), 0.2).item() == pytest.approx(math.log(5))
    assert pair_contrast(experts(queries), 0.2).item() > math.log(5) + 0.1


def test_slot_contrast_by_hand():
    """Two slots, of which the router keeps the first: cosines (1, 0), three of them added, and six."""
    found = slot_contrast(experts([X, X], kept=[True, False]), 0.2, shuffle=torch.arange)
    parts = [functional.log_softmax(torch.tensor([count / 0.2, 0.0]), dim=0) for count in (3, 6)]
    assert found.item() == pytest.approx(-(parts[0] + parts[1]).mean().item())


def test_slot_contrast_is_least_where_all_tokens_are_alike():
    assert slot_contrast(experts([X, X, X]), 0.2).item() == pytest.approx(2 * math.log(3))


def test_slot_contrast_compares_as_many_tokens_as_the_shortest_expert_has():
    queries = {pair: [X] * (4 if pair[0] == "criteria" else 2) for pair in PAIRS}
    assert slot_contrast(experts(queries), 0.2).item() == pytest.approx(2 * math.log(2))


@pytest.mark.parametrize(
    ("loss", "counted"), [(total_loss, [0.25]), (released_loss, [0.25, 0.75])], ids=["repaired", "released"]
)
def test_the_sum_has_the_weights_of_the_settings_and_padding_counts_as_released(loss, counted):
    made = experts([X, X], weights=[0.25, 0.75], real=[True, False], kept=[True, False])
    output = Output(torch.tensor([0.0]), made)
    plain, routers = MexaSettings(router_weight=0, contrast_weight=0), MexaSettings(contrast_weight=0)
    labels, weight = torch.tensor([1.0]), torch.tensor(2.0)
    assert loss(output, labels, weight, plain).item() == pytest.approx(2 * math.log(2))
    expected = 0.05 * 6 * sum(math.log(1 + (p / 0.25) ** 2) for p in counted) / len(counted)
    assert loss(output, labels, weight, routers).item() - 2 * math.log(2) == pytest.approx(expected, rel=1e-5)
    contrasted = MexaSettings(router_weight=0, contrast_weight=0.5)
    assert loss(output, labels, weight, contrasted).item() > 2 * math.log(2) + 0.1
