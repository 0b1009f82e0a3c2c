"""Run contestants: fit, score validation and test, keep every finished draw. No scored label is read here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cladmop.benchmark.bench import Bench
from cladmop.benchmark.contestants import Contestant
from cladmop.benchmark.cost import cost_lines
from cladmop.benchmark.measuring import Scored
from cladmop.errors import InputError, MissingArtefactError, MissingDependencyError
from cladmop.evaluation.folds import Fold, ordered_folds
from cladmop.evaluation.reference import choose_reference
from cladmop.evaluation.scores import read_scores, write_scores
from cladmop.progress import progress_bar
from cladmop.records import Trial
from cladmop.reproduce import scores_by_id
from cladmop.storage import atomic_folder, read_json, write_json

if TYPE_CHECKING:
    from cladmop.rivals.base import Rival


@runtime_checkable
class EpochScorer(Protocol):
    """A rival that tells the scores of every epoch, so that choosing the epoch on test can be shown for what it is."""

    def epoch_scores(self, trials: Sequence[Trial]) -> Sequence[NDArray[np.float64]]:
        """Return the scores, shape (n,), at the end of each epoch."""


DRAWS, DONE, REFERENCE = "draws", "done.json", "reference.json"
SPLITS = ("valid", "test")
_MOST_FOLDS = 5


@dataclass(frozen=True)
class Size:
    """How often what depends on chance is repeated."""

    seeds: int = 3
    """Networks and forests of each kind."""
    shots: int = 20
    """Draws of each few-shot size."""

    def draws(self, contestant: Contestant) -> int:
        """Return how often a contestant is fitted."""
        return {"none": 1, "seed": self.seeds, "shots": self.shots}[contestant.chance]


def run(bench: Bench, contestants: Sequence[Contestant], size: Size) -> dict[str, str]:
    """Fit and score every contestant that is not finished yet; return, by name, why some could not be run.

    Raises
    ------
    CladmopError
        If a contestant fails for another reason than a missing package or missing weights.
    """
    left = [(one, size.draws(one), len(_open_draws(bench, one, size.draws(one)))) for one in contestants]
    for line in cost_lines(bench, left):
        bench.say(line)
    missing: dict[str, str] = {}
    with progress_bar("benchmark", total=len(contestants), unit="models") as bar:
        for number, contestant in enumerate(contestants, start=1):
            if not _finished(bench, contestant):
                bench.say(f"{contestant.name} ({number} of {len(contestants)})")
                try:
                    _run_one(bench, contestant, size.draws(contestant))
                except (MissingDependencyError, MissingArtefactError) as error:
                    missing[contestant.name] = str(error)
                    bench.say(f"{contestant.name}: not run: {error}")
            bar.advance(note=contestant.name)
    return missing


def _run_one(bench: Bench, contestant: Contestant, draws: int) -> None:
    for draw in _open_draws(bench, contestant, draws):
        rival = contestant.make(bench, draw)
        rival.fit(*bench.task.train)
        _keep(bench, rival, _draw_folder(bench, contestant, draw))
    write_json(bench.folder / DRAWS / contestant.slug / DONE, {"draws": draws})


def _open_draws(bench: Bench, contestant: Contestant, draws: int) -> list[int]:
    """Return the draws that are not stored yet."""
    if _finished(bench, contestant):
        return []
    return [draw for draw in range(draws) if not _draw_folder(bench, contestant, draw).is_dir()]


def _draw_folder(bench: Bench, contestant: Contestant, draw: int) -> Path:
    return bench.folder / DRAWS / contestant.slug / f"{draw:02d}"


def _finished(bench: Bench, contestant: Contestant) -> bool:
    return (bench.folder / DRAWS / contestant.slug / DONE).is_file()


def _keep(bench: Bench, rival: "Rival", folder: Path) -> None:
    """Store the scores of both splits, and of every epoch where a rival tells them."""
    trials: dict[str, list[Trial]] = {"valid": bench.task.valid[0], "test": bench.task.test}
    with atomic_folder(folder) as part:
        for split, members in trials.items():
            write_scores(part / f"{split}.csv", scores_by_id(members, rival.predict_proba(members)))
        if isinstance(rival, EpochScorer):
            for epoch, scores in enumerate(rival.epoch_scores(bench.task.test)):
                write_scores(part / f"epoch-{epoch:03d}.csv", scores_by_id(bench.task.test, scores))


def reference_of(bench: Bench, simple: Sequence[Contestant]) -> tuple[str, dict[str, float]]:
    """Choose the strongest simple rival on folds of the training trials, by NCT number; kept in the folder.

    Returns
    -------
    name : str
        Of the rival that every other is compared with.
    values : dict
        Mean ROC-AUC over the folds of each simple rival.

    Raises
    ------
    InputError
        If the training trials are too few for two folds with both classes.
    """
    path = bench.folder / REFERENCE
    if not path.is_file():
        trials, labels = bench.task.train[0], np.asarray(bench.task.train[1])
        folds = _folds(trials, labels)
        scores: dict[str, NDArray[np.float64]] = {}
        for contestant in simple:
            bench.say(f"{contestant.name}: {len(folds)} folds of the training trials, to choose the reference")
            held_out = np.empty(len(trials))
            for fold in folds:
                rival = contestant.make(bench, 0)
                rival.fit([trials[row] for row in fold.train], labels[fold.train])
                held_out[fold.validation] = rival.predict_proba([trials[row] for row in fold.validation])
            scores[contestant.name] = held_out
        name, values = choose_reference(labels, scores, folds)
        write_json(path, {"name": name, "roc_auc": values})
    stored = read_json(path)
    return str(stored["name"]), {str(name): float(value) for name, value in stored["roc_auc"].items()}


def _folds(trials: Sequence[Trial], labels: NDArray[np.int64]) -> list[Fold]:
    """Return as many folds by NCT number as hold both classes each, five at most.

    Raises
    ------
    InputError
        If not even two folds do.
    """
    ids = [str(trial.nct_id) for trial in trials]
    for count in range(min(_MOST_FOLDS, len(ids)), 1, -1):
        folds = ordered_folds(ids, count)
        sides = [rows for fold in folds for rows in (fold.train, fold.validation)]
        if all(len(np.unique(labels[rows])) == 2 for rows in sides):
            return folds
    raise InputError(
        f"{len(ids)} training trials cannot be cut into two folds with both classes; give more of the rarer"
    )


def scored_rows(bench: Bench, contestants: Sequence[Contestant]) -> list[Scored]:
    """Return the scores of the contestants that are finished, in the given order."""
    return [_scored(bench.folder, one) for one in contestants if _finished(bench, one)]


def _scored(folder: Path, contestant: Contestant) -> Scored:
    place = folder / DRAWS / contestant.slug
    draws = [place / f"{draw:02d}" for draw in range(read_json(place / DONE)["draws"])]
    valid, test = ([read_scores(draw / f"{split}.csv") for draw in draws] for split in SPLITS)
    epochs = [[read_scores(file) for file in sorted(draw.glob("epoch-*.csv"))] for draw in draws]
    told = [one for one in epochs if one]
    return Scored(contestant.name, contestant.group, contestant.note, test, valid, told, contestant.headline)
