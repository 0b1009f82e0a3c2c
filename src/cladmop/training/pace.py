"""How long training takes here and now: a few real epochs on one of its batches, timed and thrown away.

The trainings that are timed seed themselves and write to a folder of their own: they change no result by a byte.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import LEVELS, EncodedTrial
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig
from cladmop.training.batches import Batches
from cladmop.training.cohort import PretrainTrials
from cladmop.training.finetune import finetune
from cladmop.training.predict import predict_logits
from cladmop.training.pretrain import pretrain
from cladmop.training.settings import FinetuneSettings, PretrainSettings, TrainSettings

Labelled = tuple[Sequence[EncodedTrial], Sequence[int]]
_JUDGING = 10
"""Of the sampled trials one in so many judges, as in pre-training itself."""
_SCORED = 64
"""Trials scored to tell how long scoring takes."""


@dataclass(frozen=True)
class Pace:
    """What one training takes, measured."""

    setup: float
    """Seconds before its first epoch and after its last."""
    epoch: float
    """Seconds of an epoch, validation included."""


def pretraining_pace(trials: PretrainTrials, config: ModelConfig, settings: PretrainSettings) -> Pace:
    """Time pre-training on one batch of some trials, which may hold every trial there is.

    Parameters
    ----------
    trials
        All that have a part in the objective, those held out included.
    config, settings
        Of the training.
    """
    sample = telling_batch(trials.encoded, settings)
    some, share = trials.take(sample.rows), sample.share
    if np.setdiff1d(trials.kinds, some.kinds).size or some.successful.sum() == 1:
        some, share = trials, 1.0
    kinds = [np.flatnonzero(some.kinds == kind) for kind in np.unique(some.kinds)]
    rows = np.concatenate([own[: max(2, len(own) // _JUDGING)] for own in kinds])

    def train(epochs: int, folder: Path) -> None:
        pretrain(some, some.take(rows), config, replace(settings, epochs=epochs), folder)

    return time_training(train, share)


def finetuning_pace(train: Labelled, valid: Labelled, config: ModelConfig, settings: FinetuneSettings) -> Pace:
    """Time fine-tuning on one batch of the trials, and on as large a share of those that validate.

    Parameters
    ----------
    train, valid, settings
        Of the training.
    config
        Sizes of the network; it starts from random weights, which costs the same.
    """
    trials, labels = train[0], np.asarray(train[1])
    sample = telling_batch(trials, settings)
    rows, share = sample.rows, sample.share
    if len(np.unique(labels[rows])) < 2:
        rows, share = np.arange(len(trials)), 1.0
    some = [trials[row] for row in rows], labels[rows]
    judging = _thinned(valid, share)

    def train_some(epochs: int, folder: Path) -> None:
        finetune(None, *some, *judging, replace(settings, epochs=epochs), folder, config=config)

    return time_training(train_some, share)


def scoring_seconds(trials: Sequence[EncodedTrial], config: ModelConfig, number: int) -> float:
    """Return how long a network takes to score a number of trials, from scoring some of them at random weights."""
    if not number:
        return 0.0
    some = trials[:: max(1, len(trials) // _SCORED)][:_SCORED]
    network = CLaDMoP(config).eval()
    start = time.perf_counter()
    predict_logits(network, some)
    return (time.perf_counter() - start) * number / len(some)


def time_training(train: Callable[[int, Path], object], share: float) -> Pace:
    """Time a training on some of its trials.

    Parameters
    ----------
    train
        Trains on them for so many epochs, in a folder.
    share
        Share of the work of an epoch that they make up, in (0, 1].
    """
    with tempfile.TemporaryDirectory(prefix="cladmop-cost-") as name:
        runs = iter(range(3))

        def timed(epochs: int) -> float:
            start = time.perf_counter()
            train(epochs, Path(name) / str(next(runs)))
            return time.perf_counter() - start

        timed(1)  # What is done once a process counts for nothing.
        once, thrice = timed(1), timed(3)
    epoch = max(0.0, thrice - once) / 2
    return Pace(max(0.0, once - epoch) / share, epoch / share)


@dataclass(frozen=True)
class Sample:
    """Trials of an epoch that stand for all of it."""

    rows: NDArray[np.intp]
    """Their rows, in order."""
    share: float
    """Share of the epoch's work that they make up, in (0, 1]."""
    beyond: int
    """Criteria tokens, padding included, by which the largest batch exceeds theirs."""


def telling_batch(trials: Sequence[EncodedTrial], settings: TrainSettings) -> Sample:
    """Choose the batch of median size in the first epoch.

    A step costs something for each trial and something for each criteria token, padding included: the share is the
    mean of both shares.
    """
    batches = Batches.over(trials, settings.batch_size, settings.tokens_per_batch, settings.seed)
    epoch = batches.epoch(0)
    padded = [len(rows) * max(1, *(batches.lengths[row] for row in rows)) for rows in epoch]
    chosen = int(np.argsort(padded, kind="stable")[len(padded) // 2])
    share = (padded[chosen] / sum(padded) + len(epoch[chosen]) / len(trials)) / 2
    return Sample(np.sort(epoch[chosen]), share, max(padded) - padded[chosen])


def _thinned(labelled: Labelled, share: float) -> Labelled:
    """Return about that share of the trials of each class, at least one where there are any."""
    trials, labels = labelled[0], np.asarray(labelled[1])
    step = max(1, round(1 / share))
    rows = np.sort(np.concatenate([np.flatnonzero(labels == label)[::step] for label in (0, 1)]))
    return [trials[row] for row in rows], labels[rows].tolist()


def bytes_beyond(trials: Sequence[EncodedTrial], settings: TrainSettings) -> int:
    """Return what the largest batch of an epoch takes in memory beyond the one that is timed, about.

    For each criteria token its states in half and in single precision, and as much again to go back.
    """
    return int(telling_batch(trials, settings).beyond * LEVELS * trials[0].criteria.shape[2] * (2 + 4 + 6))
