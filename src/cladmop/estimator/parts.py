"""The parts of a blend, each scored by the model and by its refits.

Shapes: n trials, R refits, K networks.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.encoders.devices import worker_threads, workers
from cladmop.estimator.blend import log_odds
from cladmop.estimator.members import STATES
from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.estimator.classifier import TrialOutcomeClassifier

NETWORK = "network"
"""Name of the part of CLaDMoP networks."""
_AT_ONCE = 128
"""Trials of a piece: their arrays stay near a core's cache."""


def part_scores(
    model: "TrialOutcomeClassifier", trials: Sequence[Trial], encoded: Sequence[EncodedTrial], refits: int
) -> dict[str, NDArray[np.float64]]:
    """Return each part's probabilities of success, shape (1 + refits, n): the model's own, then those of its refits.

    Many trials are scored a piece at a time, by as many threads as torch has.
    """
    pieces = [slice(start, start + _AT_ONCE) for start in range(0, max(1, len(trials)), _AT_ONCE)]

    def score(piece: slice) -> dict[str, NDArray[np.float64]]:
        return _scores_of(model, trials[piece], encoded[piece], refits)

    found = [score(piece) for piece in pieces] if len(pieces) < 2 or not encoded else _by_threads(score, pieces)
    return {name: np.concatenate([one[name] for one in found], axis=1) for name in found[0]}


def _by_threads(
    score: Callable[[slice], dict[str, NDArray[np.float64]]], pieces: Sequence[slice]
) -> list[dict[str, NDArray[np.float64]]]:
    """Score pieces at once, each on one thread: networks of width 32 gain nothing from several."""
    import torch

    with worker_threads(workers(torch.device("cpu"))) as run:
        first = score(pieces[0])  # makes what all share
        return [first, *run.map(score, pieces[1:])]


def _scores_of(
    model: "TrialOutcomeClassifier", trials: Sequence[Trial], encoded: Sequence[EncodedTrial], refits: int
) -> dict[str, NDArray[np.float64]]:
    from scipy.special import expit

    logits = {}
    for name, text in model.text_models_.items():
        design = text.design(trials)
        logits[name] = [log_odds(text.probabilities(design))[None]]
        if refits:
            logits[name].append(model.replicates_[name].logits(design)[:refits])
    if model.states_ is not None:
        states = model.states_.design(encoded)
        logits[STATES] = [log_odds(model.states_.probabilities(states))[None]]
        if refits:
            logits[STATES].append(model.replicates_[STATES].logits(states)[:refits])
    if model.networks_:
        logits[NETWORK] = list(_network_logits(model, encoded, refits))
    return {name: np.asarray(expit(np.concatenate(rows)), dtype=np.float64) for name, rows in logits.items()}


def _network_logits(
    model: "TrialOutcomeClassifier", encoded: Sequence[EncodedTrial], refits: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean over the networks, shape (1, n), and one network a refit, shape (refits, n)."""
    from cladmop.training.predict import ensemble_logits, together

    logits = ensemble_logits(together(model.networks_), encoded)
    return logits.mean(axis=0, keepdims=True), logits[np.arange(refits) % len(logits)]
