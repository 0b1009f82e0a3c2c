"""Each variant is trained once a fold and measured on the trials held out and, when asked, once more for test.

Measured are the fine-tuned outcome, a few-shot outcome, what pre-training alone says (zero-shot), and how well the own
drugs and diseases of held-out criteria are found. Folds follow NCT numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import no_grad

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.evaluation.folds import Fold, ordered_folds
from cladmop.pipeline import (
    NetworkSettings,
    encode_trials,
    forecast_training,
    make_trial_encoder,
    mean_probability,
    pretrain_network,
)
from cladmop.reproduce import Say, claim, scores_by_id
from cladmop.results import Row, save_row
from cladmop.rivals.meta.tasks import draw_shots
from cladmop.rivals.network import draw_reference
from cladmop.shots import few_shot_settings, train_few
from cladmop.storage import write_json
from cladmop.top_data import TopData
from cladmop.training.cohort import PretrainTrials
from cladmop.training.cost import TrainingForecast
from cladmop.training.finetune import finetune
from cladmop.training.matching import retrieval
from cladmop.training.predict import match_scores
from cladmop.transfer.variants import WHOLE, Variant, variants

if TYPE_CHECKING:
    from cladmop.encoders.trial import TrialEncoder
    from cladmop.model.cladmop import CLaDMoP

FEW = 32
"""Trials a class of the few-shot measurement."""


@dataclass(frozen=True)
class _Encoded:
    """The labelled trials and those of the past, as arrays."""

    ids: list[str]
    labelled: list[EncodedTrial]
    labels: NDArray[np.int64]
    past: list[EncodedTrial]
    folds: list[Fold]


class Transfer:
    """Measures variants on the folds of one phase of TOP.

    Parameters
    ----------
    data
        A phase of TOP with a corpus.
    base
        Settings of the network; the variants change them.
    folds
        Number of folds by NCT number.
    draws
        Few-shot draws a fold.
    folder
        Runs folder; finished stages are kept.
    say
        Told what is going on.

    Raises
    ------
    InputError
        If there is no corpus, or the folder was begun with other settings.
    """

    def __init__(  # noqa: PLR0917 (what, how, how often, where)
        self, data: TopData, base: NetworkSettings, folds: int, draws: int, folder: Path, say: Say
    ) -> None:
        if not data.corpus:
            raise InputError("no corpus to pre-train on; give --corpus DIR (see `cladmop corpus build`)")
        claim(folder, {**data.identity(), "folds": folds, "draws": draws, **base.to_dict()})
        self._data, self._base, self._draws, self._folder, self._say = data, base, draws, folder, say
        trials = [*data.trials("train"), *data.trials("valid")]
        self._encoder: TrialEncoder = make_trial_encoder(base.encoding)
        labelled, past = encode_trials(self._encoder, [trials, data.past], say)
        ids = [str(trial.nct_id) for trial in trials]
        labels = np.array([*data.labels("train"), *data.labels("valid")])
        self._encoded = _Encoded(ids, labelled, labels, past, ordered_folds(ids, folds))

    def announce(self, names: Sequence[str], seeds: int | None = None) -> None:
        """Say what is left to train, and for how long if every variant costs what that of the whole corpus does.

        Parameters
        ----------
        names
            Variants to be measured.
        seeds
            Networks each for the test split; none for the folds.

        Raises
        ------
        InputError
            If there is no such variant.
        """
        found = [self._find(name) for name in names]
        settings, fold = variants(self._base)[WHOLE].settings, self._encoded.folds[0]
        rows = np.arange(len(self._encoded.labels)) if seeds else fold.train
        numbers, kind = (range(seeds), "all") if seeds else (range(len(self._encoded.folds)), "fold")
        pretrained = {
            self._pretraining_place(variant, f"{kind}-{number}")
            for variant, _ in found
            for number in numbers
            if variant.settings.pretraining
        }
        folds = [place / f"fold-{number}" for _, place in found for number in numbers]
        tests = [self._folder / "test" / place.name / f"seed-{number}" for _, place in found for number in numbers]
        finetuned = tests if seeds else [place / "finetuned" for place in folds]
        pool, scored = self._data.pool(self._encoded.past), len(self._data.test if seeds else fold.validation)
        forecasts = [
            forecast_training(settings, self._own(rows), ([], []), pool, sorted(pretrained), finetuned, scored)
        ]
        if not seeds:
            few = rows[draw_shots(self._encoded.labels[rows], FEW, 0, settings.seed)]
            draws = [place / f"few-{draw}" for place in folds for draw in range(self._draws)]
            alone = few_shot_settings(settings)
            forecasts.append(forecast_training(alone, self._own(few), ([], []), [], [], draws, scored))
        self._say(f"training, if each variant costs what {WHOLE!r} does: {TrainingForecast.total(forecasts)}")

    def _own(self, rows: NDArray[np.intp]) -> tuple[list[EncodedTrial], list[int]]:
        """Return some of the labelled trials with their labels."""
        return [self._encoded.labelled[row] for row in rows], self._encoded.labels[rows].tolist()

    def measure(self, name: str) -> list[Row]:
        """Train one variant on every fold and store its rows; finished folds are kept.

        Raises
        ------
        InputError
            If there is no such variant.
        """
        variant, place = self._find(name)
        outcomes: dict[str, dict[str, float]] = {}
        draws: list[dict[str, float]] = [{} for _ in range(self._draws)]
        found: list[dict[str, float]] = []
        for number, fold in enumerate(self._encoded.folds):
            self._say(f"{name}: fold {number + 1} of {len(self._encoded.folds)}")
            start = self._pretrained(variant, fold.train, f"fold-{number}")
            run = _FoldRun(self._encoded, fold, variant.settings, start, place / f"fold-{number}")
            for kind, scores in run.outcomes().items():
                outcomes.setdefault(kind, {}).update(scores)
            for draw, scores in enumerate(run.few_shot(self._draws)):
                draws[draw].update(scores)
            found.append(run.retrieval())
        rows = [
            save_row(place / kind, _named(name, kind), kind, {"valid": [scores]}) for kind, scores in outcomes.items()
        ]
        few = f"{FEW}-shot"
        rows.append(save_row(place / few, _named(name, few), f"mean of {self._draws} draws", {"valid": draws}))
        write_json(place / "retrieval.json", {"name": name, "folds": found})
        return rows

    def score_test(self, name: str, seeds: int) -> Row:
        """Train one variant on all labelled trials, once a seed, and store its mean scores of the test split.

        No test label is read.

        Raises
        ------
        InputError
            If there is no such variant.
        """
        variant, _ = self._find(name)
        (test,) = encode_trials(self._encoder, [self._data.test], self._say)
        everything = np.arange(len(self._encoded.labels))
        networks = []
        for seed in range(seeds):
            self._say(f"{name}: network {seed + 1} of {seeds}")
            seeded = replace(variant, settings=replace(variant.settings, seed=seed))
            start = self._pretrained(seeded, everything, f"all-{seed}")
            place = self._folder / "test" / self._number(variant)
            networks.append(_finetuned(start, self._encoded, everything, seeded.settings, place / f"seed-{seed}"))
        scores = scores_by_id(self._data.test, mean_probability(networks, test))
        note = f"mean of {seeds} seeds, trained on train and valid"
        return save_row(self._folder / "test" / self._number(variant) / "row", name, note, {"test": [scores]})

    def _find(self, name: str) -> tuple[Variant, Path]:
        """Return a variant and its folder."""
        known = variants(self._base)
        if name not in known:
            raise InputError(f"--only {name!r}: the variants are {', '.join(map(repr, known))}")
        return known[name], self._folder / self._number(known[name])

    def _number(self, variant: Variant) -> str:
        """Return the number of a variant, whatever its seed, as its folder's name."""
        plain = replace(variant, settings=replace(variant.settings, seed=self._base.seed))
        return f"{list(variants(self._base).values()).index(plain):02d}"

    def _pretrained(self, variant: Variant, rows: NDArray[np.intp], place: str) -> "CLaDMoP | None":
        """Pre-train a variant beside some labelled trials; variants that differ in fine-tuning only share it."""
        if not variant.settings.pretraining:
            return None
        folder = self._pretraining_place(variant, place)
        own = [self._encoded.labelled[row] for row in rows if self._encoded.labels[row] == 1]
        pool = PretrainTrials.successes(own).joined(self._pool(variant))
        return pretrain_network(folder, variant.settings, pool)

    def _pretraining_place(self, variant: Variant, place: str) -> Path:
        """Return where a pre-trained network is kept; variants that differ in what comes later share it."""
        same = (other for other in variants(self._base).values() if other.pretraining() == variant.pretraining())
        return self._folder / "pretrained" / self._number(next(same)) / place

    def _pool(self, variant: Variant) -> PretrainTrials:
        """Return the past trials that a variant may see."""
        everything = self._data.pool(self._encoded.past)
        others = len(self._data.successes)
        order = np.random.default_rng(self._base.seed).permutation(len(self._data.corpus))
        chosen = np.sort(order[: round(variant.corpus * len(order))])
        if variant.since is not None:
            years = [
                one.outcome.completion_date.year if one.outcome.completion_date else 0 for one in self._data.corpus
            ]
            chosen = chosen[np.array(years)[chosen] >= variant.since]
        pool = everything.take(np.concatenate([np.arange(others), others + chosen]))
        if variant.every_completed:
            return PretrainTrials(pool.encoded, pool.successful | (pool.completed == 1), pool.completed)
        return pool


