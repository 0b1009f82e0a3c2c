import math

import pytest
import torch

from cladmop.model.attention import Attention, CrossAttentionBlock, masked_mean


def naive_attention(attention: Attention, queries, context, mask):
    """Loop over trials, heads and queries, over real keys only."""
    out = torch.zeros_like(queries)
    width = queries.shape[-1] // attention.heads
    q, k, v = attention.q_proj(queries), attention.k_proj(context), attention.v_proj(context)
    for b in range(len(queries)):
        for h in range(attention.heads):
            part = slice(h * width, (h + 1) * width)
            for i in range(queries.shape[1]):
                logits = (k[b, mask[b], part] @ q[b, i, part]) / math.sqrt(width)
                out[b, i, part] = logits.softmax(0) @ v[b, mask[b], part]
    return attention.out_proj(out)


def test_attention_equals_naive_loop():
    torch.manual_seed(1)
    attention = Attention(8, 2)
    queries, context = torch.randn(3, 5, 8), torch.randn(3, 4, 8)
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 1]], dtype=torch.bool)
    assert torch.allclose(
        attention(queries, context, mask), naive_attention(attention, queries, context, mask), atol=1e-6
    )


def test_empty_context_gives_zeros_and_finite_gradients():
    attention = Attention(8, 2)
    queries = torch.randn(2, 3, 8, requires_grad=True)
    mask = torch.tensor([[True, True], [False, False]])
    out = attention(queries, torch.randn(2, 2, 8), mask)
    out.sum().backward()
    assert torch.equal(out[1], torch.zeros(3, 8))
    assert torch.isfinite(queries.grad).all()
    assert out[0].abs().sum() > 0


def test_context_of_no_tokens():
    out = Attention(8, 2)(torch.randn(1, 3, 8), torch.randn(1, 0, 8), torch.zeros(1, 0, dtype=torch.bool))
    assert torch.equal(out, torch.zeros(1, 3, 8))


@pytest.mark.parametrize("times", [1, 4])
def test_rows_that_share_a_context_equal_repeated_contexts(configs, times):
    torch.manual_seed(0)
    block = CrossAttentionBlock(configs()).eval()
    tokens, context = torch.randn(3 * times, 5, 8), torch.randn(3, 4, 8)
    mask = torch.rand(3, 4) > 0.3
    shared = block(tokens, context, mask)
    repeated = block(tokens, context.repeat_interleave(times, 0), mask.repeat_interleave(times, 0))
    assert torch.allclose(shared, repeated, atol=1e-6)


def test_masked_mean():
    x = torch.tensor([[[1.0], [3.0], [100.0]], [[5.0], [6.0], [7.0]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    assert masked_mean(x, mask).tolist() == [[2.0], [0.0]]
