"""A table on a terminal: in columns while these can be read, else one block a row. No word is ever cut."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table as RichTable

    from cladmop.evaluation.tables import Table

_NARROWEST = 10
"""Least width of a column of words, in characters, unless its cells are shorter."""
_TALLEST = 6
"""Most lines of a cell in columns; what needs more is easier to read in a block."""
_LABEL = 24
"""Greatest width of the column names in a block; longer names go over several lines."""


@dataclass(frozen=True)
class OnTerminal:
    """What rich prints of a table: its caption, columns or blocks, and its note.

    Print it with ``crop=False``: then a path or an address that is wider than the console is not cut either.
    """

    table: "Table"

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Yield the parts, as wide as the console."""
        from rich.text import Text

        width = options.max_width
        columns = _in_columns(self.table, width)
        for line in _wrapped(self.table.caption, width):
            yield Text(line, style="bold", no_wrap=True, overflow="ignore")
        if columns is not None:
            yield columns
        rest = ["", *stacked(self.table, width)] if columns is None else []
        for line in (*rest, *(_wrapped(self.table.note, width) if self.table.note else ())):
            yield Text(line, no_wrap=True, overflow="ignore")


def stacked(table: "Table", width: int) -> list[str]:
    """Return one block of lines a row: its first cell, then the others that are not empty, each with its column."""
    label = min(_LABEL, max(map(len, table.header[1:]), default=0))
    room = max(width - label - 4, _NARROWEST)
    lines = []
    for first, *others in table.rows:
        lines += _wrapped(first, width)
        for place, (name, cell) in enumerate(zip(table.header[1:], others, strict=True), start=1):
            if cell:
                broken = place not in table.words and len(cell) > room
                shown = _wrapped(_broken(cell) if broken else cell, room)
                pairs = zip_longest(_wrapped(name, label), shown, fillvalue="")
                lines += [f"  {left:<{label}}  {right}".rstrip() for left, right in pairs]
        lines.append("")
    return lines


def _in_columns(table: "Table", width: int) -> "RichTable | None":
    """Return the table in columns; none where they would cut a word or make a cell too tall.

    A figure stays on one line, or has its interval below it.
    """
    room = width - 2 - 3 * (len(table.header) - 1)
    for broken in (False, True):
        columns = [_cells(table, place, broken=broken) for place in range(len(table.header))]
        least = [_least(name, cells, words=place in table.words) for place, (name, cells) in enumerate(columns)]
        widths = _filled(least, [max(map(_longest, (name, *cells))) for name, cells in columns], room)
        tallest = max(
            (len(_wrapped(cell, size)) for (_, cells), size in zip(columns, widths, strict=True) for cell in cells),
            default=0,
        )
        if sum(widths) <= room and tallest <= _TALLEST:
            return _rich(table, columns, widths)
    return None


def _cells(table: "Table", place: int, *, broken: bool) -> tuple[str, list[str]]:
    """Return the name and the cells of a column, intervals of figures on a line of their own where asked."""
    cells = [row[place] for row in table.rows]
    if broken and place not in table.words:
        cells = [_broken(cell) for cell in cells]
    return table.header[place], cells


def _broken(figure: str) -> str:
    return figure.replace(" [", "\n[")


def _least(name: str, cells: Sequence[str], *, words: bool) -> int:
    """Return the least width of a column: no word of its name or of words in it, and no figure, is cut."""
    if words:
        longest = max(map(_longest, cells), default=0)
        return max(*map(_longest_word, (name, *cells)), min(longest, _NARROWEST))
    return max(_longest_word(name), *map(_longest, cells), 1)


def _filled(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """Give what room is left, character by character, to the column whose longest line needs it most."""
    widths = [max(width, 1) for width in least]
    while sum(widths) < room:
        need, place = max(
            (longest / width, -place) for place, (longest, width) in enumerate(zip(most, widths, strict=True))
        )
        if need <= 1:
            break
        widths[-place] += 1
    return widths


def _rich(table: "Table", columns: Sequence[tuple[str, Sequence[str]]], widths: Sequence[int]) -> "RichTable":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=SIMPLE_HEAD, pad_edge=False)
    for place, ((name, _), width) in enumerate(zip(columns, widths, strict=True)):
        shown.add_column(Text(name), justify="left" if place in table.words else "right", width=width)
    for row in zip(*(cells for _, cells in columns), strict=True):
        shown.add_row(*map(Text, row))
    return shown


def _longest(cell: str) -> int:
    return max(map(len, cell.splitlines()), default=0)


def _longest_word(cell: str) -> int:
    return max(map(len, cell.split()), default=0)


def _wrapped(text: str, width: int) -> list[str]:
    """Return the lines of a text; a word that is wider than they are stands whole on a line of its own."""
    lines = [
        textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""] for line in text.splitlines()
    ]
    return [part for line in lines for part in line] or [""]