def _finetuned(
    start: "CLaDMoP | None", encoded: _Encoded, rows: NDArray[np.intp], settings: NetworkSettings, folder: Path
) -> "CLaDMoP":
    """Fine-tune on some labelled trials for the fixed number of epochs, from random weights without a start."""
    trials: Sequence[EncodedTrial] = [encoded.labelled[row] for row in rows]
    config = settings.model_config(trials[0]) if start is None else None
    return finetune(start, trials, encoded.labels[rows], [], [], settings.finetune_settings(), folder, config=config)


class _FoldRun:
    """One variant on one fold: trained at once, measured on the trials held out."""

    def __init__(
        self, encoded: _Encoded, fold: Fold, settings: NetworkSettings, start: "CLaDMoP | None", folder: Path
    ) -> None:
        self._settings, self._start, self._folder = settings, start, folder
        self._ids = [encoded.ids[row] for row in fold.validation]
        self._held_out = [encoded.labelled[row] for row in fold.validation]
        self._own = [trial for trial, row in zip(self._held_out, fold.validation, strict=True) if encoded.labels[row]]
        self._train = [encoded.labelled[row] for row in fold.train]
        self._labels = encoded.labels[fold.train]
        self._network = _finetuned(start, encoded, fold.train, settings, folder / "finetuned")

    def outcomes(self) -> dict[str, dict[str, float]]:
        """Return scores by number, of the fine-tuned network and of what its pre-training alone says."""
        found = {"fine-tuned": mean_probability([self._network], self._held_out)}
        if self._start is not None and self._settings.objective != "completion":
            successes = [trial for trial, label in zip(self._train, self._labels, strict=True) if label == 1]
            found["zero-shot match"] = match_scores(
                self._start, self._held_out, draw_reference(successes, self._settings.seed)
            )
        if self._start is not None and self._settings.objective != "matching":
            found["zero-shot completion"] = mean_probability([self._start], self._held_out)
        return {kind: self._ranked(scores) for kind, scores in found.items()}

    def few_shot(self, draws: int) -> list[dict[str, float]]:
        """Return scores by number of each few-shot draw."""
        networks = (
            train_few(self._start, self._train, self._labels, FEW, draw, self._settings, self._folder / f"few-{draw}")
            for draw in range(draws)
        )
        return [self._ranked(mean_probability([network], self._held_out)) for network in networks]

    def retrieval(self) -> dict[str, float]:
        """Return how often the own drugs and diseases of held-out successes are found among all of theirs."""
        if self._start is None or self._settings.objective == "completion":
            return {}
        with no_grad():
            hits = retrieval(self._start, self._own, self._settings.pretrain_settings())
        return {"candidates": float(len(self._own)), **hits}

    def _ranked(self, scores: NDArray[np.float64]) -> dict[str, float]:
        """Return ranks within the fold, in (0, 1): networks of different folds have scales of their own."""
        ranks = (np.argsort(np.argsort(scores, kind="stable"), kind="stable") + 0.5) / len(scores)
        return dict(zip(self._ids, ranks.tolist(), strict=True))


def _named(variant: str, kind: str) -> str:
    return variant if kind == "fine-tuned" else f"{variant}, {kind}"
