"""A contestant of the benchmark: what it is, where it comes from, and how it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cladmop.results import slug

if TYPE_CHECKING:
    from cladmop.benchmark.bench import Bench
    from cladmop.rivals.base import Rival

Make = Callable[["Bench", int], "Rival"]
"""Makes an unfitted rival for a seed or draw, numbered from 0."""


@dataclass(frozen=True)
class Contestant:
    """One row of the benchmark."""

    name: str
    """As tables call it."""
    group: str
    """Kind of model."""
    note: str
    """What it is and where it comes from, one sentence."""
    make: Make
    chance: Literal["none", "seed", "shots"] = "none"
    """What it depends on: nothing, a seed, or the few trials that are drawn."""
    simple: bool = False
    """Whether it may be the reference: cheap, without chance, and fitted on training trials alone."""
    quick: bool = True
    """Whether it is part of the quick form."""
    headline: bool = False
    """Whether it is measured on subsets too."""

    @property
    def slug(self) -> str:
        """Return its name as folders have it."""
        return slug(self.name)
