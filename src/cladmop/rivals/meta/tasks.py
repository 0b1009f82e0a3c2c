"""What is learned from what: tasks of related trials, episodes of a task, draws of a few trials. Needs numpy only.

Shapes: N trials, S support and Q query trials of an episode.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.records import Phase

Rows = NDArray[np.intp]
_PHASES = list(Phase)


def draw_shots(labels: ArrayLike, k: int, draw: int, seed: int) -> Rows:
    """Draw ``k`` failures and ``k`` successes without replacement; equal arguments draw alike.

    Returns
    -------
    rows
        Row numbers, ascending, shape (2k,).

    Raises
    ------
    InputError
        If a class has fewer than ``k`` trials, or ``k`` is below 1.
    """
    truth = np.asarray(labels)
    rarer = min(int((truth == label).sum()) for label in (0, 1))
    if not 1 <= k <= rarer:
        raise InputError(f"k = {k}: give 1 to {rarer}, the training trials of the rarer class")
    generator = np.random.default_rng((seed, k, draw))
    rows = [generator.choice(np.flatnonzero(truth == label), k, replace=False) for label in (0, 1)]
    return np.sort(np.concatenate(rows))


@dataclass(frozen=True)
class Task:
    """Trials that belong together: one ICD-10 chapter in one phase, or the rest."""

    failures: Rows
    """Row numbers of failed trials."""
    successes: Rows
    """Row numbers of successful trials."""

    def episode(self, shots: int, queries: int, generator: np.random.Generator) -> tuple[Rows, Rows]:
        """Draw ``shots`` trials a class to adapt to, and ``queries`` others a class to judge by, failures first.

        Returns
        -------
        support, query
            Row numbers, shapes (2 x shots,) and (2 x queries,), no trial in both.
        """
        drawn = [generator.permutation(rows)[: shots + queries] for rows in (self.failures, self.successes)]
        support = np.concatenate([rows[:shots] for rows in drawn])
        return support, np.concatenate([rows[shots:] for rows in drawn])


def chapter_and_phase(encoded: Sequence[EncodedTrial]) -> list[tuple[int, str]]:
    """Return the ICD-10 chapter most of a trial's codes are of (its vocabulary id, 0 without codes), and phase group.

    Of chapters with equally many codes the first in tabular order counts.
    """
    chapters = [int(np.bincount(one.diseases[:, 0]).argmax()) if len(one.diseases) else 0 for one in encoded]
    return [(chapter, _PHASES[one.phase].group) for chapter, one in zip(chapters, encoded, strict=True)]


def group_tasks(keys: Sequence[Hashable], labels: ArrayLike, enough: int) -> list[Task]:
    """Make a task of each key that has ``enough`` trials of both classes, and one of all other trials together.

    The rest is left out where even together it has too few of a class.

    Parameters
    ----------
    keys
        What each of the N trials belongs to.
    labels
        0 or 1, shape (N,).
    enough
        Trials of each class that a task needs.

    Raises
    ------
    InputError
        If no task has enough trials.
    """
    truth = np.asarray(labels)
    members: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        members.setdefault(key, []).append(row)
    tasks, rest = [], []
    for rows in members.values():
        task = _task(rows, truth)
        if _rarer(task) >= enough:
            tasks.append(task)
        else:
            rest.extend(rows)
    pooled = _task(sorted(rest), truth)
    if _rarer(pooled) >= enough:
        tasks.append(pooled)
    if not tasks:
        successes = int((truth == 1).sum())
        raise InputError(
            f"{len(truth) - successes} failures and {successes} successes to meta-train on make no task; "
            f"give {enough} of each or more, or lower shots and queries"
        )
    return tasks


def _task(rows: Sequence[int], truth: NDArray[np.int64]) -> Task:
    members = np.asarray(rows, dtype=np.intp)
    return Task(members[truth[members] == 0], members[truth[members] == 1])


def _rarer(task: Task) -> int:
    return min(len(task.failures), len(task.successes))
