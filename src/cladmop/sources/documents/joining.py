"""Lines of a PDF back to paragraphs: wraps joined, hyphens undone, bullets repaired, page breaks closed."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from cladmop.sources.documents.headings import heading_of, opens_criteria
from cladmop.sources.documents.lines import Line

_ODD_BULLET = re.compile(
    r"(?:[\uf000-\uf0ff\u25a0-\u25ff\u2022\u2023\u2043\u27a2\u2713\u2714\u2756\u2740§Ø·]|ü(?=\s)|o(?=\s+[A-Z(≥≤<>]))\s*"
)
"""Bullets as fonts without a Unicode table come out."""
_MARKER = re.compile(
    r"(?:(?P<bullet>[•*\u2013\u2014-])|(?P<section>\d{1,2}(?:\.\d{1,2}){2,3}\.?)|\(?(?P<label>\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)])(?:\s+|$)"
)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
_UNFINISHED = re.compile(r"[^\s/-][-/\u2013\u00ad]$")
"""The end of a line inside a word, compound or range: ``PD-1/`` before ``PD-L1``, ``3-`` before ``5``."""
_KEPT_PREFIXES = frozenset({"non", "anti", "pre", "post", "co", "self", "re", "well", "long", "short", "high", "low"})
_SAME_EDGE = 3.0
"""Points within which two left edges are the same."""
_WIDTHS = {**dict.fromkeys("iljtfrI.,;:'|!()[]/ ", 0.3), **dict.fromkeys("mwMW%@", 0.85)}
"""Widths of characters in units of the font size, roughly; capitals and others below."""


@dataclass
class Paragraph:
    """One paragraph of the text, its lines joined."""

    text: str
    left: float
    """Left edge of its marker, or of its text without one."""
    marked: bool
    last: Line
    """Its last line so far."""
    wrap_left: float | None = None
    """Left edge of its second and later lines."""


@dataclass(frozen=True)
class Layout:
    """What is usual in a document: learnt from all its lines before any are joined."""

    right: float
    """Right edge of the longest lines, in points by `_width`."""
    leading: float
    """Usual distance of the baselines of a paragraph, in font sizes."""
    words: frozenset[str] = field(repr=False)
    """All words of the document, in lower case."""
    hyphenates: bool
    """Whether most words cut at line ends are also written without hyphen."""


def layout_of(lines: Sequence[Line]) -> Layout:
    """Learn the right edge, the leading and the words of a document."""
    rights = sorted(line.left + _width(line.text, line.size) for line in lines)
    gaps: Counter[float] = Counter()
    for line, after in pairwise(lines):
        gap = line.height - after.height
        if line.place == after.place and line.size and 0.5 * line.size < gap < 3.5 * line.size:
            gaps[round(gap / line.size, 1)] += 1
    words: Counter[str] = Counter()
    for line in lines:
        words.update(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.text.lower()))
    known = frozenset(words)
    return Layout(
        right=rights[int(0.95 * (len(rights) - 1))],
        leading=gaps.most_common(1)[0][0] if gaps else 1.2,
        words=known,
        hyphenates=_hyphenates(lines, known),
    )


def _hyphenates(lines: Sequence[Line], words: frozenset[str]) -> bool:
    soft = hard = 0
    for line, after in pairwise(lines):
        cut = _cut_word(line.text, after.text)
        if cut is not None:
            soft += cut[0] + cut[1] in words
            hard += f"{cut[0]}-{cut[1]}" in words
    return soft > hard


def paragraphs_of(lines: Sequence[Line], layout: Layout) -> list[Paragraph]:
    """Join the lines of a section to paragraphs, across pages too.

    Parameters
    ----------
    lines
        Lines of the section in reading order, without furniture.
    layout
        What is usual in the whole document (`layout_of`).
    """
    paragraphs: list[Paragraph] = []
    labels = _Labels()
    for line in _with_markers(lines):
        current = paragraphs[-1] if paragraphs else None
        marker = _MARKER.match(line.text)
        # The wrapped end of "S-1." is no item.
        marker = None if marker is None or marker.end() == len(line.text) else marker
        if current is None or _starts_new(current, line, marker, labels, layout):
            if marker is not None and marker["label"]:
                labels.saw(marker["label"], line.left)
            paragraphs.append(Paragraph(line.text, line.left, marked=marker is not None, last=line))
            continue
        if current.wrap_left is None:
            current.wrap_left = line.left
        current.text = join(current.text, line.text, layout)
        current.last = line
    return paragraphs


def _with_markers(lines: Sequence[Line]) -> list[Line]:
    """Give odd bullets their usual form, and put markers that stand alone before the text that they belong to."""
    repaired: list[Line] = []
    held: Line | None = None
    for line, after in zip(lines, (*lines[1:], None), strict=True):
        text = _ODD_BULLET.sub("• ", line.text, count=1) if _ODD_BULLET.match(line.text) else line.text
        first = held or line
        text = (f"{held.text} {text}" if held else text).strip()
        held = None
        joined = replace(line, text=text, left=first.left)
        if after is not None and _is_lone_marker(joined, after):
            held = joined
        else:
            repaired.append(joined)
    return repaired


def _is_lone_marker(line: Line, after: Line) -> bool:
    """Tell whether a line is only a bullet, or a number beside the text that it belongs to."""
    marker = _MARKER.fullmatch(line.text)
    if marker is None:
        return False
    is_beside = line.place == after.place and abs(line.height - after.height) < 0.6 * (line.size or 10.0)
    return marker["bullet"] is not None or is_beside


@dataclass
class _Labels:
    """Labels of lists that may come next, with the left edge of their list."""

    expected: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(("1", "a", "A", "i", "I")))

    def saw(self, label: str, left: float) -> None:
        """Note a label that opened an item."""
        for following in _successors(label):
            self.expected[following] = left

    def fits(self, label: str, left: float) -> bool:
        """Tell whether a label continues a list at this left edge, or opens one."""
        if label not in self.expected:
            return False
        edge = self.expected[label]
        return edge is None or label in {"1", "a", "A", "i", "I"} or abs(edge - left) <= 4 * _SAME_EDGE


def _successors(label: str) -> set[str]:
    if label.isdigit():
        return {str(int(label) + 1)}
    following = {chr(ord(label) + 1)} if len(label) == 1 and label not in "zZ" else set()
    roman = label.lower()
    if roman in _ROMAN[:-1]:
        after = _ROMAN[_ROMAN.index(roman) + 1]
        following.add(after if label.islower() else after.upper())
    return following


def _starts_new(
    current: Paragraph, line: Line, marker: "re.Match[str] | None", labels: _Labels, layout: Layout
) -> bool:
    """Tell whether a line opens a paragraph or continues ``current``."""
    if opens_criteria(line) or opens_criteria(current.last) or _is_heading(current, line):
        return True
    is_wrap_edge = current.wrap_left is not None and abs(line.left - current.wrap_left) <= _SAME_EDGE
    if marker is not None:
        had_room = _had_room(current.last, line, layout) or _is_gap(current.last, line, layout, 1.25)
        return _marker_starts(current, line, marker, labels, could_wrap=is_wrap_edge and not had_room)
    if _is_gap(current.last, line, layout, 1.25) or _leaves_edge(current, line, is_wrap_edge=is_wrap_edge):
        return True
    if _UNFINISHED.search(current.text):
        return False
    ends_sentence = current.text[-1:] in ".;:"
    if _had_room(current.last, line, layout):
        return ends_sentence or not line.text[:1].islower()
    return ends_sentence and line.text[:1].isupper() and _is_gap(current.last, line, layout, 1.1)


def _leaves_edge(current: Paragraph, line: Line, *, is_wrap_edge: bool) -> bool:
    """Tell whether a line without marker begins elsewhere than the wrapped lines of ``current``."""
    if current.wrap_left is None:
        return line.left < current.left - _SAME_EDGE
    return not is_wrap_edge


def _marker_starts(
    current: Paragraph, line: Line, marker: "re.Match[str]", labels: _Labels, *, could_wrap: bool
) -> bool:
    if marker["bullet"] is not None:
        is_range = marker["bullet"] != "•" and line.text[marker.end() : marker.end() + 1].isdigit()
        return not (is_range and could_wrap)
    if marker["section"] is not None:
        return True
    return labels.fits(marker["label"], line.left) or not (could_wrap or current.wrap_left is None)


def _is_heading(current: Paragraph, line: Line) -> bool:
    """Tell whether a change of look parts a heading from text, and is no bold word inside a sentence."""
    if line.look == current.last.look:
        return False
    return line.size != current.last.size or current.text.endswith(":") or bool(heading_of(line).number)


def _is_gap(line: Line, after: Line, layout: Layout, factor: float) -> bool:
    """Tell whether there is more than the usual distance between two lines of a page."""
    gap = line.height - after.height
    return line.place == after.place and gap > factor * layout.leading * (line.size or 10.0)


def _had_room(line: Line, after: Line, layout: Layout) -> bool:
    """Tell whether the next line's first word would have fitted: then the break was meant."""
    word = after.text.split(maxsplit=1)[0]
    needed = line.left + _width(f"{line.text} {word}", line.size)
    return needed < layout.right - 0.06 * (layout.right - line.left)


