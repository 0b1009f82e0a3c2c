"""What training will cost, in words: what is left of it, time and memory. Every figure is "about"."""

import json
import resource
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from cladmop.training.pace import Pace


@dataclass(frozen=True)
class Left:
    """What is left of the trainings of one stage."""

    trainings: int
    """How many there are in all."""
    open: int
    """Those that are not finished."""
    epochs: int
    """Epochs the open ones may take at most; those they have behind them are not counted."""
    most: int
    """Epochs of one training at most."""

    def seconds(self, pace: "Pace") -> float:
        """Return the time they will take at most."""
        return self.open * pace.setup + self.epochs * pace.epoch

    def plus(self, other: "Left") -> "Left":
        """Return these and others together."""
        return Left(
            self.trainings + other.trainings,
            self.open + other.open,
            self.epochs + other.epochs,
            max(self.most, other.most),
        )


@dataclass(frozen=True)
class TrainingForecast:
    """What training would cost."""

    stages: tuple[tuple[str, Left], ...]
    """Each stage's name with what is left of it."""
    seconds: float
    """Time it will take at most, about; 0 where nothing is left."""
    memory: int
    """Bytes this process will hold, about; 0 where nothing is left."""

    @property
    def open(self) -> int:
        """Trainings that are not finished, of all stages."""
        return sum(left.open for _, left in self.stages)

    @classmethod
    def total(cls, forecasts: "Sequence[TrainingForecast]") -> Self:
        """Return what several forecasts come to, one after the other."""
        stages: dict[str, Left] = {}
        for name, left in (stage for one in forecasts for stage in one.stages):
            stages[name] = stages[name].plus(left) if name in stages else left
        memory = max((one.memory for one in forecasts), default=0)
        return cls(tuple(stages.items()), sum(one.seconds for one in forecasts), memory)

    def __str__(self) -> str:
        """Return one line for people."""
        named = [(name, left) for name, left in self.stages if left.trainings]
        if not self.open:
            return "nothing to do, all of it is there (" + ", ".join(f"{one.trainings:,} {n}" for n, one in named) + ")"
        parts = [
            f"{left.open:,} of {left.trainings:,} {name} left, at most {left.most} epochs each" for name, left in named
        ]
        time_left, memory = duration(self.seconds), gigabytes(self.memory)
        return f"{'; '.join(parts)}; about {time_left} at most, about {memory} of memory"


def left_of(folders: Iterable[Path], epochs: int) -> Left:
    """Return what is left of the trainings that `cladmop.training.loop` keeps in some folders.

    Parameters
    ----------
    folders
        One a training, begun or not.
    epochs
        Epochs of one of them at most.
    """
    from cladmop.training.checkpoint import MANIFEST

    places = list(folders)
    unfinished = [place for place in places if not (place / MANIFEST).exists()]
    return Left(
        len(places), len(unfinished), sum(max(0, epochs - epochs_behind(place)) for place in unfinished), epochs
    )


def epochs_behind(folder: Path) -> int:
    """Return the finished epochs of a training that was cut; 0 where none is, or its state cannot be read."""
    from safetensors import SafetensorError, safe_open

    from cladmop.training.checkpoint import STATE

    try:
        with safe_open(folder / STATE, framework="numpy") as stored:
            return int(json.loads(stored.metadata()["progress"])["epochs"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return 0  # The training itself says what is wrong with it.


def extrapolated(work: Callable[[int], object], few: int, number: int) -> float:
    """Return the seconds that some work on a number of things will take, from doing it on one and on a few.

    Parameters
    ----------
    work
        Does it on so many things; done once before the clock runs.
    few
        At least 2.
    number
        How many there are.
    """

    def timed(count: int) -> float:
        start = perf_counter()
        work(count)
        return perf_counter() - start

    work(few)
    once, several = timed(1), timed(few)
    return once + max(0.0, several - once) / (few - 1) * (number - 1)


def memory_used() -> int:
    """Return the most memory this process has held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def gigabytes(count: int) -> str:
    """Return bytes for people."""
    return f"{count / 1e9:,.1f} GB"


def duration(seconds: float) -> str:
    """Return a time for people: seconds, minutes, hours or days."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:,.0f} {name}" if seconds >= 10 * unit else f"{seconds / unit:,.1f} {name}"
    return f"{seconds / 86_400:,.1f} days"
