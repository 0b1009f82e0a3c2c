"""Linear layers packed once: the same values, and only where that is certain."""

import pytest
import torch
from torch import nn

from cladmop.encoders import packed
from cladmop.encoders.packed import PackedLinear, pack_linear_layers


def network(dtype):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 96), nn.GELU(), nn.Sequential(nn.Linear(96, 64, bias=False))).to(dtype).eval()


@pytest.fixture
def can_pack():
    if not pack_linear_layers(network(torch.bfloat16)):
        pytest.skip("this PyTorch, or this processor, packs no bfloat16 layers")


@pytest.mark.usefixtures("can_pack")
@pytest.mark.parametrize("shape", [(1, 64), (7, 64), (2, 300, 64)])
def test_values_are_equal_to_the_last_bit(shape):
    plain, fast = network(torch.bfloat16), network(torch.bfloat16)
    assert pack_linear_layers(fast) == 2
    assert isinstance(fast[2][0], PackedLinear)
    x = torch.randn(shape, dtype=torch.bfloat16)
    with torch.inference_mode():
        assert torch.equal(plain(x), fast(x))


def test_single_precision_is_left_alone():
    model = network(torch.float32)
    assert pack_linear_layers(model) == 0
    assert type(model[0]) is nn.Linear


@pytest.mark.parametrize("wrong", ["absent", "other values"])
def test_layers_stay_where_the_operators_are_absent_or_differ(monkeypatch, wrong):
    class Other(PackedLinear):
        def __init__(self, layer):
            if wrong == "absent":
                raise AttributeError("'_OpNamespace' object has no attribute '_reorder_linear_weight'")
            nn.Module.__init__(self)

        def forward(self, x):
            return x * 0

    monkeypatch.setattr(packed, "PackedLinear", Other)
    model = network(torch.bfloat16)
    assert pack_linear_layers(model) == 0
    assert type(model[0]) is nn.Linear
