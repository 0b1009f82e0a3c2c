"""Dropout that draws a byte an element."""

import pytest
import torch

from cladmop.model.dropout import Dropout


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_drops_its_share_in_every_place_and_keeps_the_mean(rate):
    torch.manual_seed(0)
    layer = Dropout(rate).train()
    out = layer(torch.ones(40_000, 8))
    assert torch.allclose((out == 0).double().mean(dim=0), torch.full((8,), rate, dtype=torch.double), atol=0.01)
    assert out.mean().item() == pytest.approx(1, abs=0.01)
    assert out.unique().numel() == 2


def test_neighbours_are_dropped_independently():
    torch.manual_seed(0)
    kept = (Dropout(0.5).train()(torch.ones(200_000)) > 0).double()
    for lag in (1, 2, 7, 8):
        assert torch.corrcoef(torch.stack([kept[:-lag], kept[lag:]]))[0, 1].abs() < 0.01


def test_evaluation_and_rate_zero_pass_all_on():
    x = torch.randn(3, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0).train()(x) is x


def test_gradient_flows_where_kept_alone_and_seeds_decide():
    x = torch.randn(1_001, requires_grad=True)
    torch.manual_seed(1)
    out = Dropout(0.3).train()(x)
    out.sum().backward()
    assert torch.equal(x.grad == 0, out == 0)
    torch.manual_seed(1)
    assert torch.equal(Dropout(0.3).train()(x), out)
