"""The network that is meta-learned: two hidden ReLU layers and a linear head.

Shapes: N trials, D features, H hidden width.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

Weights = Mapping[str, Tensor]
"""Parameters of a `MetaNetwork` by name."""
HEAD = ("head.weight", "head.bias")
"""The parameters that ANIL adapts."""


class MetaNetwork(nn.Module):
    """``logit = w . ReLU(W_2 ReLU(W_1 x + b_1) + b_2) + b``.

    ``x`` is expected to have unit length, and the weights start with He's variances for unit variance. So the first
    layer starts small, and what it has at random does not drown what it learns from few trials; and a gradient step
    moves the logit alike whatever D, so that one step size fits all.
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.enter = nn.Linear(features, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden, 1)
        for layer in (self.enter, self.middle):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        for layer in (self.enter, self.middle, self.head):
            nn.init.zeros_(layer.bias)

    def forward(self, trials_ND: Tensor) -> Tensor:
        """Return the logits of success, shape ``N``."""
        hidden_NH = functional.relu(self.middle(functional.relu(self.enter(trials_ND))))
        logits_N1: Tensor = self.head(hidden_NH)
        return logits_N1.squeeze(1)


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Return the parameters by name, as they are trained (not copied)."""
    return dict(network.named_parameters())


def loss_of(network: nn.Module, weights: Weights, trials_ND: Tensor, labels_N: Tensor) -> Tensor:
    """Return the mean binary cross-entropy under given weights in place of the network's own, a scalar."""
    logits_N: Tensor = torch.func.functional_call(network, dict(weights), (trials_ND,))
    return functional.binary_cross_entropy_with_logits(logits_N, labels_N)
