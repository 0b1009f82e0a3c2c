"""Training of MEXA-CTP: all epochs, each one's weights kept, one chosen on validation trials.

Shapes: n trials, E epochs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cladmop.evaluation.metrics import average_precision
from cladmop.progress import progress_bar
from cladmop.rivals.mexa.inputs import Tokens, pad, widths
from cladmop.rivals.mexa.losses import outcome_loss, released_loss, total_loss
from cladmop.rivals.mexa.network import MexaNetwork
from cladmop.rivals.mexa.settings import MexaSettings
from cladmop.rivals.stopped import descend

Weights = Mapping[str, Tensor]
"""The trained parameters of a network by name."""
TrialsWithLabels = tuple[Sequence[Tokens], NDArray[np.int64]]
_SCORED = 512  # trials a batch when scoring; bounds memory


@dataclass(frozen=True, eq=False)
class Trained:
    """A network and what its parameters were after each epoch."""

    network: MexaNetwork
    """As it stands after the last epoch; its frozen parameters are those of every epoch."""
    epochs: Sequence[Weights]
    """The parameters that train, after each epoch."""
    history: Sequence[Mapping[str, float]]
    """Of each epoch: training ``loss``, ``valid_loss`` (of the outcome alone) and ``valid_average_precision``."""
    best: int
    """Index of the epoch that validation chose; of equal ones the first."""

    def logits(self, trials: Sequence[Tokens], epochs: Iterable[int]) -> NDArray[np.float64]:
        """Return the log-odds of each trial after each of some epochs, shape ``epochs x n``."""
        chosen = [self.epochs[epoch] for epoch in epochs]
        return np.array([_logits(self.network, weights, trials) for weights in chosen]).reshape(len(chosen), -1)


def train(train_on: TrialsWithLabels, valid: TrialsWithLabels, settings: MexaSettings, *, repaired: bool) -> Trained:
    """Train with AdamW from PyTorch's global seed, successes weighing failures / successes.

    Raises
    ------
    DivergedError
        If the loss is not finite.
    """
    trials, labels = train_on
    network = MexaNetwork(widths(trials[0]), settings, repaired=repaired)
    trained = {name: one for name, one in network.named_parameters() if one.requires_grad}
    optimizer = torch.optim.AdamW(
        trained.values(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    success_weight = torch.tensor((labels == 0).sum() / labels.sum(), dtype=torch.float32)
    epochs, history = [], []
    with progress_bar("MEXA-CTP", settings.epochs, "epochs") as bar:
        for _ in range(settings.epochs):
            loss = _epoch(network, optimizer, trials, labels, success_weight)
            epochs.append({name: one.detach().clone() for name, one in trained.items()})
            history.append({"loss": loss, **_validated(network, epochs[-1], valid, success_weight)})
            bar.advance(1)
    return Trained(network, epochs, history, _best(history, settings))


def _epoch(
    network: MexaNetwork,
    optimizer: torch.optim.Optimizer,
    trials: Sequence[Tokens],
    labels: NDArray[np.int64],
    success_weight: Tensor,
) -> float:
    """Train one epoch, in random order; return the mean loss."""
    network.train()
    settings, loss_of = network.settings, total_loss if network.repaired else released_loss
    total = 0.0
    for rows in torch.split(torch.randperm(len(trials)), settings.batch_size):
        batch = pad([trials[row] for row in rows.tolist()], settings, blank=not network.repaired)
        loss = loss_of(network(batch), torch.from_numpy(labels)[rows].float(), success_weight, settings)
        total += descend(optimizer, loss, "MEXA-CTP") * len(rows)
    return total / len(trials)


def _validated(
    network: MexaNetwork, weights: Weights, valid: TrialsWithLabels, success_weight: Tensor
) -> dict[str, float]:
    trials, labels = valid
    logits = _logits(network, weights, trials)
    loss = outcome_loss(torch.from_numpy(logits), torch.from_numpy(labels).double(), success_weight.double())
    return {"valid_loss": loss.item(), "valid_average_precision": average_precision(labels, logits)}


def _best(history: Sequence[Mapping[str, float]], settings: MexaSettings) -> int:
    values = np.array([epoch[f"valid_{settings.metric}"] for epoch in history])
    return int(values.argmin() if settings.metric == "loss" else values.argmax())


def _logits(network: MexaNetwork, weights: Weights, trials: Sequence[Tokens]) -> NDArray[np.float64]:
    network.eval()
    found = [np.empty(0, dtype=np.float64)]
    with torch.no_grad():
        for start in range(0, len(trials), _SCORED):
            batch = pad(trials[start : start + _SCORED], network.settings, blank=not network.repaired)
            output = torch.func.functional_call(network, dict(weights), (batch,))
            found.append(output.logits_B.double().numpy())
    return np.concatenate(found)
