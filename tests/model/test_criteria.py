"""How criteria become one vector."""

import pytest
import torch

from cladmop.model.criteria import CriteriaPool


def pool_of(config):
    torch.manual_seed(1)
    pool = CriteriaPool(config)
    if pool.query_C is not None:
        torch.nn.init.normal_(pool.query_C)
    return pool


def by_hand(tokens_TC, pooling, query_C):
    """One side of one trial."""
    if pooling == "max":
        return torch.stack([max(channel) for channel in tokens_TC.T])
    if pooling == "mean":
        return tokens_TC.sum(dim=0) / len(tokens_TC)
    weights = [torch.exp(query_C @ token) for token in tokens_TC]
    return sum(weight * token for weight, token in zip(weights, tokens_TC, strict=True)) / sum(weights)


@pytest.mark.parametrize("sides", [True, False])
@pytest.mark.parametrize("pooling", ["mean", "max", "attention"])
def test_pooling_equals_a_loop_over_trials_and_sides(batches, configs, pooling, sides):
    batch = batches([(5, 1, 1), (1, 0, 0), (0, 1, 1), (2, 0, 2)], pad=2)
    pool = pool_of(configs(pooling=pooling, sides=sides))
    states = batch.criteria_LBTW[-1]
    with torch.no_grad():
        pooled = pool(states, batch.criteria_mask_BT, batch.side_BT)
        for row, (mask, side) in enumerate(zip(batch.criteria_mask_BT, batch.side_BT, strict=True)):
            tokens = pool.project(pool.norm(states[row]))
            parts = []
            for number in range(2 if sides else 1):
                own = mask & (side == number) if sides else mask
                parts.append(by_hand(tokens[own], pooling, pool.query_C) if own.any() else pool.absent_SC[number])
            assert torch.allclose(pooled[row], pool.mix(torch.cat(parts)), atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "max", "attention"])
def test_trials_without_criteria_teach_finite_gradients(batches, models, pooling):
    for sizes in ([(0, 1, 1), (0, 0, 0)], [(0, 1, 1), (3, 0, 0)]):
        model = models(pooling=pooling)
        model.outcome(batches(sizes)).sum().backward()
        found = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        assert found
        assert all(torch.isfinite(grad).all() for grad in found)


def test_attention_starts_as_the_mean_and_learns_to_weigh(batches, models):
    batch = batches([(5, 1, 1), (4, 2, 2)])
    mean, attention = models(), models(pooling="attention")
    attention.load_state_dict(mean.state_dict(), strict=False)
    assert torch.allclose(attention.outcome(batch), mean.outcome(batch), atol=1e-6)
    attention.outcome(batch).sum().backward()
    assert attention.criteria.pool.query_C.grad.abs().max() > 0
