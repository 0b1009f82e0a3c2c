"""Training of HINT: cross-entropy, and the epoch of the lowest loss on validation trials.

Shapes: n trials.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from cladmop.encoders.base import EncodedTrial
from cladmop.progress import progress_bar
from cladmop.rivals.hint.inputs import Reader, TrialParts, collate
from cladmop.rivals.hint.network import HintNetwork
from cladmop.rivals.hint.settings import HintSettings
from cladmop.rivals.stopped import descend

EncodedWithLabels = tuple[Sequence[EncodedTrial], NDArray[np.int64]]
_SCORED = 256  # trials a batch when scoring; bounds memory


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with the weights of its best epoch."""

    reader: Reader
    network: HintNetwork
    history: Sequence[Mapping[str, float]]
    """``loss`` and ``valid_loss`` of each epoch."""
    best: int
    """Index of the epoch that validation chose; of equal ones the first."""

    def logits(self, encoded: Sequence[EncodedTrial]) -> NDArray[np.float64]:
        """Return the log-odds of each trial, shape (n,).

        Raises
        ------
        InputError
            If a trial was encoded otherwise than the training trials.
        """
        return _logits(self.network, self.reader.read(encoded))


def train(train_on: EncodedWithLabels, valid: EncodedWithLabels, settings: HintSettings) -> Trained:
    """Train with Adam from PyTorch's global seed until validation stops improving.

    Raises
    ------
    DivergedError
        If the loss is not finite.
    InputError
        If the validation trials were encoded otherwise than the training trials.
    """
    reader = Reader.fit(train_on[0])
    trials, labels = reader.read(train_on[0]), train_on[1]
    valid_trials, valid_labels = reader.read(valid[0]), torch.from_numpy(valid[1]).double()
    network = HintNetwork(reader, settings)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    history: list[dict[str, float]] = []
    best, weights = 0, network.state_dict()
    with progress_bar("HINT", settings.epochs, "epochs") as bar:
        while len(history) < settings.epochs and len(history) - best <= settings.patience:
            loss = _epoch(network, optimizer, trials, labels, settings)
            logits = torch.from_numpy(_logits(network, valid_trials))
            valid_loss = functional.binary_cross_entropy_with_logits(logits, valid_labels).item()
            history.append({"loss": loss, "valid_loss": valid_loss})
            if len(history) == 1 or valid_loss < history[best]["valid_loss"]:
                best = len(history) - 1
                weights = {name: one.detach().clone() for name, one in network.state_dict().items()}
            bar.advance(1)
    network.load_state_dict(weights)
    return Trained(reader, network, history, best)


def _epoch(
    network: HintNetwork,
    optimizer: torch.optim.Optimizer,
    trials: Sequence[TrialParts],
    labels: NDArray[np.int64],
    settings: HintSettings,
) -> float:
    """Train one epoch, in random order; return the mean loss."""
    network.train()
    total = 0.0
    for rows in torch.split(torch.randperm(len(trials)), settings.batch_size):
        logits_B = network(collate([trials[row] for row in rows.tolist()]))
        loss = functional.binary_cross_entropy_with_logits(logits_B, torch.from_numpy(labels)[rows].float())
        total += descend(optimizer, loss, "HINT") * len(rows)
    return total / len(trials)


def _logits(network: HintNetwork, trials: Sequence[TrialParts]) -> NDArray[np.float64]:
    network.eval()
    blocks = [trials[start : start + _SCORED] for start in range(0, len(trials), _SCORED)]
    with torch.no_grad():
        found = [network(collate(block)).double().numpy() for block in blocks]
    return np.concatenate([np.empty(0), *found])
