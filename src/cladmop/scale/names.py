"""Names of a corpus read by workers of Ray: a few a task, by the function that one process would call.

A killed worker's task is done by another. Answers come home by what was asked, so that nothing is lost or doubled and
the corpus is that of one process, to the byte.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

from cladmop.corpus.reading import Answers, Names, answer
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import CladmopError, InputError, StorageError
from cladmop.progress import progress_bar
from cladmop.scale.job import Workers

CHUNK = 100
"""Names of a task: what a killed worker loses."""
_ANSWERING = ("cladmop", "simple-icd-10-cm", "rapidfuzz", "rdkit")
"""Packages whose versions decide what a name is read as, beside the resolver's sources."""


@dataclass(frozen=True)
class Opening:
    """How every worker opens the resolver, and what its answers must be those of."""

    make: Callable[[], DrugResolver] = field(compare=False)
    """Opens it; found by its import path, with files that all machines see."""
    answers: str
    """What the answers depend on, as `answers_of` says it of the first machine's resolver."""


def answers_of(resolver: DrugResolver) -> str:
    """Return what the answers of a resolver and of the reading of conditions depend on."""
    return ", ".join([resolver.fingerprint, *(f"{name} {version(name)}" for name in _ANSWERING)])


@cache
def opened(how: Opening) -> DrugResolver:
    """Return the resolver, opened once a process.

    Raises
    ------
    InputError
        If this machine's packages or sources would give other answers.
    """
    resolver = how.make()
    if answers_of(resolver) != how.answers:
        raise InputError(
            f"{socket.gethostname()} would read names otherwise ({answers_of(resolver)}) than the machine that asks "
            f"({how.answers}); install the same packages and put the same sources on all machines"
        )
    return resolver


def read_names(how: Opening, asked: Names) -> tuple[str, Answers]:
    """Read names on a worker; return which one it was (machine and process), and the answers."""
    return f"{socket.gethostname()}/{os.getpid()}", answer(asked, opened(how))


class NameCrew:
    """A `Crew` of Ray tasks.

    Parameters
    ----------
    ray
        The module, connected.
    how
        How workers open the resolver.
    number
        Tasks at once.
    """

    def __init__(self, ray: Any, how: Opening, number: int) -> None:  # noqa: ANN401 (a module that is optional)
        self._ray = ray
        self._how = how
        self._number = number
        self._task = ray.remote(read_names).options(num_cpus=1, max_retries=3)
        self.done: dict[str, int] = {}
        """Tasks by worker."""

    def __call__(self, asked: Names) -> Iterator[tuple[Names, Answers]]:
        """Yield parts of what is asked with their answers, as they come.

        Raises
        ------
        CladmopError
            What a worker raised.
        StorageError
            If a task's workers died four times.
        """
        parts = _cut(asked)
        waiting: dict[Any, Names] = {}
        with progress_bar("names", len(asked.drugs) + len(asked.conditions), "names") as bar:
            while True:
                while len(waiting) < self._number and (part := next(parts, None)) is not None:
                    waiting[self._task.remote(self._how, part)] = part
                if not waiting:
                    return
                (ready, *_), _ = self._ray.wait(list(waiting), num_returns=1)
                part = waiting.pop(ready)
                worker, answers = self._home(ready)
                self.done[worker] = self.done.get(worker, 0) + 1
                bar.advance(len(part.drugs) + len(part.conditions))
                yield part, answers

    def _home(self, ready: Any) -> tuple[str, Answers]:  # noqa: ANN401 (a reference of Ray)
        errors = self._ray.exceptions
        try:
            found: tuple[str, Answers] = self._ray.get(ready)
        except errors.RayTaskError as error:
            if isinstance(error.cause, CladmopError):
                raise error.cause from error
            raise
        except errors.RayError as error:
            said = str(error).strip().partition("\n")[0]
            raise StorageError(f"a worker failed: {said}; run the same command again, what was read stays") from error
        return found


def _cut(asked: Names) -> Iterator[Names]:
    """Cut names into tasks; drugs first, whose sources open faster."""
    for start in range(0, len(asked.drugs), CHUNK):
        yield Names(drugs=asked.drugs[start : start + CHUNK])
    for start in range(0, len(asked.conditions), CHUNK):
        yield Names(conditions=asked.conditions[start : start + CHUNK])


@contextmanager
def name_crew(make: Callable[[], DrugResolver], workers: Workers) -> Iterator[NameCrew | None]:
    """Yield a crew that reads names, none where one worker of this machine is asked for: that is this process.

    Parameters
    ----------
    make
        Opens the resolver, here and on every worker: a function, or a partial one, that can be imported there.
    workers
        How many, and where.

    Raises
    ------
    MissingDependencyError
        If Ray is needed and not installed.
    InputError
        If there is no cluster at the address.
    """
    if workers.number == 1 and workers.address is None:
        yield None
        return
    how = Opening(make, answers_of(make()))
    with workers.started() as ray:
        yield NameCrew(ray, how, workers.number)
