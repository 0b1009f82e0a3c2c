"""The same model with its learned weights shuffled: a check that what is said of it comes from what it learned."""

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.model.cladmop import CLaDMoP


def with_shuffled_weights(model: "TrialOutcomeClassifier", seed: int) -> "TrialOutcomeClassifier":
    """Return a copy whose coefficients of words and states, and entries of each network weight, change places.

    Each keeps its distribution, and the blend, its calibration, the features and the frozen language model stay, so
    that only what training put where is lost. The copy has no bootstrap refits.
    """
    random = np.random.default_rng(seed)
    shuffled = copy.copy(model)
    shuffled.replicates, shuffled.replicates_ = 0, {}
    shuffled.text_models_ = {name: copy.copy(text) for name, text in model.text_models_.items()}
    for text in shuffled.text_models_.values():
        text.coefficients = random.permutation(text.coefficients)
    if model.states_ is not None:
        shuffled.states_ = replace(model.states_, coefficients=random.permutation(model.states_.coefficients))
    shuffled.networks_ = [_shuffled_network(network, random) for network in model.networks_]
    return shuffled


def _shuffled_network(network: "CLaDMoP", random: np.random.Generator) -> "CLaDMoP":
    import torch

    twin = copy.deepcopy(network)
    with torch.no_grad():
        for weight in twin.parameters():
            order = torch.from_numpy(random.permutation(weight.numel()))
            weight.copy_(weight.flatten()[order].reshape(weight.shape))
    return twin