def _width(text: str, size: float) -> float:
    width = sum(_WIDTHS.get(one, 0.68 if one.isupper() else 0.53) for one in text)
    return width * (size or 10.0)


def join(text: str, after: str, layout: Layout) -> str:
    """Join a line to the text before it, and undo the hyphen of a word that was cut at the line's end."""
    if text.endswith("\u00ad"):
        return text[:-1] + after
    cut = _cut_word(text, after)
    if cut is not None:
        return (text[:-1] if _is_soft(*cut, layout) else text) + after
    if _UNFINISHED.search(text) and after[:1].isalnum():
        return text + after
    return f"{text} {after}"


def _cut_word(text: str, after: str) -> tuple[str, str] | None:
    """Return the two parts of a word that may have been cut, in lower case."""
    before = re.search(r"([^\W\d_]+(?:-[^\W\d_]+)*)-$", text)
    behind = re.match(r"[a-z\u00df-\u00ff]+", after)
    return (before[1].lower(), behind[0]) if before and behind else None


def _is_soft(before: str, behind: str, layout: Layout) -> bool:
    """Tell whether the hyphen between two parts was only put in to break the line."""
    if before + behind in layout.words:
        return f"{before}-{behind}" not in layout.words
    if f"{before}-{behind}" in layout.words or before.rpartition("-")[2] in _KEPT_PREFIXES:
        return False
    return layout.hyphenates and not (before in layout.words and behind in layout.words)
