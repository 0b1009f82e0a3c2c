"""Every variant is trained and measured on the same folds of one phase's labelled trials; no test split is read.

A fold's held-out trials judge and do nothing else: a tenth of its other trials, of both classes, decides when to stop.
Folds follow NCT numbers. Scores become ranks within their fold, so that all labelled trials can be measured at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.ablation.variants import BASE, Variant, variants
from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.evaluation.folds import Fold, ordered_folds
from cladmop.pipeline import (
    Encodings,
    NetworkSettings,
    encoding_cost,
    forecast_training,
    mean_probability,
)
from cladmop.records import LabelledTrial
from cladmop.reproduce import Say, claim
from cladmop.results import Row, save_row, slug
from cladmop.rivals.network import match_probability, pretrain_beside, successes_of
from cladmop.top_data import TopData
from cladmop.training.cohort import PretrainTrials

if TYPE_CHECKING:
    from cladmop.model.cladmop import CLaDMoP

SPLIT = "folds"
"""Name of the measured trials in a row of results."""
_STOPPING = 10
"""One training trial of a fold in so many decides when to stop."""


@dataclass(frozen=True)
class _Part:
    """Rows of the labelled trials in one fold, each a part of its own."""

    place: str
    train: NDArray[np.intp]
    stop: NDArray[np.intp]
    judged: NDArray[np.intp]


class Ablation:
    """Measures variants of one network on the folds of one phase of TOP.

    Parameters
    ----------
    data
        A phase of TOP. Its training and validation trials are cut into folds; its test trials are not looked at.
    base
        Settings that the variants change.
    folds
        Number of folds by NCT number.
    seeds
        Networks a fold, whose log-odds are averaged.
    folder
        Runs folder; finished stages are kept.
    say
        Told what is going on.
    others
        Labelled trials of other phases, none of them in this phase's splits or in any test split; without them the
        variants that learn from those cannot be measured.
    """

    def __init__(  # noqa: PLR0917 (what, how, how often, where)
        self,
        data: TopData,
        base: NetworkSettings,
        folds: int,
        seeds: int,
        folder: Path,
        say: Say,
        others: Sequence[LabelledTrial] = (),
    ) -> None:
        self.variants = variants(base)
        self._data, self._base, self._folder, self._say = data, base, folder, say
        self._seeds = range(base.seed, base.seed + seeds)
        self._others = others
        self._trials = [*data.trials("train"), *data.trials("valid")]
        self._labels = np.array([*data.labels("train"), *data.labels("valid")])
        self._ids = [str(trial.nct_id) for trial in self._trials]
        self._parts = [self._part(number, fold) for number, fold in enumerate(ordered_folds(self._ids, folds))]
        self._identity = {**data.identity(), "folds": folds, "seeds": seeds, **base.to_dict()}
        self._encodings = Encodings(say)

    def run(self, only: Sequence[str] = ()) -> list[Row]:
        """Measure the named variants, or all that can be if none is named.

        Raises
        ------
        InputError
            If a name is not a variant or needs trials that are not there, or the folder was begun with other settings.
        """
        possible = [name for name, one in self.variants.items() if one.labels == "phase" or self._others]
        for name in only:
            if name not in self.variants:
                raise InputError(f"--only {name!r}: the variants are {', '.join(map(repr, self.variants))}")
            if name not in possible:
                raise InputError(f"--only {name!r} needs labelled trials of other phases; get their files as well")
        names = [name for name in possible if not only or name in only]
        claim(self._folder, self._identity)
        self._announce(names)
        rows = []
        for number, name in enumerate(names, start=1):
            self._say(f"{name} ({number} of {len(names)})")
            rows.append(self._measure(name))
        return rows

    def _announce(self, names: Sequence[str]) -> None:
        """Say what is left to train, and for how long if every variant costs what the base does."""
        part, base = self._parts[0], self.variants[BASE]
        encoder = self._encodings.encoder(self._base.encoding)
        everything = [*self._trials, *self._data.past]
        self._say(encoding_cost(encoder, encoder.forecast(everything, timed=True)))
        past = self._encodings.encode(self._base.encoding, everything)[len(self._trials) :]
        runs = [(name, self.variants[name], one, seed) for name, one, seed in product(names, self._parts, self._seeds)]
        pretrained = {
            self._pretraining_place(kind, one, seed) for _, kind, one, seed in runs if kind.settings.pretraining
        }
        finetuned = [self._place(name, one, seed) for name, kind, one, seed in runs if kind.score == "outcome"]
        train, stop = ((self._take(base, rows), self._labels[rows].tolist()) for rows in (part.train, part.stop))
        pool = self._data.pool(past)
        forecast = forecast_training(self._base, train, stop, pool, sorted(pretrained), finetuned, len(part.judged))
        self._say(f"training, if each variant costs what {BASE!r} does: {forecast}")
        if any(self.variants[name].settings.encoding != self._base.encoding for name in names):
            self._say("variants that read other states say what encoding takes when they come")

    def _measure(self, name: str) -> Row:
        variant = self.variants[name]
        scores: dict[str, float] = {}
        for part in self._parts:
            values = _ranks(self._scores(name, variant, part))
            scores |= {self._ids[row]: value for row, value in zip(part.judged, values.tolist(), strict=True)}
        note = f"{len(self._parts)} folds, " + (f"{len(self._seeds)} seeds" if len(self._seeds) > 1 else "one seed")
        return save_row(self._folder / slug(name) / "row", name, note, {SPLIT: [scores]})

    def _scores(self, name: str, variant: Variant, part: _Part) -> NDArray[np.float64]:
        """Return the scores of a fold's held-out trials, shape (n,)."""
        judged = self._take(variant, part.judged)
        teaching = successes_of(self._take(variant, part.train), self._labels[part.train])
        networks, matches = [], []
        for seed in self._seeds:
            seeded = replace(variant, settings=replace(variant.settings, seed=seed))
            start = self._pretrained(seeded, teaching, self._pretraining_place(variant, part, seed))
            if variant.score == "outcome":
                networks.append(self._finetuned(start, seeded, part, self._place(name, part, seed)))
            elif start is not None:
                matches.append(match_probability(start, judged, teaching, seed))
        return mean_probability(networks, judged) if networks else np.mean(matches, axis=0)

    def _place(self, name: str, part: _Part, seed: int) -> Path:
        return self._folder / slug(name) / part.place / f"seed-{seed}"

    def _pretraining_place(self, variant: Variant, part: _Part, seed: int) -> Path:
        """Return where a pre-trained network is kept; variants that differ in what comes later share it."""
        sharing = next(name for name, other in self.variants.items() if other.pretraining() == variant.pretraining())
        return self._folder / "pretrained" / slug(sharing) / part.place / f"seed-{seed}"

    def _pretrained(self, variant: Variant, teaching: Sequence[EncodedTrial], place: Path) -> "CLaDMoP | None":
        """Pre-train beside a fold's successes."""
        if not variant.settings.pretraining:
            return None
        pool = self._pool(variant, self._encodings.encode(variant.settings.encoding, self._data.past))
        return pretrain_beside(teaching, pool, variant.settings, place)

    def _pool(self, variant: Variant, past: Sequence[EncodedTrial]) -> PretrainTrials:
        """Return the past trials that a variant may see."""
        pool = self._data.pool(past)
        if variant.pool == "all":
            return pool
        others = len(self._data.successes)
        own = [row for row, one in enumerate(self._data.corpus, others) if one.trial.phase.group == self._data.phase]
        return pool.take(np.array(own, dtype=np.intp))

    def _finetuned(self, start: "CLaDMoP | None", variant: Variant, part: _Part, place: Path) -> "CLaDMoP":
        from cladmop.training.finetune import finetune

        train, labels = self._take(variant, part.train), self._labels[part.train]
        if variant.labels == "all":
            train = [*train, *self._encodings.encode(variant.settings.encoding, [one.trial for one in self._others])]
            labels = np.array([*labels, *(one.success for one in self._others)])
        stop = self._take(variant, part.stop), self._labels[part.stop]
        config = variant.settings.model_config(train[0]) if start is None else None
        return finetune(start, train, labels, *stop, variant.settings.finetune_settings(), place, config=config)

    def _part(self, number: int, fold: Fold) -> _Part:
        from sklearn.model_selection import train_test_split

        train, stop = train_test_split(
            fold.train,
            test_size=max(2, len(fold.train) // _STOPPING),
            stratify=self._labels[fold.train],
            random_state=self._base.seed,
        )
        return _Part(f"fold-{number + 1}", np.sort(train), np.sort(stop), fold.validation)

    def _take(self, variant: Variant, rows: NDArray[np.intp]) -> list[EncodedTrial]:
        encoded = self._encodings.encode(variant.settings.encoding, self._trials)
        return [encoded[row] for row in rows]


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks in (0, 1), ties alike: networks of different folds have scales of their own."""
    from scipy.stats import rankdata

    return np.asarray((rankdata(scores) - 0.5) / len(scores), dtype=np.float64)
