import math

import torch

from cladmop.model.cladmop import CLaDMoP
from cladmop.model.losses import symmetric_info_nce
from cladmop.training.batches import collate
from cladmop.training.matching import matching_loss, retrieval
from cladmop.training.settings import PretrainSettings


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


def test_one_trial_alone_has_nothing_to_match(trials, configs):
    loss = matching_loss(CLaDMoP(configs()), trials(2)[0][1:], PretrainSettings())
    loss.backward()
    assert loss.item() == 0


def test_retrieval_of_a_network_that_tells_nothing_apart_is_none(trials, configs):
    model = CLaDMoP(configs()).eval()
    torch.nn.init.zeros_(model.match_head.drugs.weight)
    with torch.no_grad():
        assert retrieval(model, trials(30)[0], PretrainSettings()) == {"retrieval@1": 0.0, "retrieval@10": 0.0}
