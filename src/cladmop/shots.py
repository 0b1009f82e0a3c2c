"""Zero-shot and few-shot: what the pre-trained network knows without labels, and with a handful."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.pipeline import NetworkSettings, encode_trials, make_trial_encoder, mean_probability, pretrain_network
from cladmop.reproduce import Say, TopData, claim, network_folder, scores_by_id
from cladmop.results import Row, save_row

REFERENCES = 128
"""Training successes whose drugs and diseases stand for "any other" in a zero-shot match."""


def draw_reference(successes: Sequence[EncodedTrial], seed: int) -> list[EncodedTrial]:
    """Draw `REFERENCES` of the training successes, or all if there are fewer, in their own order."""
    drawn = np.random.default_rng(seed).permutation(len(successes))[:REFERENCES]
    return [successes[row] for row in np.sort(drawn)]


class Shots:
    """One pre-trained network and the encoded splits it scores.

    Parameters
    ----------
    data
        A phase of TOP.
    settings
        Of the network; the encoder's states and finished stages are reused.
    folder
        Runs folder; rows go to ``shots/``, and the pre-trained network is that of ``reproduce`` in the same folder.
    say
        Told what is going on.
    """

    def __init__(self, data: TopData, settings: NetworkSettings, folder: Path, say: Say) -> None:
        self.data, self.settings, self.say = data, settings, say
        self.folder = folder / "shots" / settings.slug()
        claim(self.folder, {"phase": data.phase, **settings.to_dict()})
        encoder = make_trial_encoder(settings.encoding)
        groups = [data.trials("train"), data.trials("valid"), data.test, data.successes]
        self.train, self.valid, self.test, self.pool = encode_trials(encoder, groups, say)
        self.labels = np.asarray(data.labels("train"))
        self.successes = [trial for trial, label in zip(self.train, self.labels, strict=True) if label == 1]
        place = network_folder(folder, settings) / "pretrained"
        self.network = pretrain_network(place, settings, [*self.successes, *self.pool])

    def zero_shot(self) -> Row:
        """Score validation and test by the pre-trained match alone; no outcome label is used."""
        from cladmop.training.predict import match_scores

        reference = draw_reference(self.successes, self.settings.seed)
        scores = {
            "valid": [self._by_id("valid", match_scores(self.network, self.valid, reference))],
            "test": [self._by_id("test", match_scores(self.network, self.test, reference))],
        }
        return save_row(self.folder / "zero-shot", f"{self._name()}, zero-shot", "match score, no labels", scores)

    def few_shot(self, k: int, draws: int) -> Row:
        """Fine-tune on ``k`` failures and ``k`` successes, drawn ``draws`` times, and score validation and test.

        Raises
        ------
        InputError
            If a class has fewer than ``k`` training trials.
        """
        rarer = int(min(np.bincount(self.labels, minlength=2)))
        if not 1 <= k <= rarer:
            raise InputError(f"k = {k}: give 1 to {rarer}, the training trials of the rarer class")
        scores: dict[str, list[dict[str, float]]] = {"valid": [], "test": []}
        for draw in range(draws):
            valid, test = self._draw(k, draw)
            scores["valid"].append(self._by_id("valid", valid))
            scores["test"].append(self._by_id("test", test))
        name = f"{self._name()}, {k}-shot"
        return save_row(self.folder / f"few-shot-{k:03d}", name, f"{k} trials a class, mean of {draws} draws", scores)

    def _draw(self, k: int, draw: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Train on one draw for a fixed number of epochs: k trials are too few to spare any for stopping."""
        from cladmop.training.finetune import finetune

        generator = np.random.default_rng((self.settings.seed, k, draw))
        rows = [generator.choice(np.flatnonzero(self.labels == label), k, replace=False) for label in (0, 1)]
        chosen = np.sort(np.concatenate(rows))
        settings = replace(self.settings.finetune_settings(), epochs=20, seed=self.settings.seed + draw)
        few: Sequence[EncodedTrial] = [self.train[row] for row in chosen]
        folder = self.folder / "draws" / f"{k:03d}-{draw:02d}"
        network = finetune(self.network, few, self.labels[chosen], [], [], settings, folder)
        return mean_probability([network], self.valid), mean_probability([network], self.test)

    def _by_id(self, split: str, scores: NDArray[np.float64]) -> dict[str, float]:
        trials = self.data.test if split == "test" else self.data.trials("valid")
        return scores_by_id(trials, scores)

    def _name(self) -> str:
        return f"CLaDMoP, {Path(self.settings.encoding.encoder).name}, {self.settings.encoding.unit}"
