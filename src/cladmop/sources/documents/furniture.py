"""What stands on the pages of a document but is no part of its text: running headers, page numbers, contents."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from cladmop.sources.documents.lines import Document, Line

_ZONE = 6
"""Lines at the top and at the bottom of a page among which headers and footers are looked for."""
_SHARE = 0.3
"""Share of the pages on which a header stands at least: left and right pages may differ."""
_PAGE_NUMBER = re.compile(
    r"(?:page\s*|p\.\s*|[-\u2013|]\s*)?\d{1,4}(?:\s*(?:of|/|\|)\s*\d{1,4})?(?:\s*[-\u2013|])?(?:\s*page)?$",
    re.IGNORECASE,
)
_LEADER = re.compile(r"(?:\.\s?){4,}|…{2,}|(?:_\s?){6,}")
_CONTENTS_ENTRY = re.compile(r"(?=[A-Z\d][^≥≤<>=]*[A-Za-z]{3})[^≥≤<>=]{2,150}?\s+(?P<page>\d{1,4})$")
_CONTENTS = re.compile(r"(?:table of )?contents\b", re.IGNORECASE)
_NEAR = 30
"""Lines below the heading "Contents", or below another entry, among which an entry is looked for."""
_FEWEST_ENTRIES = 5
"""Lines in a row that end in page numbers and are taken for a table of contents."""


def without_furniture(document: Document) -> Document:
    """Return the document without running headers, footers, page numbers and tables of contents."""
    lines = document.lines
    if document.unit == "page":
        lines = _without_running_lines(lines)
    return Document(_without_contents(lines), document.unit, document.title, document.remarks)


def _without_running_lines(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Drop what stands at the same height of many pages, digits aside, and page numbers at the edges."""
    pages: dict[int, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        pages[line.place].append(index)
    edges: set[int] = set()
    for page in pages.values():
        by_height = sorted(page, key=lambda index: lines[index].height)
        edges.update(by_height[:_ZONE], by_height[-_ZONE:])
    often = max(2, math.ceil(_SHARE * len(pages)))
    places = Counter((_running(lines[index].text), round(lines[index].height / 2)) for index in edges)
    running = {text for (text, _), count in places.items() if count >= often}
    outermost = {index for page in pages.values() for index in _outermost(page, lines)}
    dropped = {index for index in edges if _running(lines[index].text) in running}
    dropped |= {index for index in outermost if _PAGE_NUMBER.match(lines[index].text)}
    return tuple(line for index, line in enumerate(lines) if index not in dropped)


def _running(text: str) -> str:
    return re.sub(r"\d+", "#", text).casefold()


def _outermost(page: Sequence[int], lines: Sequence[Line]) -> list[int]:
    """Return the lines at the upper and the lower edge of a page."""
    heights = [lines[index].height for index in page]
    return [index for index in page if lines[index].height in {min(heights), max(heights)}]


def _without_contents(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Drop lines with dotted leaders, and below "Contents" titles that end in page numbers that never fall."""
    pages = max(line.place for line in lines)
    dropped = {index for index, line in enumerate(lines) if _LEADER.search(line.text)}
    run: list[int] = []
    last = 0
    near = -_NEAR
    for index, line in enumerate(lines):
        match = _CONTENTS_ENTRY.match(line.text)
        page = int(match["page"]) if match else 0
        # Elsewhere "Grade 1" and "Grade 2" in a list of criteria are no pages.
        if max(1, last) <= page <= pages and index <= near + _NEAR:
            run.append(index)
            near, last = index, page
            continue
        dropped.update(run if len(run) >= _FEWEST_ENTRIES else ())
        run, last = [], 0
        near = index if _CONTENTS.match(line.text) else near
    dropped.update(run if len(run) >= _FEWEST_ENTRIES else ())
    return tuple(line for index, line in enumerate(lines) if index not in dropped)
