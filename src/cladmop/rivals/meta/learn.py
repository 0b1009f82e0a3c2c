"""The outer loop: weights from which a few steps on a few trials lead far.

Shapes: N trials, D features, B tasks of a step, S support and Q query trials of an episode.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from cladmop.rivals.meta.adapt import InnerLoop, adapt
from cladmop.rivals.meta.network import Weights, loss_of, weights_of
from cladmop.rivals.meta.settings import MetaSettings
from cladmop.rivals.meta.tasks import Task
from cladmop.training.loop import DivergedError


@dataclass(frozen=True)
class Episodes:
    """One episode of each of B tasks."""

    support_BSD: Tensor
    """Features of the trials to adapt to."""
    support_labels_BS: Tensor
    """Their labels, 0 or 1, float."""
    query_BQD: Tensor
    """Features of the trials to judge by."""
    query_labels_BQ: Tensor
    """Their labels."""


def meta_learn(  # noqa: PLR0917 (the network, the trials with their tasks, then how)
    network: nn.Module,
    trials_ND: Tensor,
    labels_N: Tensor,
    tasks: Sequence[Task],
    inner: InnerLoop,
    settings: MetaSettings,
    seed: int,
) -> None:
    """Train the network's weights so that adapting them to the support of a task lowers the loss of its queries.

    Each step draws tasks and an episode of each, and moves the weights by Adam along the gradient of the mean query
    loss after the inner loop, taken through the inner loop (second order).

    Raises
    ------
    DivergedError
        If the loss is not finite.
    """
    weights = weights_of(network)
    optimizer = torch.optim.Adam(weights.values(), lr=settings.outer_rate)
    generator = np.random.default_rng(seed)
    for _ in range(settings.outer_steps):
        loss = query_losses(network, weights, _draw(tasks, trials_ND, labels_N, settings, generator), inner).mean()
        if not math.isfinite(loss.item()):
            raise DivergedError(f"meta-learning: the loss became {loss.item()}; lower inner_rate or outer_rate")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        optimizer.step()


def query_losses(network: nn.Module, weights: Weights, episodes: Episodes, inner: InnerLoop) -> Tensor:
    """Return the loss of each episode's queries after adapting to its support, shape ``B``; differentiable."""

    def one(start: Weights, support_SD: Tensor, labels_S: Tensor, query_QD: Tensor, labels_Q: Tensor) -> Tensor:
        return loss_of(network, adapt(network, start, support_SD, labels_S, inner), query_QD, labels_Q)

    losses_B: Tensor = torch.func.vmap(one, in_dims=(None, 0, 0, 0, 0))(
        dict(weights),
        episodes.support_BSD,
        episodes.support_labels_BS,
        episodes.query_BQD,
        episodes.query_labels_BQ,
    )
    return losses_B


def _draw(
    tasks: Sequence[Task], trials_ND: Tensor, labels_N: Tensor, settings: MetaSettings, generator: np.random.Generator
) -> Episodes:
    chosen = generator.integers(len(tasks), size=settings.tasks_per_step)
    drawn = [tasks[place].episode(settings.shots, settings.queries, generator) for place in chosen]
    support_BS, query_BQ = (torch.from_numpy(np.stack(rows)) for rows in zip(*drawn, strict=True))
    return Episodes(trials_ND[support_BS], labels_N[support_BS], trials_ND[query_BQ], labels_N[query_BQ])
