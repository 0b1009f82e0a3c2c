"""Reproduce the paper on TOP: encode -> pretrain -> finetune -> score -> table, in one folder that resumes.

Scoring writes rows (see `cladmop.results`) without reading a test label; `results_of` reads those once, at the end.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.errors import InputError
from cladmop.evaluation.compare import Comparison, compare
from cladmop.evaluation.scores import join_scores
from cladmop.evaluation.tables import ResultRow
from cladmop.pipeline import (
    STAGES,
    NetworkSettings,
    encode_trials,
    forecast_training,
    make_trial_encoder,
    mean_probability,
    train_seeds,
)
from cladmop.progress import QUIET
from cladmop.records import Trial
from cladmop.results import Row, evaluate_row, load_rows, save_row
from cladmop.sources.top import PhaseName, read_labels
from cladmop.storage import read_json, write_json
from cladmop.top_data import TopData
from cladmop.training.cost import duration

if TYPE_CHECKING:
    from cladmop.rivals.base import Rival

REFERENCE = "TF-IDF words + logistic regression"
"""The row every other is compared with: the simple rival to beat."""
_RIVAL_SECONDS = 0.04
"""What all simple rivals together took a trial of TOP phase I, on two cores."""
Say = Callable[[str], None]


def network_folder(folder: Path, data: TopData, settings: NetworkSettings) -> Path:
    """Return where a runs folder keeps the network of these data and settings, seed included."""
    return folder / "networks" / data.named(settings.slug(), "-corpus") / f"seed-{settings.seed}"


def reproduce(data: TopData, settings: NetworkSettings, seeds: int, folder: Path, say: Say) -> Row:
    """Train the network and score validation and test; every stage that is finished in the runs folder is kept.

    Raises
    ------
    InputError
        If the folder was begun with other settings.
    """
    folder = network_folder(folder, data, settings).parent
    claim(folder, {**data.identity(), "seeds": seeds, **settings.to_dict()})
    encoder = make_trial_encoder(settings.encoding)
    members = {"train": data.trials("train"), "valid": data.trials("valid"), "test": data.test}
    *splits, past = encode_trials(encoder, [*members.values(), data.past], say)
    encoded, pool = dict(zip(members, splits, strict=True)), data.pool(past)
    say(f"training {seeds} network(s): {len(data.train):,} trials to fine-tune, {len(pool):,} more to pre-train")
    train, valid = ((encoded[split], data.labels(split)) for split in ("train", "valid"))
    places = [folder / f"seed-{settings.seed + number}" for number in range(seeds)]
    pretrained, finetuned = ([place / stage for place in places] for stage in STAGES)
    scored = len(data.valid) + len(data.test)
    say(f"training: {forecast_training(settings, train, valid, pool, pretrained, finetuned, scored)}")
    networks = train_seeds(folder, settings, seeds, train, valid, pool)
    scores = {
        split: [scores_by_id(members[split], mean_probability(networks, encoded[split]))] for split in ("valid", "test")
    }
    name = data.named(f"CLaDMoP, {Path(settings.encoding.encoder).name}, {settings.encoding.unit}")
    return save_row(folder / "row", name, settings.describe(seeds), scores)


def claim(folder: Path, settings: dict[str, object]) -> None:
    """Record what a folder is for, or refuse to continue it with other settings.

    Raises
    ------
    InputError
        If it was begun with other settings; the first that differs is named.
    """
    path = folder / "settings.json"
    if not path.exists():
        write_json(path, settings)
        return
    begun = read_json(path)
    for name in sorted({*begun, *settings}):
        if begun.get(name) != settings.get(name):
            raise InputError(
                f"{folder} was begun with {name} = {begun.get(name)!r}, not {settings.get(name)!r}; "
                "choose another folder, or the same settings to continue"
            )


def score_rivals(data: TopData, folder: Path, say: Say) -> list[Row]:
    """Fit the built-in rivals on the training split, and score validation and test through the same door."""
    from cladmop.rivals.base_rate import BaseRate
    from cladmop.rivals.length import CriteriaLength
    from cladmop.rivals.tfidf import TextModel, TextSettings

    rivals: list[tuple[str, Rival]] = [
        ("Base rate", BaseRate()),
        ("Criteria length", CriteriaLength()),
        (REFERENCE, TextModel(TextSettings.words())),
        ("TF-IDF characters + logistic regression", TextModel(TextSettings.characters())),
    ]
    expected = duration(_RIVAL_SECONDS * len(data.train))
    say(f"fitting {len(rivals)} rivals on {len(data.train):,} trials: about {expected} on two cores")
    trials, labels = data.trials("train"), data.labels("train")
    rows = []
    for number, (name, rival) in enumerate(rivals):
        rival.fit(trials, labels)
        rows.append(score_trials(data, rival.predict_proba, name, "fit on train", folder / f"{number}-{rival.kind}"))
    everything = TextModel(TextSettings.words())
    everything.fit(trials + data.trials("valid"), labels + data.labels("valid"))
    name, note = "TF-IDF words, fit on train and valid", "its F1 threshold is of trials it was fit on"
    rows.append(score_trials(data, everything.predict_proba, name, note, folder / f"{len(rivals)}-all"))
    return rows


def score_shipped(data: TopData, folder: Path, say: Say) -> list[Row]:
    """Score validation and test with the model that ships, and with each of its parts alone.

    Its validation scores are those of trials it was trained on.
    """
    from cladmop.estimator import TrialOutcomeClassifier

    say("scoring with the shipped model")
    model = TrialOutcomeClassifier.from_pretrained("default")
    note = "fit on train, valid and other phases"

    members = {"valid": data.trials("valid"), "test": data.test}
    parts = {split: model.part_probabilities(trials) for split, trials in members.items()}

    def row(place: str, name: str, scores: Callable[[Mapping[str, NDArray[np.float64]]], NDArray[np.float64]]) -> Row:
        splits = {split: [scores_by_id(members[split], scores(found))] for split, found in parts.items()}
        return save_row(folder / place, name, note, splits)

    rows = [row("0-blend", "Shipped model", model.blend_)]
    for number, part in enumerate(model.blend_.weights, start=1):
        rows.append(row(f"{number}-{part}", f"Shipped model, {part} alone", itemgetter(part)))
    return rows


@contextmanager
def rivals_beside(data: TopData, folder: Path, say: Say) -> Iterator[None]:
    """Score rivals and the shipped model in a process of their own while the block runs, where there is a core for it.

    A network trains on one core. The rows are those of `score_rivals` and `score_shipped`, to the last bit.

    Parameters
    ----------
    data, folder
        Of the reproduction; rows go to ``folder / "rivals"`` and ``folder / "shipped"``.
    say
        A module's function: the other process imports it.
    """
    if (os.cpu_count() or 1) < 2:
        yield
        _score_beside(data, folder, say)
        return
    # A pool ends its process when the block fails, and hands on what failed in it.
    with get_context("spawn").Pool(1, initializer=_step_aside) as other:
        beside = other.apply_async(_score_beside, (data, folder, say))
        yield
        beside.get()


def _step_aside() -> None:
    """Leave the other cores, and the terminal's progress bar, to the network."""
    import torch

    torch.set_num_threads(1)
    os.environ[QUIET] = "1"


