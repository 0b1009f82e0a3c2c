"""The inner and the outer loop, on networks and tasks small enough to work out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cladmop.rivals.meta.adapt import InnerLoop, adapt
from cladmop.rivals.meta.learn import Episodes, meta_learn, query_losses
from cladmop.rivals.meta.network import HEAD, MetaNetwork, weights_of
from cladmop.rivals.meta.settings import MetaSettings
from cladmop.rivals.meta.tasks import Task
from cladmop.training.loop import DivergedError

EVERY = ("enter.weight", "enter.bias", "middle.weight", "middle.bias", *HEAD)


class OneLayer(nn.Module):
    """Logistic regression, whose steps can be written down."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, trials_ND):
        return self.layer(trials_ND).squeeze(1)


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def batch(count, features, dtype=torch.float32):
    return torch.randn(count, features, dtype=dtype), torch.tensor([0, 1] * (count // 2), dtype=dtype)


def test_two_steps_equal_those_worked_out_by_hand():
    network, (trials, labels) = OneLayer(), batch(4, 3)
    start = weights_of(network)
    with torch.no_grad():
        adapted = adapt(network, start, trials, labels, InnerLoop(2, 0.3, ("layer.weight", "layer.bias")))
    weight, bias = start["layer.weight"].detach().numpy()[0].astype(float), start["layer.bias"].item()
    x, y = trials.numpy().astype(float), labels.numpy()
    for _ in range(2):
        error = 1 / (1 + np.exp(-(x @ weight + bias))) - y
        weight, bias = weight - 0.3 * x.T @ error / 4, bias - 0.3 * error.mean()
    np.testing.assert_allclose(adapted["layer.weight"].numpy()[0], weight, rtol=1e-5)
    np.testing.assert_allclose(adapted["layer.bias"].item(), bias, rtol=1e-5)


def test_anil_moves_the_head_alone_and_maml_moves_everything():
    network, (trials, labels) = MetaNetwork(6, 5), batch(8, 6)
    start = {name: value.detach().clone() for name, value in weights_of(network).items()}
    assert set(start) == set(EVERY)
    anil = adapt(network, start, trials, labels, InnerLoop(3, 0.5, HEAD))
    maml = adapt(network, start, trials, labels, InnerLoop(3, 0.5, EVERY))
    for name in EVERY:
        assert torch.equal(anil[name], start[name]) == (name not in HEAD), name
        assert not torch.equal(maml[name], start[name]), name
        assert torch.equal(network.get_parameter(name), start[name]), "the network itself is left alone"


@pytest.mark.parametrize("moving", [EVERY, HEAD], ids=["maml", "anil"])
def test_the_outer_gradient_goes_through_the_inner_steps(moving):
    """Finite differences of the query loss after adapting: a first-order gradient would miss them."""
    network = MetaNetwork(4, 3).double()
    parts = [batch(4, 4, torch.float64) for _ in range(4)]
    supports, queries = parts[:2], parts[2:]
    episodes = Episodes(
        *(torch.stack([part[place] for part in group]) for group in (supports, queries) for place in (0, 1))
    )
    inner = InnerLoop(2, 1.0, moving)
    weights = weights_of(network)
    query_losses(network, weights, episodes, inner).sum().backward()
    for name in ("enter.weight", "head.weight"):
        moved = weights[name].grad
        for place in np.ndindex(*moved.shape):
            values = []
            for shift in (1e-5, -1e-5):
                shifted = {key: value.detach().clone() for key, value in weights.items()}
                shifted[name][place] += shift
                values.append(query_losses(network, shifted, episodes, inner).sum().item())
            assert moved[place].item() == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-7), name


def test_episodes_adapt_apart_from_each_other():
    network, inner = MetaNetwork(4, 3), InnerLoop(2, 0.5, EVERY)
    support, query = [batch(4, 4) for _ in range(2)], [batch(4, 4) for _ in range(2)]
    both = Episodes(*(torch.stack([one[place] for one in group]) for group in (support, query) for place in (0, 1)))
    losses = query_losses(network, weights_of(network), both, inner)
    for number in (0, 1):
        adapted = adapt(network, weights_of(network), *support[number], inner)
        logits = torch.func.functional_call(network, dict(adapted), (query[number][0],))
        alone = nn.functional.binary_cross_entropy_with_logits(logits, query[number][1])
        torch.testing.assert_close(losses[number], alone)


def flipped_tasks(count, size, seed):
    """Tasks with one direction that decides, and a sign of their own: y = 1 where sign x x_0 > 0."""
    random = np.random.default_rng(seed)
    trials = random.normal(size=(count * size, 20)).astype(np.float32)
    trials /= np.linalg.norm(trials, axis=1, keepdims=True)
    signs = np.repeat(random.permutation([-1, 1] * (count // 2)), size)
    labels = (signs * trials[:, 0] > 0).astype(np.float32)
    members = np.arange(count * size).reshape(count, size)
    tasks = [Task(rows[labels[rows] == 0], rows[labels[rows] == 1]) for rows in members]
    return torch.from_numpy(trials), torch.from_numpy(labels), tasks


def accuracy_after_five_shots(network, moving):
    trials, labels, tasks = flipped_tasks(20, 60, seed=9)
    right = []
    for number, task in enumerate(tasks):
        support, query = task.episode(5, 15, np.random.default_rng(number))
        with torch.no_grad():
            adapted = adapt(network, weights_of(network), trials[support], labels[support], InnerLoop(5, 1.0, moving))
            logits = torch.func.functional_call(network, dict(adapted), (trials[query],))
        right.append(((logits > 0).float() == labels[query]).float().mean().item())
    return float(np.mean(right))


@pytest.mark.parametrize("moving", [EVERY, HEAD], ids=["maml", "anil"])
def test_meta_learning_makes_five_shots_worth_more(moving):
    trials, labels, tasks = flipped_tasks(40, 60, seed=1)
    network = MetaNetwork(20, 16)
    before = accuracy_after_five_shots(network, moving)
    settings = MetaSettings(outer_steps=80, outer_rate=2e-2)
    meta_learn(network, trials, labels, tasks, InnerLoop(3, 1.0, moving), settings, seed=0)
    after = accuracy_after_five_shots(network, moving)
    assert before < 0.7
    assert after > 0.85


def test_a_loss_that_is_no_number_stops():
    trials, labels, tasks = flipped_tasks(2, 60, seed=1)
    network = MetaNetwork(20, 16)
    with pytest.raises(DivergedError, match="lower inner_rate"):
        meta_learn(
            network, trials * np.nan, labels, tasks, InnerLoop(1, 1.0, EVERY), replace(MetaSettings(), outer_steps=1), 0
        )
