from dataclasses import replace

import numpy as np
import pytest
import torch

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.model.ensemble import Ensemble
from cladmop.model.lora import LoraSettings, add_lora
from cladmop.training.batches import collate, pack

SWITCHES = {
    "default": {},
    "paper-like": {"streams": "separate", "phase_token": False, "sides": False, "criteria_width": None, "names": False},
    "last level": {"fusion": "last"},
    "other levels": {"levels": (2, 0)},
    "no grouping": {"grouping": False},
    "no grouping, one side": {"grouping": False, "sides": False},
    "one grouping layer": {"centroids": (4,)},
    "no group self-attention": {"group_layers": 0},
    "largest values": {"pooling": "max"},
    "weighted mean": {"pooling": "attention"},
    "weighted mean, one side": {"pooling": "attention", "sides": False},
    "encoder's own width": {"criteria_width": None},
    "deeper": {"block_layers": 3, "streams": "separate"},
}
SIZES = [(4, 2, 1), (0, 0, 0), (1, 0, 3), (5, 4, 0), (0, 1, 2), (3, 1, 1)]


def trial(size, seed, configs):
    """One trial of (T, M, K); every molecule and disease has a name."""
    config = configs()
    random = np.random.default_rng(seed)
    tokens, molecules, diseases = size
    return EncodedTrial(
        criteria=random.normal(size=(4, tokens, config.text_width)).astype(np.float16),
        side=random.integers(0, 2, tokens).astype(np.int8),
        molecules=random.normal(size=(molecules, config.molecule_width)).astype(np.float32),
        diseases=random.integers(0, config.disease_vocabulary, (diseases, 3)).astype(np.int32),
        categories=np.arange(diseases, dtype=np.int32),
        names=random.normal(size=(4, molecules + diseases, config.text_width)).astype(np.float16),
        name_kinds=np.repeat(np.array([0, 1], np.int8), (molecules, diseases)),
        phase=int(random.integers(0, 8)),
        drug_set="",
        disease_set="",
    )


@pytest.fixture
def mixed(configs):
    return [trial(size, seed, configs) for seed, size in enumerate(SIZES)]


def shaken(model, seed):
    """Weights as after training: no LayerNorm is plain, and no query zero."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def one_by_one(networks, encoded):
    with torch.no_grad():
        return torch.stack([torch.cat([network.outcome(collate([one])) for one in encoded]) for network in networks])


@pytest.mark.parametrize("switch", SWITCHES)
def test_an_ensemble_scores_as_its_networks_do_one_trial_at_a_time(models, mixed, switch):
    networks = [shaken(models(seed, **SWITCHES[switch]), seed) for seed in range(3)]
    ensemble = Ensemble(networks)
    expected = one_by_one(networks, mixed)
    assert expected.std(dim=0).min() > 0.01
    assert torch.allclose(ensemble.logits(pack(mixed, ensemble.config)), expected, atol=2e-5)
    alone = torch.cat([ensemble.logits(pack([one], ensemble.config)) for one in mixed], dim=1)
    assert torch.allclose(alone, expected, atol=2e-5)


def test_trials_that_share_criteria_are_read_once_and_scored_apart(models, mixed):
    first = mixed[0]
    left_out = replace(first, criteria=first.criteria[:, 1:], side=first.side[1:])
    variants = [first, replace(first, molecules=first.molecules * 2), left_out, mixed[3], replace(first, phase=5)]
    networks = [shaken(models(seed), seed) for seed in range(2)]
    batch = pack(variants, networks[0].config)
    assert batch.states_LSW.shape[1] == 1 + 4 + 5
    assert len(batch.place_UT) == 3
    assert torch.allclose(Ensemble(networks).logits(batch), one_by_one(networks, variants), atol=2e-5)


def test_states_that_only_begin_alike_are_told_apart(models, mixed):
    other = mixed[0].criteria.copy()
    other[0, :, -1] += 1
    variants = [mixed[0], replace(mixed[0], criteria=other)]
    networks = [models(0)]
    assert pack(variants, networks[0].config).states_LSW.shape[1] == 1 + 4 + 4
    assert torch.allclose(
        Ensemble(networks).logits(pack(variants, networks[0].config)), one_by_one(networks, variants), atol=2e-5
    )


def test_many_trials_are_cut_by_their_drugs_without_changing_a_score(models, configs):
    encoded = [trial((seed % 4, seed % 7, seed % 3), seed, configs) for seed in range(70)]
    networks = [models(0), models(1)]
    found = Ensemble(networks).logits(pack(encoded, networks[0].config))
    assert torch.allclose(found, one_by_one(networks, encoded), atol=2e-5)


def test_adapters_count(models, mixed):
    network = models(0)
    add_lora(network, LoraSettings(rank=2))
    network = shaken(network, 1).eval()
    found = Ensemble([network]).logits(pack(mixed, network.config))
    assert torch.allclose(found, one_by_one([network], mixed), atol=2e-5)


def test_an_ensemble_knows_whether_its_networks_changed(models):
    networks = [models(0), models(1)]
    ensemble = Ensemble(networks)
    assert ensemble.is_of(networks)
    assert not ensemble.is_of(networks[::-1])
    assert not ensemble.is_of(networks[:1])
    with torch.no_grad():
        networks[1].outcome_head.leave.bias.add_(1)
    assert not ensemble.is_of(networks)


def test_networks_of_other_sizes_and_trials_of_other_widths_are_refused(models, mixed):
    with pytest.raises(InputError, match="one configuration"):
        Ensemble([models(0), models(0, head_width=4)])
    with pytest.raises(InputError, match="one configuration"):
        Ensemble([])
    ensemble = Ensemble([models(0)])
    with pytest.raises(InputError, match="text width"):
        ensemble.logits(pack([replace(mixed[0], molecules=np.zeros((1, 3), np.float32))], ensemble.config))
    wrong = replace(mixed[0], diseases=np.full((1, 3), 99, np.int32))
    with pytest.raises(InputError, match="disease id 99"):
        ensemble.logits(pack([wrong], ensemble.config))
