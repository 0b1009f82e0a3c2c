"""Scores of a trained network: the probability of success, and the zero-shot match."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.encoders.devices import worker_threads, workers
from cladmop.errors import InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.ensemble import Ensemble
from cladmop.training.batches import Batches, collate, pack

_TOKENS_PER_BATCH = 65_536
_PAIRS_AT_ONCE = 2_048
_MADE: "WeakKeyDictionary[CLaDMoP, dict[int, Ensemble]]" = WeakKeyDictionary()
"""Ensembles by their first network and their size, for as long as that network lives."""


def predict_proba(
    model: CLaDMoP, encoded: Sequence[EncodedTrial], batch_size: int = 64, tokens_per_batch: int = _TOKENS_PER_BATCH
) -> NDArray[np.float64]:
    """Return the probability of success of each trial, shape ``n``, in [0, 1].

    After class-weighted training these are probabilities at balanced classes; calibrate them before use as risks.

    Raises
    ------
    InputError
        If a trial's encoding is not finite, or of other widths than the network's.
    """
    logits = predict_logits(model, encoded, batch_size, tokens_per_batch)
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def predict_logits(
    model: CLaDMoP, encoded: Sequence[EncodedTrial], batch_size: int = 64, tokens_per_batch: int = _TOKENS_PER_BATCH
) -> NDArray[np.float64]:
    """Return the logits of success, shape ``n``; see `predict_proba`.

    Of a network pre-trained on completion they are a zero-shot score, how likely a trial is to complete; pair matching
    alone leaves the head untrained, and its logits say nothing.
    """
    with evaluating(model):
        return np.asarray(ensemble_logits(together([model]), encoded, batch_size, tokens_per_batch)[0])


def together(networks: Sequence[CLaDMoP]) -> Ensemble:
    """Return networks as one ensemble, made anew only where a weight was written to since the last time.

    Raises
    ------
    InputError
        If there is none, or their configurations differ.
    """
    made = _MADE.setdefault(networks[0], {}) if networks else {}
    known = made.get(len(networks))
    if known is None or not known.is_of(networks):
        known = made[len(networks)] = Ensemble(networks)
    return known


def ensemble_logits(
    ensemble: Ensemble,
    encoded: Sequence[EncodedTrial],
    batch_size: int = 64,
    tokens_per_batch: int = _TOKENS_PER_BATCH,
) -> NDArray[np.float64]:
    """Return the logits of success of each of E networks, shape ``(E, n)``, with bounded memory.

    Raises
    ------
    InputError
        If a trial's encoding is not finite, or of other widths than the networks'.
    """
    logits = np.zeros((ensemble.size, len(encoded)))

    def score(rows: NDArray[np.intp]) -> None:
        logits[:, rows] = ensemble.logits(pack([encoded[row] for row in rows], ensemble.config)).double().numpy()

    batches = Batches.over(encoded, batch_size, tokens_per_batch // ensemble.size).in_order()
    at_once = workers(torch.device("cpu")) if len(batches) > 1 else 1
    if at_once > 1:
        # A batch a core: networks of width 32 gain nothing from several.
        with worker_threads(at_once) as run:
            deque(run.map(score, batches), maxlen=0)
    else:
        deque(map(score, batches), maxlen=0)
    for one in logits:
        _require_finite(one)
    return logits


def match_scores(
    model: CLaDMoP, encoded: Sequence[EncodedTrial], reference: Sequence[EncodedTrial]
) -> NDArray[np.float64]:
    """Return zero-shot scores: how much better a trial's criteria match its own drugs than others', in [0, 1].

    ``sigmoid(exp(tau) (s(i, i) - mean_j s(i, j)))`` over the reference trials j, with s the network's match of
    criteria i and drugs j (`CLaDMoP.score_pairs`). 0.5 means no better than the average drug. No label is used.

    Parameters
    ----------
    model
        A pre-trained network.
    encoded
        Trials to score, n of them.
    reference
        Trials whose drugs and diseases stand for "any other", at least 1; 64 to 128 are enough, as the cost of fused
        matches is n × their number.

    Raises
    ------
    InputError
        If the reference is empty, or an encoding is not finite.
    """
    if not reference:
        raise InputError("match scores need at least one reference trial; got none")
    scores = np.zeros(len(encoded))
    at_once = max(1, _PAIRS_AT_ONCE // len(reference))
    with evaluating(model), torch.no_grad():
        drugs = model.tokens(collate(reference))
        for rows in Batches.over(encoded, at_once, _TOKENS_PER_BATCH).in_order():
            criteria, own = model.read(collate([encoded[row] for row in rows]))
            margin = model.score_own(criteria, own) - model.score_pairs(criteria, drugs).mean(dim=1)
            scores[rows] = torch.sigmoid(math.exp(model.config.temperature) * margin).double().numpy()
    _require_finite(scores)
    return scores


@contextmanager
def evaluating(model: CLaDMoP) -> Iterator[None]:
    """Leave out dropout for a while; a model that does so already is not touched, so that threads may share it."""
    if not model.training:
        yield
        return
    model.eval()
    try:
        yield
    finally:
        model.train()


def _require_finite(scores: NDArray[np.float64]) -> None:
    wrong = np.flatnonzero(~np.isfinite(scores))
    if len(wrong):
        raise InputError(
            f"trial {wrong[0]} (of {len(scores)}, from 0) scores {scores[wrong[0]]}: its encoding holds values "
            "that are not finite; encode it again"
        )