def _score_beside(data: TopData, folder: Path, say: Say) -> None:
    score_rivals(data, folder / "rivals", say)
    score_shipped(data, folder / "shipped", say)


def score_trials(
    data: TopData, score: Callable[[Sequence[Trial]], NDArray[np.float64]], name: str, note: str, folder: Path
) -> Row:
    """Score validation and test with any function of trials, and store the row."""
    trials = {"valid": data.trials("valid"), "test": data.test}
    splits = {split: [scores_by_id(members, score(members))] for split, members in trials.items()}
    return save_row(folder, name, note, splits)


def scores_by_id(trials: Sequence[Trial], scores: NDArray[np.float64]) -> dict[str, float]:
    """Return scores, shape (n,), by NCT id."""
    return {str(trial.nct_id): float(score) for trial, score in zip(trials, scores, strict=True)}


@dataclass(frozen=True)
class Results:
    """The table: every row's evaluation, and its paired difference from the reference."""

    rows: list[ResultRow]
    comparisons: list[Comparison]
    labels: NDArray[np.int64]
    """Shape (n,)."""
    scores: dict[str, NDArray[np.float64]]
    """Of the rows with a single draw, by name, shape (n,) each."""


def results_of(folder: Path, data: Path, phase: PhaseName, split: str, n_bootstrap: int = 1000) -> Results:
    """Evaluate every row below a folder on one split; this reads the labels.

    Raises
    ------
    InputError
        If there are no rows, or a row misses trials.
    """
    valid_labels, labels = read_labels(data, phase, "valid"), read_labels(data, phase, split)  # type: ignore[arg-type] # split is checked by read_labels
    rows = load_rows(folder)
    evaluated = [
        ResultRow(row.name, row.note, evaluate_row(row, valid_labels, split, labels, n_bootstrap)) for row in rows
    ]
    truth = np.fromiter(labels.values(), dtype=np.int64)
    draws = {row.name: row.scores(split) for row in rows}
    single = {name: join_scores(found[0], labels, name)[1] for name, found in draws.items() if len(found) == 1}
    comparisons = compare(truth, single, REFERENCE, n_bootstrap) if REFERENCE in single else []
    return Results(evaluated, comparisons, truth, single)
