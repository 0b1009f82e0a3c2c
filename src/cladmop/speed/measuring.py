"""Rivals measured in turn (A B A B), and what is said of them: a figure, its rival, the median ratio, an interval."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cladmop.errors import InputError

LEVEL = 0.95
"""Coverage of the interval of a median ratio."""
_DRAWS = 2_000
_FEWEST = 2


@dataclass(frozen=True)
class Ratio:
    """Median over repeats with a bootstrap interval; with two or three repeats that is their range."""

    value: float
    low: float
    high: float
    repeats: int

    @classmethod
    def of(cls, above: Sequence[float], below: Sequence[float]) -> "Ratio":
        """Return the median of the ratios of paired measurements.

        Raises
        ------
        InputError
            If there is no pair, or the numbers of measurements differ.
        """
        if not above or len(above) != len(below):
            raise InputError(f"ratio of {len(above)} to {len(below)} measurements; give as many of each, at least 1")
        ratios = np.asarray(above, dtype=float) / np.asarray(below, dtype=float)
        draws = np.random.default_rng(0).choice(ratios, (_DRAWS, len(ratios)))
        low, high = np.quantile(np.median(draws, axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return cls(float(np.median(ratios)), float(low), float(high), len(ratios))


@dataclass(frozen=True)
class Figure:
    """One line of the benchmark."""

    name: str
    value: float
    """What was measured, median over repeats."""
    unit: str
    rival: str
    """What it is compared with, in the same run."""
    ratio: float
    """Median over repeats; what it divides is said by ``reading``."""
    low: float
    high: float
    """Ends of the 95% interval of ``ratio``."""
    reading: str
    """What the ratio means: ``times as fast``, ``times the cost``, ..."""
    goal: str = ""
    """What is asked of it, such as ``ratio >= 2.5``; empty where nothing is."""
    met: bool | None = None
    """Whether the goal was met in this run."""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def figure(
    name: str, value: float, unit: str, rival: str, ratio: Ratio, *, reading: str, goal: str = "", note: str = ""
) -> Figure:
    """Return a line, judged by its goal: ``ratio`` or ``value``, then ``>=`` or ``<=``, then a number.

    Raises
    ------
    InputError
        If the goal reads otherwise.
    """
    met = _met(goal, value, ratio.value) if goal else None
    return Figure(name, value, unit, rival, ratio.value, ratio.low, ratio.high, reading, goal, met, note)


def _met(goal: str, value: float, ratio: float) -> bool:
    known = {"value": value, "ratio": ratio}
    parts = goal.split()
    if len(parts) != 3 or parts[0] not in known or parts[1] not in {">=", "<="}:
        raise InputError(f"goal {goal!r}: write value or ratio, then >= or <=, then a number")
    measured, bound = known[parts[0]], float(parts[2].replace(",", ""))
    return measured >= bound if parts[1] == ">=" else measured <= bound


@dataclass(frozen=True)
class Rounds:
    """How rivals are measured."""

    repeats: int
    """Rounds, at least 2."""
    seconds: float = float("inf")
    """No round is begun after so long, once there are two."""
    cpu: bool = False
    """Count the processor's time of this process, which other work does not lengthen; only fair on one thread."""

    def __post_init__(self) -> None:
        """Check the number of rounds.

        Raises
        ------
        InputError
            If it is below 2.
        """
        if self.repeats < _FEWEST:
            raise InputError(f"{self.repeats} repeats: an interval needs at least {_FEWEST}")

    def timed(self, call: Callable[[], object]) -> float:
        """Return the seconds a call takes."""
        clock = time.process_time if self.cpu else time.perf_counter
        started = clock()
        call()
        return clock() - started

    def in_turn(self, calls: Mapping[str, Callable[[], object]], *, warmed: bool = False) -> dict[str, list[float]]:
        """Time calls in turn, A B A B, and return the seconds of each.

        Parameters
        ----------
        calls
            What to time, by name.
        warmed
            Whether all have run before; else each is called once, untimed.
        """
        for call in () if warmed else calls.values():
            call()
        found: dict[str, list[float]] = {name: [] for name in calls}
        begun = time.perf_counter()
        for done in range(self.repeats):
            if done >= _FEWEST and time.perf_counter() - begun > self.seconds:
                break
            for name, call in calls.items():
                found[name].append(self.timed(call))
        return found
