"""Reproduce the paper on TOP: encode -> pretrain -> finetune -> score -> table, in one folder that resumes.

Scoring writes rows (see `cladmop.results`) without reading a test label; `results_of` reads those once, at the end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from cladmop.errors import InputError
from cladmop.evaluation.compare import Comparison, compare
from cladmop.evaluation.scores import join_scores
from cladmop.evaluation.tables import ResultRow
from cladmop.pipeline import NetworkSettings, encode_trials, make_trial_encoder, mean_probability, train_seeds
from cladmop.records import LabelledTrial, Trial
from cladmop.results import Row, evaluate_row, load_rows, save_row
from cladmop.sources.top import PHASES, SPLITS, PhaseName, read_labels, read_split, split_path
from cladmop.storage import read_json, write_json

if TYPE_CHECKING:
    from cladmop.evaluation.rivals.base import Rival

REFERENCE = "TF-IDF words + logistic regression"
"""The row every other is compared with: the simple rival to beat."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class TopData:
    """One phase of TOP, and the successful trials that pre-training may see."""

    phase: PhaseName
    train: list[LabelledTrial]
    valid: list[LabelledTrial]
    test: list[Trial]
    """Without labels: scoring does not need them."""
    successes: list[Trial]
    """Label-1 trials of the other phases' training and validation files on disk; none of this phase, of any test
    split, or twice."""

    def trials(self, split: Literal["train", "valid"]) -> list[Trial]:
        """Return the trials of a labelled split."""
        return [labelled.trial for labelled in getattr(self, split)]

    def labels(self, split: Literal["train", "valid"]) -> list[int]:
        """Return the labels of a labelled split."""
        return [labelled.success for labelled in getattr(self, split)]


def read_top_data(folder: Path, phase: PhaseName) -> TopData:
    """Read one phase's splits, and the pool of successful trials.

    Raises
    ------
    MissingArtefactError, InputError
        If a file of the phase is missing or cannot be read.
    """
    splits = {split: read_split(folder, phase, split) for split in SPLITS}
    successes = [labelled.trial for labelled in read_other_phases(folder, phase) if labelled.success == 1]
    test = [labelled.trial for labelled in splits["test"]]
    return TopData(phase, splits["train"], splits["valid"], test, successes)


def read_other_phases(folder: Path, phase: PhaseName) -> list[LabelledTrial]:
    """Read the other phases' training and validation trials on disk, each once.

    Trials of any split of ``phase``, and of any test split, are left out: a "phase 1/phase 2" trial stands in the
    files of both phases.
    """
    own = [split_path(folder, phase, split) for split in SPLITS]
    tests = [split_path(folder, other, "test") for other in PHASES]
    taken = {nct_id for path in {*own, *tests} if path.is_file() for nct_id in read_labels(path)}
    found: dict[str, LabelledTrial] = {}
    for other in PHASES:
        for split in ("train", "valid"):
            if other != phase and split_path(folder, other, split).is_file():
                for labelled in read_split(folder, other, split):
                    found.setdefault(labelled.outcome.nct_id, labelled)
    return [labelled for nct_id, labelled in found.items() if nct_id not in taken]


def network_folder(folder: Path, settings: NetworkSettings) -> Path:
    """Return where a runs folder keeps the network of these settings, seed included."""
    return folder / "networks" / settings.slug() / f"seed-{settings.seed}"


def reproduce(data: TopData, settings: NetworkSettings, seeds: int, folder: Path, say: Say) -> Row:
    """Train the network and score validation and test; every stage that is finished in the runs folder is kept.

    Raises
    ------
    InputError
        If the folder was begun with other settings.
    """
    folder = network_folder(folder, settings).parent
    claim(folder, {"phase": data.phase, "seeds": seeds, **settings.to_dict()})
    encoder = make_trial_encoder(settings.encoding)
    members = {"train": data.trials("train"), "valid": data.trials("valid"), "test": data.test}
    *splits, pool = encode_trials(encoder, [*members.values(), data.successes], say)
    encoded = dict(zip(members, splits, strict=True))
    say(f"training {seeds} network(s): {len(data.train):,} trials to fine-tune, {len(pool):,} more to pre-train")
    networks = train_seeds(
        folder,
        settings,
        seeds,
        (encoded["train"], data.labels("train")),
        (encoded["valid"], data.labels("valid")),
        pool,
    )
    scores = {
        split: [scores_by_id(members[split], mean_probability(networks, encoded[split]))] for split in ("valid", "test")
    }
    name = f"CLaDMoP, {Path(settings.encoding.encoder).name}, {settings.encoding.unit}"
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
    from cladmop.evaluation.rivals.base_rate import BaseRate
    from cladmop.evaluation.rivals.length import CriteriaLength
    from cladmop.evaluation.rivals.tfidf import TextModel, TextSettings

    rivals: list[tuple[str, Rival]] = [
        ("Base rate", BaseRate()),
        ("Criteria length", CriteriaLength()),
        (REFERENCE, TextModel(TextSettings.words())),
        ("TF-IDF characters + logistic regression", TextModel(TextSettings.characters())),
    ]
    say(f"fitting {len(rivals)} rivals on {len(data.train):,} trials")
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

    def blend(trials: Sequence[Trial]) -> NDArray[np.float64]:
        return np.asarray(model.predict_proba(trials)[:, 1])

    rows = [score_trials(data, blend, "Shipped model", note, folder / "0-blend")]
    for number, part in enumerate(model.blend_.weights, start=1):

        def alone(trials: Sequence[Trial], part: str = part) -> NDArray[np.float64]:
            return model.part_probabilities(trials)[part]

        rows.append(score_trials(data, alone, f"Shipped model, {part} alone", note, folder / f"{number}-{part}"))
    return rows


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
