"""Eligibility text as registries write it, read into inclusion and exclusion items without losing a word.

Two dialects. ClinicalTrials.gov's legacy XML (and TOP, which is made from it) indents everything by eight spaces or
more, wraps lines under hanging indents and parts paragraphs by blank lines; its API version 2 writes markdown, one
line a paragraph. Text from elsewhere is read like the second, with hanging indents as in the first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise
from typing import NamedTuple

from cladmop.records.headings import Side, heading_of, split_at_headings


@dataclass(frozen=True)
class Criteria:
    """Eligibility criteria, one string an item, in the order written."""

    inclusion: tuple[str, ...] = ()
    """Inclusion items; sub-headings stand as items of their own."""
    exclusion: tuple[str, ...] = ()
    """Exclusion items, likewise."""


class Part(Enum):
    """What a stretch of eligibility text is."""

    ITEM = auto()
    MARKER = auto()
    """A bullet or number; dropped."""
    HEADING = auto()
    """A section heading that says nothing but its side; dropped."""


class Segment(NamedTuple):
    """A stretch of eligibility text, in the order written."""

    part: Part
    side: Side
    text: str


def parse_criteria(text: str) -> Criteria:
    r"""Read eligibility text into inclusion and exclusion items.

    Wrapped lines are joined; bullets, numbers, markdown escapes (``\>``) and the bare section headings
    (``Key Inclusion Criteria:``, ``Part A exclusion:``) go, and nothing else. A heading that says more than its side
    (``Exclusion criteria for women:``) stays as an item. Text before any heading is inclusion.

    Parameters
    ----------
    text
        Eligibility criteria in either dialect; may be empty.

    Returns
    -------
    Criteria
        Both sides; empty tuples where the text has none. Runs in time linear in the length of ``text``.
    """
    items: dict[Side, list[str]] = {side: [] for side in Side}
    for segment in segments(text):
        # Rules of dashes and the like hold no word.
        if segment.part is Part.ITEM and any(map(str.isalnum, segment.text)):
            items[segment.side].append(segment.text)
    return Criteria(tuple(items[Side.INCLUSION]), tuple(items[Side.EXCLUSION]))


def segments(text: str) -> Iterator[Segment]:
    """Yield every item, marker and section heading of eligibility text in the order written.

    Apart from white space and markdown escapes, the texts of the segments in a row are the whole text.
    """
    section = Side.INCLUSION
    nested: tuple[int, Side] | None = None
    for paragraph in _paragraphs(text.splitlines()):
        if nested is not None and paragraph.depth <= nested[0]:
            nested = None
        yield from _segment(Part.MARKER, section, paragraph.marker)
        for part in split_at_headings(paragraph.text):
            heading = heading_of(part, marked=bool(paragraph.marker))
            if heading is None:
                yield from _segment(Part.ITEM, nested[1] if nested else section, part)
                continue
            if heading.nested:
                nested = (paragraph.depth, heading.side)
            else:
                section, nested = heading.side, None
            yield from _segment(Part.HEADING, section, heading.dropped)
            # The list may start on the heading's own line: "Exclusion Criteria: 1. Pregnancy".
            marker = _LIST_MARKER.match(heading.rest) if heading.dropped else None
            start = marker.end() if marker else 0
            yield from _segment(Part.MARKER, section, heading.rest[:start])
            yield from _segment(Part.ITEM, heading.side, heading.rest[start:])


def _segment(part: Part, side: Side, text: str) -> Iterator[Segment]:
    text = text.strip()
    if text:
        yield Segment(part, side, _ESCAPE.sub(r"\1", text) if part is Part.ITEM else text)


_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
"""A markdown escape: a backslash before ASCII punctuation."""
_BULLET = re.compile(r"(?:(?:[-*•·▪■●◦‣∙\u2013\u2014]+|o)(?:\s+|$))+|(?:-{1,2}|[•·▪■●◦‣∙])(?=[A-Z(\[])")
_NUMBER = re.compile(
    r"(?P<label>\d{1,3})(?:\.\d{1,2})*\\?[.)](?:\s+|$|(?=[A-Z][a-z]))|\(\d{1,3}\)(?:\s+|$)"
    r"|\d{1,2}(?:\.\d{1,2}){2,3}\s+"
)
# "C. difficile" is a species: an upper-case letter numbers an item only where no small letter follows.
_LETTER = re.compile(r"\(?(?P<label>[a-z]|[ivx]{2,5}|(?:[A-Z]|[IVX]{2,5})(?=\\?[.)]\s+[^a-z\s]))\\?[.)]\s+")
_LIST_MARKER = re.compile(rf"{_BULLET.pattern}|\(?\d{{1,2}}\\?[.)]\s+")
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
_LEGACY_INDENT = 8
_WRAP_WIDTHS = range(60, 133)
"""Line lengths at which people and programs wrap text, in characters."""


@dataclass
class _Paragraph:
    """One paragraph, its wrapped lines joined."""

    column: int
    content: int
    """Column where the text after the marker begins."""
    marker: str
    lines: list[str]

    @property
    def depth(self) -> int:
        """How deep it is nested: a marked paragraph lies below an unmarked one of its column."""
        return 2 * self.column + bool(self.marker)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.lines).split())


@dataclass
class _Numbering:
    """The labels that may come next, so that a wrapped ``70. No prior`` or ``E. coli`` is not taken for a number."""

    expected: set[str] = field(default_factory=lambda: {"1", "a", "A", "i", "I"})

    def marker(self, body: str, *, spaced: bool) -> str:
        """Return the bullet and number that ``body`` starts with; ``spaced`` where a blank line came before."""
        bullet = _BULLET.match(body)
        start = bullet.end() if bullet else 0
        end = self._number(body, start, trusted=spaced or bullet is not None)
        inner = _BULLET.match(body, end) if end > start else None
        return body[: inner.end() if inner else end]

    def _number(self, body: str, start: int, *, trusted: bool) -> int:
        number = _NUMBER.match(body, start)
        if number is not None:
            label = number["label"]
            known = label is None or label in self.expected
            if label is not None:
                self.expected.add(str(int(label) + 1))
            if not (known or trusted):
                return start
            start = number.end()
        letter = _LETTER.match(body, start)
        if letter is not None and letter["label"] in self.expected:
            self.expected |= _successors(letter["label"])
            start = letter.end()
        return start


def _successors(label: str) -> set[str]:
    following = set()
    if len(label) == 1 and label not in "zZ":
        following.add(chr(ord(label) + 1))
    roman = label.lower()
    if roman in _ROMAN[:-1]:
        after = _ROMAN[_ROMAN.index(roman) + 1]
        following.add(after if label.islower() else after.upper())
    return following


class _Layout(Enum):
    """How lines make paragraphs."""

    LEGACY = auto()
    """Blank lines part paragraphs; any other line break is a wrap."""
    WRAPPED = auto()
    """Lines are filled to one width; a line break without a marker is a wrap."""
    LINES = auto()
    """A line is a paragraph, unless it hangs below a marker."""


def _layout(lines: list[str]) -> _Layout:
    filled = [line for line in lines if line.strip()]
    if len(filled) > 1 and all(_column(line) >= _LEGACY_INDENT for line in filled[1:]):
        return _Layout.LEGACY
    width = max((len(line) for line in filled), default=0)
    if width not in _WRAP_WIDTHS:
        return _Layout.LINES
    wraps = 0
    for line, after in pairwise(lines):
        words = after.split(maxsplit=1)
        if not line.strip() or not words or line.rstrip().endswith(":") or _BULLET.match(words[0]):
            continue
        if len(line.rstrip()) + 1 + len(words[0]) <= width:
            return _Layout.LINES
        wraps += 1
    return _Layout.WRAPPED if wraps >= 4 else _Layout.LINES


def _paragraphs(lines: list[str]) -> Iterator[_Paragraph]:
    layout = _layout(lines)
    numbering = _Numbering()
    current: _Paragraph | None = None
    spaced = True
    for line in lines:
        body = line.strip()
        if not body:
            spaced = True
            continue
        column = _column(line)
        marker = "" if _is_wrap(layout, current, column, spaced=spaced) else numbering.marker(body, spaced=spaced)
        if current is not None and not spaced and not marker and _joins(layout, current, column):
            current.lines.append(body)
        else:
            if current is not None:
                yield current
            current = _Paragraph(column, column + len(marker), marker, [body[len(marker) :]])
        spaced = False
    if current is not None:
        yield current


def _is_wrap(layout: _Layout, current: _Paragraph | None, column: int, *, spaced: bool) -> bool:
    """Tell whether a line can only continue the paragraph, even if it begins like a list (``- 5 degrees``)."""
    return layout is _Layout.LEGACY and current is not None and not spaced and column == current.content


def _joins(layout: _Layout, current: _Paragraph, column: int) -> bool:
    """Tell whether a line without marker, right below ``current``, continues it."""
    return layout is not _Layout.LINES or (bool(current.marker) and column > current.column)


def _column(line: str) -> int:
    line = line.expandtabs(4)
    return len(line) - len(line.lstrip())
