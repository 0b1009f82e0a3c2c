"""Masks, empty modes and padding in the network of MEXA-CTP."""

from dataclasses import replace

import pytest
import torch

from cladmop.rivals.mexa.inputs import Part, pad, read_tokens, widths
from cladmop.rivals.mexa.losses import released_loss, total_loss
from cladmop.rivals.mexa.network import MODES, PAIRS, MexaNetwork, keep
from cladmop.rivals.mexa.settings import MexaSettings

SETTINGS = MexaSettings()
VARIANTS = pytest.mark.parametrize("repaired", [False, True], ids=["released", "repaired"])


@pytest.fixture(scope="module")
def tokens(encode, invented):
    return [read_tokens(one, SETTINGS) for one in encode(invented(6)[0])]


def network(tokens, *, repaired, **settings):
    torch.manual_seed(0)
    return MexaNetwork(widths(tokens[0]), replace(SETTINGS, **settings), repaired=repaired).eval()


def padded(tokens, *, repaired):
    return pad(tokens, SETTINGS, blank=not repaired)


def without(tokens, *parts):
    return {part: values[:0] if part in parts else values for part, values in tokens.items()}


def test_tokens_below_the_threshold_are_masked():
    weights = torch.tensor([[0.1, 0.3, 0.2999, 0.9]])
    real = torch.tensor([[True, True, True, False]])
    assert keep(weights, real, 0.3, at_least_one=False).tolist() == [[False, True, False, False]]


def test_the_heaviest_real_token_is_kept_only_in_the_repaired_variant():
    weights = torch.tensor([[0.1, 0.2, 0.15, 0.25], [0.1, 0.8, 0.4, 0.2]])
    real = torch.tensor([[True, True, True, False], [True, True, True, True]])
    assert not keep(weights, real, 0.3, at_least_one=False)[0].any()
    expected = [[False, True, False, False], [False, True, True, False]]
    assert keep(weights, real, 0.3, at_least_one=True).tolist() == expected


@VARIANTS
def test_experts_follow_their_own_router_weights(tokens, repaired):
    output = network(tokens, repaired=repaired)(padded(tokens, repaired=repaired))
    assert set(output.experts) == set(PAIRS)
    for expert in output.experts.values():
        below = expert.weights_BN < SETTINGS.threshold
        assert not (expert.kept_BN & ~expert.real_BN).any()
        assert bool((expert.kept_BN == (expert.real_BN & ~below))[expert.kept_BN.sum(dim=1) > 1].all())


def test_masked_tokens_are_left_out_of_the_sum(tokens):
    """Their experts' queries are changed; what the trial scores by is not."""
    made = network(tokens, repaired=False, threshold=0.5)
    batch = padded(tokens, repaired=False)
    before = made(batch)
    masked = torch.cat([one.kept_BN for one in before.experts.values()], dim=1)
    assert masked.any()
    assert not masked.all()
    seen = {}

    def spoil(_module, inputs):
        seen["kept"] = inputs[1]
        return torch.where(inputs[1][:, :, None], inputs[0], torch.full_like(inputs[0], 7.0)), inputs[1]

    made.joint_layers.register_forward_pre_hook(spoil)
    torch.testing.assert_close(made(batch).logits_B, before.logits_B)
    assert torch.equal(seen["kept"], masked)


def test_as_released_all_tokens_may_be_masked(tokens):
    made = network(tokens, repaired=False, threshold=0.999)
    made.train()
    output = made(padded(tokens, repaired=False))
    assert not any(one.kept_BN.any() for one in output.experts.values())
    assert torch.equal(output.logits_B, made.head(torch.zeros(1, 8)).squeeze(1).expand(len(tokens)))
    released_loss(output, torch.ones(len(tokens)), torch.tensor(1.0), SETTINGS).backward()
    gradients = [one.grad for one in made.parameters() if one.grad is not None]
    assert gradients
    assert all(one.isfinite().all() for one in gradients)


def test_repaired_keeps_one_token_of_each_expert(tokens):
    output = network(tokens, repaired=True, threshold=0.999)(padded(tokens, repaired=True))
    assert all((one.kept_BN.sum(dim=1) == 1).all() for one in output.experts.values())


@VARIANTS
def test_padding_does_not_change_a_score(tokens, repaired):
    made, batch = network(tokens, repaired=repaired), padded(tokens, repaired=repaired)
    noise = {
        name: Part(torch.where(part.real_BN[:, :, None], part.tokens_BNX, 50.0), part.real_BN)
        for name, part in batch.items()
    }
    assert any((noise[name].tokens_BNX != batch[name].tokens_BNX).any() for name in noise)
    torch.testing.assert_close(made(noise).logits_B, made(batch).logits_B)


@VARIANTS
def test_a_score_does_not_depend_on_the_other_trials(tokens, repaired):
    made = network(tokens, repaired=repaired)
    together = made(padded(tokens, repaired=repaired)).logits_B
    turned = made(padded(tokens[::-1], repaired=repaired)).logits_B
    alone = torch.cat([made(padded([one], repaired=repaired)).logits_B for one in tokens])
    assert len(together.unique()) == len(tokens)
    torch.testing.assert_close(turned.flip(0), together)
    torch.testing.assert_close(alone, together)


@VARIANTS
@pytest.mark.parametrize("parts", [("drugs",), ("drugs", "diseases", "inclusion", "exclusion")])
def test_a_batch_without_molecules_or_without_anything(tokens, repaired, parts):
    bare = [without(one, *parts) for one in tokens]
    made = network(tokens, repaired=repaired)
    made.train()
    output = made(padded(bare, repaired=repaired))
    loss = total_loss if repaired else released_loss
    loss(output, torch.ones(len(bare)), torch.tensor(1.0), SETTINGS).backward()
    assert output.logits_B.isfinite().all()
    assert all(one.grad is None or one.grad.isfinite().all() for one in made.parameters())


@pytest.mark.parametrize("mode", MODES)
def test_the_learned_token_stands_in_for_an_empty_mode_only(tokens, mode):
    made = network(tokens, repaired=True)
    full = next(one for one in tokens if all(len(values) for values in one.values()))
    batch = padded([full, without(full, *MODES[mode])], repaired=True)
    with torch.no_grad():
        before = made(batch).logits_B
        made.absent[mode].add_(torch.linspace(-3, 3, 8))
        after = made(batch).logits_B
    torch.testing.assert_close(after[0], before[0])
    assert abs(float(after[1] - before[1])) > 1e-4


def test_no_learned_token_where_one_side_alone_is_empty(tokens):
    made = network(tokens, repaired=True)
    batch = padded([without(tokens[1], "inclusion")], repaired=True)
    assert batch["exclusion"].real_BN.any()
    assert made(batch).experts["criteria", "drugs"].real_BN.sum() == batch["exclusion"].real_BN.sum()


def test_order_and_side_of_statements_count(tokens):
    made = network(tokens, repaired=True)
    one = tokens[1]
    swapped = {**one, "inclusion": one["inclusion"][::-1].copy()}
    turned = {**one, "inclusion": one["exclusion"], "exclusion": one["inclusion"]}
    first, *others = made(padded([one, swapped, turned], repaired=True)).logits_B.tolist()
    assert all(abs(first - other) > 1e-4 for other in others)
