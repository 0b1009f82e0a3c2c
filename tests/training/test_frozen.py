import numpy as np
import pytest
import torch

from cladmop.model.cladmop import CLaDMoP
from cladmop.model.lora import LoraSettings, add_lora
from cladmop.training.batches import Batches, collate
from cladmop.training.frozen import logits_of
from cladmop.training.settings import TrainSettings


@pytest.mark.parametrize("grouping", [True, False])
@pytest.mark.parametrize("lora", [True, False])
def test_logits_by_rows_equal_those_of_the_whole_network_also_after_a_step(trials, configs, grouping, lora):
    encoded, _ = trials(30)
    model = CLaDMoP(configs(grouping=grouping))
    if lora:
        add_lora(model, LoraSettings())
    logits = logits_of(model, encoded, TrainSettings(batch_size=7))
    rows = np.array([3, 18, 0, 29])
    for _ in range(2):
        model.eval()
        with torch.no_grad():
            assert torch.allclose(logits(rows), model.outcome(collate([encoded[row] for row in rows])), atol=1e-5)
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.5)
        logits(rows).sum().backward()
        optimizer.step()


def test_frozen_criteria_are_read_once(trials, configs, monkeypatch):
    encoded, _ = trials(20)
    model = CLaDMoP(configs())
    add_lora(model, LoraSettings())
    settings = TrainSettings(batch_size=6)
    calls = []
    model.criteria.register_forward_hook(lambda *_: calls.append(1))
    logits = logits_of(model, encoded, settings)
    reads = len(Batches.over(encoded, 6, 10_000).in_order())
    for rows in Batches.over(encoded, 6, 10_000).epoch(0):
        logits(rows).sum().backward()
    assert len(calls) == reads
