import math

import pytest
import torch

from cladmop.errors import InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.losses import symmetric_info_nce
from cladmop.storage import read_json
from cladmop.training.batches import collate
from cladmop.training.pretrain import matching_loss, pretrain, retrieval
from cladmop.training.settings import PretrainSettings

QUICK = PretrainSettings(epochs=3, batch_size=16, learning_rate=5e-3, pair_block=8)


@pytest.mark.parametrize("match", ["paired", "unfused", "own"])
def test_learns_to_match_unseen_trials(tmp_path, trials, configs, match):
    train, held_out = trials(256)[0], trials(64, seed=1)[0]
    settings = PretrainSettings(epochs=12, batch_size=32, learning_rate=1e-2, pair_block=8)
    model = pretrain(train, held_out, configs(match=match), settings, tmp_path)
    manifest = read_json(tmp_path / "training.json")
    losses = [epoch["valid_matching_loss"] for epoch in manifest["history"]]
    assert min(losses) < losses[0] - 0.1
    with torch.no_grad():
        assert retrieval(model, held_out, settings)["retrieval@10"] > 0.25  # chance is 10/64 = 0.16
    assert ("candidates" in manifest["fused_retrieval"]) == (match != "unfused")


def test_loss_of_paired_matching_equals_a_loop_over_blocks(trials, configs):
    encoded = trials(11)[0]
    model = CLaDMoP(configs(match="paired")).eval()
    settings = PretrainSettings(pair_block=4, mask_false_negatives=False)
    with torch.no_grad():
        f_C, f_DM = model.match(collate(encoded))
        scale = math.exp(0.6)
        expected = symmetric_info_nce(scale * f_C @ f_DM.T)
        for block in (encoded[:4], encoded[4:8], encoded[8:]):
            scores = model.match_pairs(*model.read(collate(block)))
            expected = expected + symmetric_info_nce(scale * scores) * len(block) / 11
        assert torch.allclose(matching_loss(model, encoded, settings), expected, atol=1e-5)


def test_retrieval_of_a_network_that_tells_nothing_apart_is_none(trials, configs):
    model = CLaDMoP(configs()).eval()
    torch.nn.init.zeros_(model.match_head.drugs.weight)
    with torch.no_grad():
        assert retrieval(model, trials(30)[0], QUICK) == {"retrieval@1": 0.0, "retrieval@10": 0.0}


def test_the_outcome_head_is_left_as_it_started(tmp_path, trials, configs):
    encoded = trials(24)[0]
    first = pretrain(encoded, encoded[:8], configs(), QUICK, tmp_path / "a")
    assert all(parameter.requires_grad for parameter in first.parameters())
    longer = PretrainSettings(**{**QUICK.to_dict(), "epochs": 1})
    second = pretrain(encoded, encoded[:8], configs(), longer, tmp_path / "b")
    assert torch.equal(first.outcome_head.enter.weight, second.outcome_head.enter.weight)
    assert not torch.equal(first.match_head.drugs.weight, second.match_head.drugs.weight)


def test_finished_training_is_read_not_run_and_another_is_refused(tmp_path, trials, configs):
    encoded = trials(24)[0]
    first = pretrain(encoded, encoded[:8], configs(), QUICK, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = pretrain(encoded, encoded[:8], configs(), QUICK, tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert torch.equal(first.match_head.drugs.weight, again.match_head.drugs.weight)
    with pytest.raises(InputError, match="another folder"):
        pretrain(encoded[1:], encoded[:8], configs(), QUICK, tmp_path)


def test_too_few_trials_are_refused(tmp_path, trials, configs):
    encoded = trials(4)[0]
    with pytest.raises(InputError, match="at least 2 trials in held_out; got 1"):
        pretrain(encoded, encoded[:1], configs(), QUICK, tmp_path)
