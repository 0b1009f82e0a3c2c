"""The inner loop: a few gradient steps on the trials of one task.

Shapes: S support trials, D features.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cladmop.rivals.meta.network import Weights, loss_of


@dataclass(frozen=True)
class InnerLoop:
    """Plain gradient descent on all trials at once."""

    steps: int
    rate: float
    """Step size."""
    moving: Collection[str]
    """Names of the parameters that move: all of them in MAML, the head's in ANIL."""


def adapt(network: nn.Module, weights: Weights, trials_SD: Tensor, labels_S: Tensor, inner: InnerLoop) -> Weights:
    """Return the weights after the inner loop, ``w <- w - rate x dL/dw`` at each step; fixed ones as they are.

    The result is differentiable in ``weights``, through the gradients of the steps themselves (second order).

    Parameters
    ----------
    network
        Says how weights make logits; its own weights are neither used nor changed.
    weights
        Where the descent starts.
    trials_SD, labels_S
        Features, and 0 or 1 as floats.
    inner
        Steps, and what they move.
    """
    fixed = {name: value for name, value in weights.items() if name not in inner.moving}
    moving = {name: value for name, value in weights.items() if name in inner.moving}

    def loss(moved: dict[str, Tensor]) -> Tensor:
        return loss_of(network, fixed | moved, trials_SD, labels_S)

    for _ in range(inner.steps):
        gradients = torch.func.grad(loss)(moving)
        moving = {name: value - inner.rate * gradients[name] for name, value in moving.items()}
    return fixed | moving
