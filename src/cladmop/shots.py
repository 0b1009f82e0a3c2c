"""Zero-shot and few-shot: what the pre-trained network knows without labels, and with a handful."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.pipeline import NetworkSettings, encode_trials, forecast_training, make_trial_encoder, mean_probability
from cladmop.reproduce import Say, claim, network_folder, scores_by_id
from cladmop.results import Row, save_row
from cladmop.rivals.meta.tasks import draw_shots
from cladmop.rivals.network import FEW_EPOCHS, REFERENCES, match_probability, pretrain_beside, successes_of, tune_few
from cladmop.top_data import TopData
from cladmop.training.cost import TrainingForecast, duration

if TYPE_CHECKING:
    from cladmop.model.cladmop import CLaDMoP

_TIMED = 16
"""Trials scored to tell how long all will take."""


def train_few(  # noqa: PLR0917 (the start, the trials to draw from, then how and where)
    start: "CLaDMoP | None",
    trials: Sequence[EncodedTrial],
    labels: NDArray[np.int64],
    k: int,
    draw: int,
    settings: NetworkSettings,
    folder: Path,
) -> "CLaDMoP":
    """Fine-tune on ``k`` failures and ``k`` successes, drawn by seed, k and the number of the draw (`tune_few`)."""
    chosen = draw_shots(labels, k, draw, settings.seed)
    return tune_few(start, [trials[row] for row in chosen], labels[chosen], draw, settings, folder)


def few_shot_settings(settings: NetworkSettings) -> NetworkSettings:
    """Return settings that cost what fine-tuning on a handful does: its epochs, and no pre-training of its own."""
    return replace(settings, pretraining=False, finetune={**settings.finetune, "epochs": FEW_EPOCHS})


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
        self.folder = folder / "shots" / data.named(settings.slug(), "-corpus")
        claim(self.folder, {**data.identity(), **settings.to_dict()})
        encoder = make_trial_encoder(settings.encoding)
        groups = [data.trials("train"), data.trials("valid"), data.test, data.past]
        self.train, self.valid, self.test, past = encode_trials(encoder, groups, say)
        self.labels = np.asarray(data.labels("train"))
        self.successes = successes_of(self.train, self.labels)
        place, pool = network_folder(folder, data, settings) / "pretrained", data.pool(past)
        train = self.train, self.labels.tolist()
        say(f"training: {forecast_training(settings, train, ([], []), pool, [place], [])}")
        self.network = pretrain_beside(self.successes, pool, settings, place)

    def zero_shot(self) -> list[Row]:
        """Score validation and test by what pre-training learned alone; no outcome label is used.

        Pair matching gives the match of criteria with their own drugs, completion the probability of completing.
        """
        rows, seed = [], self.settings.seed
        if self.settings.objective != "completion":
            number = len(self.valid) + len(self.test)
            self.say(f"zero-shot: {number:,} trials against {REFERENCES} others, {self._matching_time(number)}")
            matches = {
                split: match_probability(self.network, getattr(self, split), self.successes, seed)
                for split in ("valid", "test")
            }
            rows.append(self._zero_shot_row("zero-shot", "match score, no labels", matches))
        if self.settings.objective != "matching":
            completions = {split: mean_probability([self.network], getattr(self, split)) for split in ("valid", "test")}
            rows.append(
                self._zero_shot_row("zero-shot, completion", "of the corpus's statuses, no labels", completions)
            )
        return rows

    def _matching_time(self, number: int) -> str:
        """Score a few trials, and tell how long so many will take."""
        start = perf_counter()
        match_probability(self.network, self.valid[:_TIMED], self.successes, self.settings.seed)
        return f"about {duration((perf_counter() - start) * number / min(_TIMED, len(self.valid)))}"

    def _zero_shot_row(self, name: str, note: str, scores: Mapping[str, NDArray[np.float64]]) -> Row:
        splits = {split: [self._by_id(split, values)] for split, values in scores.items()}
        return save_row(self.folder / name.replace(", ", "-"), f"{self._name()}, {name}", note, splits)

    def announce(self, sizes: Sequence[int], draws: int) -> None:
        """Say what `few_shot` of several sizes will take.

        Raises
        ------
        InputError
            If a class has fewer training trials than one of the sizes.
        """
        settings = few_shot_settings(self.settings)
        scored, forecasts = len(self.valid) + len(self.test), []
        for k in sizes:
            self._require(k)
            rows = draw_shots(self.labels, k, 0, self.settings.seed)
            few = [self.train[row] for row in rows], self.labels[rows].tolist()
            places = [self._place(k, draw) for draw in range(draws)]
            forecasts.append(forecast_training(settings, few, ([], []), [], [], places, scored))
        self.say(f"few-shot: {TrainingForecast.total(forecasts)}")

    def few_shot(self, k: int, draws: int) -> Row:
        """Fine-tune on ``k`` failures and ``k`` successes, drawn ``draws`` times, and score validation and test.

        Raises
        ------
        InputError
            If a class has fewer than ``k`` training trials.
        """
        self._require(k)
        scores: dict[str, list[dict[str, float]]] = {"valid": [], "test": []}
        for draw in range(draws):
            valid, test = self._draw(k, draw)
            scores["valid"].append(self._by_id("valid", valid))
            scores["test"].append(self._by_id("test", test))
        name = f"{self._name()}, {k}-shot"
        return save_row(self.folder / f"few-shot-{k:03d}", name, f"{k} trials a class, mean of {draws} draws", scores)

    def _require(self, k: int) -> None:
        rarer = int(min(np.bincount(self.labels, minlength=2)))
        if not 1 <= k <= rarer:
            raise InputError(f"k = {k}: give 1 to {rarer}, the training trials of the rarer class")

    def _place(self, k: int, draw: int) -> Path:
        return self.folder / "draws" / f"{k:03d}-{draw:02d}"

    def _draw(self, k: int, draw: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        network = train_few(self.network, self.train, self.labels, k, draw, self.settings, self._place(k, draw))
        return mean_probability([network], self.valid), mean_probability([network], self.test)

    def _by_id(self, split: str, scores: NDArray[np.float64]) -> dict[str, float]:
        trials = self.data.test if split == "test" else self.data.trials("valid")
        return scores_by_id(trials, scores)

    def _name(self) -> str:
        return self.data.named(f"CLaDMoP, {Path(self.settings.encoding.encoder).name}, {self.settings.encoding.unit}")
