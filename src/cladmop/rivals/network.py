"""CLaDMoP as a rival: in full, by pair matching alone, and fine-tuned on a handful of trials."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.pipeline import NetworkSettings, mean_probability, pretrain_network, train_network
from cladmop.records import Trial
from cladmop.rivals.base import Encode, Labelled, fit_labels, labelled_set, not_fitted
from cladmop.training.cohort import Pool, PretrainTrials

if TYPE_CHECKING:
    from cladmop.model.cladmop import CLaDMoP

REFERENCES = 128
"""Training successes whose drugs and diseases stand for "any other" in a zero-shot match."""
FEW_EPOCHS = 20
"""Epochs of fine-tuning on a handful: too few trials to spare any for stopping."""


def draw_reference(successes: Sequence[EncodedTrial], seed: int) -> list[EncodedTrial]:
    """Draw `REFERENCES` of the training successes, or all if there are fewer, in their own order."""
    drawn = np.random.default_rng(seed).permutation(len(successes))[:REFERENCES]
    return [successes[row] for row in np.sort(drawn)]


def successes_of(trials: Sequence[EncodedTrial], labels: ArrayLike) -> list[EncodedTrial]:
    """Return the trials with label 1, in their order; ``labels`` has shape (n,)."""
    return [trial for trial, label in zip(trials, np.asarray(labels).tolist(), strict=True) if label == 1]


def pretrain_beside(
    successes: Sequence[EncodedTrial], pool: Pool, settings: NetworkSettings, folder: Path
) -> "CLaDMoP":
    """Pre-train on the training trials' successes and, after them, a pool of past trials; kept in ``folder``."""
    return pretrain_network(folder, settings, PretrainTrials.successes(successes).joined(PretrainTrials.of(pool)))


def match_probability(
    network: "CLaDMoP", encoded: Sequence[EncodedTrial], successes: Sequence[EncodedTrial], seed: int
) -> NDArray[np.float64]:
    """Return zero-shot scores against a reference drawn from training successes, shape (n,), in [0, 1]."""
    from cladmop.training.predict import match_scores

    return match_scores(network, encoded, draw_reference(successes, seed))


def tune_few(  # noqa: PLR0917 (the start, the trials, then how and where)
    start: "CLaDMoP | None",
    few: Sequence[EncodedTrial],
    labels: NDArray[np.int64],
    draw: int,
    settings: NetworkSettings,
    folder: Path,
) -> "CLaDMoP":
    """Fine-tune on a handful of trials for `FEW_EPOCHS`, without validation; from random weights without a start.

    The draw's number is added to the seed, so that draws differ in more than their trials.
    """
    from cladmop.training.finetune import finetune

    training = replace(settings.finetune_settings(), epochs=FEW_EPOCHS, seed=settings.seed + draw)
    config = settings.model_config(few[0]) if start is None else None
    return finetune(start, few, labels, [], [], training, folder, config=config)


