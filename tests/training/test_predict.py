import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from cladmop.errors import InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.training.batches import collate
from cladmop.training.predict import ensemble_logits, match_scores, predict_logits, predict_proba, together


def test_scores_are_in_input_order_whatever_the_batch_size(trials, configs):
    encoded, _ = trials(23)
    model = CLaDMoP(configs())
    alone = [predict_proba(model, [trial])[0] for trial in encoded]
    for size in (1, 4, 64):
        assert np.allclose(predict_proba(model, encoded, size), alone, atol=1e-5)
    assert np.allclose(predict_proba(model, encoded), 1 / (1 + np.exp(-predict_logits(model, encoded))))
    assert predict_proba(model, encoded).dtype == np.float64
    assert model.training  # the mode is given back


def test_no_trials_give_no_scores(configs):
    assert predict_proba(CLaDMoP(configs()), []).shape == (0,)


@pytest.mark.parametrize("match", ["paired", "unfused", "own"])
def test_match_scores_equal_their_definition(trials, configs, match):
    (encoded, _), (reference, _) = trials(9), trials(5, seed=1)
    model = CLaDMoP(configs(match=match)).eval()
    expected = []
    with torch.no_grad():
        for trial in encoded:
            criteria, own = model.read(collate([trial]))
            others = [model.score_pairs(criteria, model.tokens(collate([other])))[0, 0] for other in reference]
            margin = model.score_pairs(criteria, own)[0, 0] - sum(others) / len(others)
            expected.append(torch.sigmoid(np.exp(0.6) * margin).item())
    assert np.allclose(match_scores(model, encoded, reference), expected, atol=1e-5)


def test_a_state_that_is_not_finite_is_refused_by_number(trials, configs):
    encoded, _ = trials(4)
    encoded[2] = replace(encoded[2], criteria=encoded[2].criteria * np.float16(np.inf))
    with pytest.raises(InputError, match="trial 2 "):
        predict_proba(CLaDMoP(configs()), encoded)
    with pytest.raises(InputError, match="trial 2 "):
        match_scores(CLaDMoP(configs()), encoded, encoded[:1])


def test_match_scores_need_a_reference(trials, configs):
    with pytest.raises(InputError, match="reference"):
        match_scores(CLaDMoP(configs()), trials(2)[0], [])


def test_networks_are_put_together_anew_only_after_training(trials, configs):
    encoded, _ = trials(5)
    networks = [CLaDMoP(configs()), CLaDMoP(configs())]
    ensemble = together(networks)
    assert together(networks) is ensemble
    before = ensemble_logits(ensemble, encoded)
    assert np.allclose(before, [predict_logits(network, encoded) for network in networks], atol=1e-6)
    optimiser = torch.optim.AdamW(networks[1].parameters(), lr=0.05)
    networks[1].outcome(collate(encoded)).sum().backward()
    optimiser.step()
    after = ensemble_logits(together(networks), encoded)
    assert np.array_equal(after[0], before[0])
    assert np.abs(after[1] - before[1]).min() > 1e-3
    assert np.allclose(after[1], predict_logits(networks[1], encoded), atol=1e-6)


def test_networks_are_forgotten_with_their_model(configs):
    networks = [CLaDMoP(configs())]
    together(networks)
    gone = weakref.ref(networks[0])
    networks.clear()
    gc.collect()
    assert gone() is None


def test_no_network_makes_no_ensemble():
    with pytest.raises(InputError, match="0 networks"):
        together([])
