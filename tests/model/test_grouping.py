import pytest
import torch

from cladmop.model.grouping import GroupingBlock, GroupingLayer


def test_layer_without_self_attention_is_the_equation_of_the_paper(configs):
    torch.manual_seed(0)
    layer = GroupingLayer(configs(heads=1, group_layers=0), 4).eval()
    tokens, mask = torch.randn(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)
    a = layer.attention
    logits = a.q_proj(layer.centroids_GD) @ a.k_proj(tokens).transpose(1, 2) / 8**0.5
    expected = layer.norm(a.out_proj(logits.softmax(-1) @ a.v_proj(tokens)))
    assert torch.allclose(layer(tokens, mask)[0], expected, atol=1e-6)


@pytest.mark.parametrize("centroids", [(6,), (6, 4), (6, 4, 3)])
@pytest.mark.parametrize("group_layers", [0, 2])
@pytest.mark.parametrize("tokens", [1, 9])
def test_any_number_of_tokens_becomes_the_last_number_of_groups(configs, centroids, group_layers, tokens):
    block = GroupingBlock(configs(centroids=centroids, group_layers=group_layers))
    groups, mask = block(torch.randn(2, tokens, 8), torch.ones(2, tokens, dtype=torch.bool))
    assert groups.shape == (2, centroids[-1], 8)
    assert mask.all()
    assert len(block.layers) == len(centroids)


def test_order_of_tokens_does_not_matter(configs):
    torch.manual_seed(0)
    block = GroupingBlock(configs()).eval()
    tokens, mask = torch.randn(1, 7, 8), torch.ones(1, 7, dtype=torch.bool)
    assert torch.allclose(block(tokens, mask)[0], block(tokens.flip(1), mask)[0], atol=1e-5)


def test_centroids_start_as_standard_normal(configs):
    torch.manual_seed(0)
    values = GroupingLayer(configs(), 2000).centroids_GD
    assert abs(values.mean()) < 0.03
    assert abs(values.std() - 1) < 0.03