class Network:
    """CLaDMoP (KDD 2025, arXiv 2505.18527): pre-trained by pair matching, fine-tuned for the outcome.

    Parameters
    ----------
    encode
        Turns trials into arrays, as ``settings.encoding`` says.
    settings
        Of the network and both stages; its seed decides weights, order and dropout.
    successes
        Successful trials of other phases; pre-training adds those of the training trials.
    valid
        Labelled trials that decide when to stop.
    folder
        Gets ``pretrained/`` and ``finetuned/``; finished stages are kept, and a killed fit goes on.

    Raises
    ------
    InputError
        If ``valid`` is empty or of one class only, or a trial of ``successes`` is among it.
    """

    kind: ClassVar[str] = "cladmop"

    def __init__(
        self, encode: Encode, settings: NetworkSettings, successes: Sequence[Trial], valid: Labelled, folder: Path
    ) -> None:
        self.encode, self.settings, self.folder = encode, settings, folder
        self._valid, self._valid_labels = labelled_set(valid, f"{self.kind}, validation trials")
        _refuse_shared(successes, self._valid)
        self._successes = successes
        self._network: CLaDMoP | None = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Pre-train, unless the settings say otherwise, and fine-tune (see `Rival`).

        Raises
        ------
        InputError
            Also if the folder holds a training on other trials or with other settings.
        """
        truth = fit_labels(trials, labels)
        train = self.encode(trials), truth.tolist()
        valid = self.encode(self._valid), self._valid_labels.tolist()
        # Stages are compared by what they were trained on, so the pool keeps its order.
        pool = self.encode(self._successes) if self.settings.pretraining else []
        self._network = train_network(self.folder, self.settings, train, valid, pool)
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        if self._network is None:
            raise not_fitted(self.kind)
        return mean_probability([self._network], self.encode(trials))


class ZeroShot:
    """CLaDMoP by pair matching alone: how much better criteria match their own drugs and diseases than others'.

    Failures are not used at all. Of the successes the network learns only what belongs together; the paper states no
    score, see `cladmop.training.predict.match_scores`.

    Parameters
    ----------
    encode, settings, successes
        As of `Network`.
    folder
        Gets ``pretrained/``; the folder of a `Network` with equal settings and trials is shared with it.

    Raises
    ------
    InputError
        If the settings leave pre-training out, or it learns completion.
    """

    kind: ClassVar[str] = "cladmop-zero-shot"

    def __init__(self, encode: Encode, settings: NetworkSettings, successes: Sequence[Trial], folder: Path) -> None:
        if not settings.pretraining or settings.objective != "matching":
            learned = f"objective {settings.objective!r}" if settings.pretraining else "no pre-training"
            raise InputError(f"{self.kind}: {learned} gives no match score; use pre-training with 'matching'")
        self.encode, self.settings, self.folder = encode, settings, folder
        self._successes = successes
        self._network: CLaDMoP | None = None
        self._own: list[EncodedTrial] = []

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Pre-train on the successes of the trials, then those of other phases (see `Rival`).

        Raises
        ------
        InputError
            Also if the folder holds a training on other trials or with other settings.
        """
        truth = fit_labels(trials, labels)
        self._own = successes_of(self.encode(trials), truth)
        pool = self.encode(self._successes)
        self._network = pretrain_beside(self._own, pool, self.settings, self.folder / "pretrained")
        return self

    @property
    def network(self) -> "CLaDMoP":
        """The pre-trained network; an error before ``fit``."""
        if self._network is None:
            raise not_fitted(self.kind)
        return self._network

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the match score of each trial, shape (n,): no probability of success, but ranked like one."""
        return match_probability(self.network, self.encode(trials), self._own, self.settings.seed)


class Shot:
    """CLaDMoP, fine-tuned from a pre-trained network on a handful of trials, without validation.

    Which trials they are is the caller's to draw (`cladmop.rivals.few_shot.FewShot`).

    Parameters
    ----------
    start
        The pre-trained network, fitted before this is; it is shared by draws and not changed.
    draw
        Number of the draw, from 0; added to the seed.
    folder
        Gets the checkpoint of this draw.
    """

    kind: ClassVar[str] = "cladmop-few-shot"

    def __init__(self, start: ZeroShot, draw: int, folder: Path) -> None:
        self.start, self.draw, self.folder = start, draw, folder
        self._network: CLaDMoP | None = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Fine-tune on all the trials given (see `Rival`).

        Raises
        ------
        CladmopError
            Also if ``start`` is not fitted.
        """
        truth = fit_labels(trials, labels)
        few = self.start.encode(trials)
        self._network = tune_few(self.start.network, few, truth, self.draw, self.start.settings, self.folder)
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        if self._network is None:
            raise not_fitted(self.kind)
        return mean_probability([self._network], self.start.encode(trials))


def _refuse_shared(successes: Sequence[Trial], valid: Sequence[Trial]) -> None:
    """Refuse a validation trial that pre-training would see as a success: that would leak its label."""
    judging = {trial.nct_id for trial in valid if trial.nct_id is not None}
    shared = [trial.nct_id for trial in successes if trial.nct_id in judging]
    if shared:
        raise InputError(
            f"{len(shared)} trials to pre-train on are validation trials too, {shared[0]} first; leave them out"
        )
