import copy

import pytest
import torch

from cladmop.errors import InputError
from cladmop.model.lora import LoraSettings, add_lora, merge_lora, trainable_parameters


@pytest.mark.parametrize("cross", [True, False])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("streams", ["joint", "separate"])
def test_only_the_chosen_adapters_and_the_head_train(models, cross, own, streams):
    model = models(streams=streams)
    add_lora(model, LoraSettings(cross=cross, own=own))
    names = set(trainable_parameters(model))
    head = {name for name in names if name.startswith("outcome_head.")}
    adapters = names - head
    assert len(head) == len(list(model.outcome_head.parameters()))
    assert all(".attention." in name and "lora_" in name for name in adapters)
    stacks = 1 if streams == "joint" else 2
    expected = 4 * 2 * (3 * cross + 4 * stacks * own)  # q, k, v, out; A and B; 3 fusing steps, 4 blocks
    assert len(adapters) == expected
    assert any(name.startswith("fusion.cross.") for name in adapters) == cross
    assert any(name.startswith("fusion.blocks.") for name in adapters) == own
    assert all(p.shape[0] == 8 or p.shape[1] == 8 for p in trainable_parameters(model).values() if p.ndim == 2)


def test_a_step_changes_adapters_and_head_alone_and_merging_keeps_the_outputs(batches, models):
    model = models()
    before = copy.deepcopy(model.state_dict())
    batch = batches([(4, 2, 2), (0, 0, 0), (3, 1, 1)])
    untouched = model.outcome(batch)
    add_lora(model, LoraSettings())
    assert torch.allclose(model.outcome(batch), untouched, atol=1e-6)

    optimizer = torch.optim.Adam(trainable_parameters(model).values(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model.outcome(batch).square().sum().backward()
        optimizer.step()
    adapted = model.outcome(batch)
    assert not torch.allclose(adapted, untouched, atol=1e-3)

    merge_lora(model)
    assert torch.allclose(model.outcome(batch), adapted, atol=1e-5)
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(parameter.requires_grad for parameter in model.parameters())
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    allowed = ("q_proj.weight", "k_proj.weight", "v_proj.weight", "out_proj.weight")
    assert all(n.startswith("outcome_head.") or (n.startswith("fusion.") and n.endswith(allowed)) for n in changed)
    assert any(n.startswith("fusion.cross.") for n in changed)
    assert any(n.startswith("fusion.blocks.") for n in changed)


def test_a_rank_below_one_is_refused():
    with pytest.raises(InputError, match="rank"):
        LoraSettings(rank=0)
