"""Bar charts of counts as SVG text, each with the table that says the same; colours as in `plots`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cladmop.errors import InputError
from cladmop.evaluation.svg import COLOURS, render
from cladmop.evaluation.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HATCHES = ("", "//", "..", "xx", "--", "oo")
_LABELS = 9
"""Most category labels under upright bars; beyond, every second, third ... is written."""


@dataclass(frozen=True)
class Counts:
    """Counts of things in categories, in one series or several stacked ones."""

    title: str
    """What is counted (``Trials by year of completion``)."""
    axis: str
    """What the categories are (``year``)."""
    categories: tuple[str, ...]
    """In the order shown."""
    series: Mapping[str, Sequence[int]]
    """Counts of each series by category, each 0 or more."""
    sideways: bool = False
    """Whether the bars lie, which suits categories with long names."""

    def __post_init__(self) -> None:
        """Refuse series of another length than the categories.

        Raises
        ------
        InputError
            If there is no category or no series, or a series does not fit.
        """
        if not self.categories or not self.series:
            raise InputError(f"the bars of {self.title!r} have no category or no series; give at least one of each")
        for name, counts in self.series.items():
            if len(counts) != len(self.categories) or min(counts) < 0:
                raise InputError(f"{self.title!r}: {name!r} needs {len(self.categories)} counts of 0 or more")

    def table(self) -> Table:
        """Return the counts as a table."""
        columns = zip(*self.series.values(), strict=True)
        rows = tuple(
            (category, *(f"{count:,}" for count in counts))
            for category, counts in zip(self.categories, columns, strict=True)
        )
        return Table(self.title, (self.axis, *self.series), rows)

    def plot(self) -> str:
        """Return the bars as SVG text.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        height = 1.0 + 0.28 * len(self.categories) if self.sideways else 3.6
        return render(self.title, self.table(), self._draw, height=height)

    def _draw(self, axes: "Axes") -> None:
        places = np.arange(len(self.categories))
        base = np.zeros(len(self.categories))
        for number, (name, counts) in enumerate(self.series.items()):
            colour, hatch = COLOURS[number % len(COLOURS)], _HATCHES[number % len(_HATCHES)]
            style: dict[str, Any] = {
                "color": colour,
                "hatch": hatch,
                "edgecolor": "white",
                "linewidth": 0,
                "label": name,
            }
            if self.sideways:
                axes.barh(places, counts, left=base, **style)
            else:
                axes.bar(places, counts, bottom=base, width=0.85, **style)
            base += np.asarray(counts)
        if self.sideways:
            axes.set_yticks(places, list(self.categories))
            axes.set(ylim=(len(places) - 0.4, -0.6), xlabel="count")
        else:
            step = -(-len(places) // _LABELS)
            axes.set_xticks(places[::step], list(self.categories)[::step])
            axes.set(xlabel=self.axis, ylabel="count")
        if len(self.series) > 1:
            axes.legend(frameon=False, fontsize=9)
