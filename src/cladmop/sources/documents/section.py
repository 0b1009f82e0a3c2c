"""Finding the eligibility section in a whole protocol, and telling it from a synopsis and the contents."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cladmop.errors import InputError
from cladmop.sources.documents.headings import (
    LOOKED_FOR,
    ends_anywhere,
    ends_summary,
    follows,
    heading_of,
    is_plain_title,
    is_title,
    opens_criteria,
    opens_synopsis,
)
from cladmop.sources.documents.lines import Document, Line

_LIST_NUMBER = re.compile(r"\(?(\d{1,3})[.)]\s")
_FEWEST_LETTERS = 15
"""Letters below which a section is only a heading or a reference to another section."""
_EXCLUSION = re.compile(r"(?:non[ -]?in|ex)clusion|ineligib", re.IGNORECASE)


@dataclass(frozen=True)
class Section:
    """A stretch of lines under headings of eligibility criteria."""

    start: int
    """Index of its first line, a heading."""
    stop: int
    """Index behind its last line."""
    heading: str
    number: tuple[int, ...]
    letters: int
    """Letters below its headings."""
    in_synopsis: bool
    has_exclusion: bool
    """Whether one of its headings is of exclusion criteria."""
    is_ended: bool
    """Whether a further heading ends it, or only the end of the document."""


@dataclass(frozen=True)
class Choice:
    """The sections that hold the criteria, in order, and those that were left."""

    taken: tuple[Section, ...]
    left: tuple[Section, ...]


def choose(document: Document, name: str) -> Choice:
    """Find the eligibility section of a document: a body section before a synopsis, the longest of several.

    Sections that touch, or whose numbers have the same parent (``5.1`` and, after another section, ``5.3``), are taken
    together.

    Raises
    ------
    InputError
        If there is none; the message lists the headings that are looked for.
    """
    for weak in (False, True):
        sections = find_sections(document.lines, weak=weak)
        if sections:
            break
    else:
        raise InputError(
            f"{name}: no section with eligibility criteria found; looked for the headings {LOOKED_FOR}; "
            "give the criteria as a text file"
        )
    best = max(sections, key=_worth)
    taken = tuple(one for one in sections if one is best or _belongs(one, best))
    return Choice(taken, tuple(one for one in sections if one not in taken))


def _worth(section: Section) -> tuple[bool, bool, int]:
    return not section.in_synopsis, section.has_exclusion, section.letters


def _belongs(one: Section, best: Section) -> bool:
    """Tell whether a section has the same parent as the best one, or stands right before or behind it."""
    if one.in_synopsis != best.in_synopsis:
        return False
    if one.stop == best.start or one.start == best.stop:
        return True
    return len(one.number) > 1 and len(one.number) == len(best.number) and one.number[:-1] == best.number[:-1]


def find_sections(lines: Sequence[Line], *, weak: bool = False) -> list[Section]:
    """Return all stretches under headings of eligibility criteria that hold text, in order.

    Parameters
    ----------
    lines
        The document without furniture.
    weak
        Whether headings that only name the population open a section too.
    """
    body = _body_look(lines)
    summaries = _in_synopsis(lines, body)
    sections = []
    index = 0
    while index < len(lines):
        if not opens_criteria(lines[index], weak=weak):
            index += 1
            continue
        section = _section(lines, index, body, synopsis=summaries[index], weak=weak)
        if section.letters >= _FEWEST_LETTERS:
            sections.append(section)
        index = section.stop
    return sections


def _in_synopsis(lines: Sequence[Line], body: tuple[float, bool, int]) -> list[bool]:
    """Tell of each line whether it stands between the heading of a synopsis and the next chapter."""
    inside = False
    found = []
    for line in lines:
        inside = opens_synopsis(line) or (inside and not _is_chapter(line, body))
        found.append(inside)
    return found


def _section(
    lines: Sequence[Line], start: int, body: tuple[float, bool, int], *, synopsis: bool, weak: bool
) -> Section:
    end = _End(lines[start], body, synopsis=synopsis)
    stop = start + 1
    letters = _letters(lines[start].text.partition(":")[2])
    has_exclusion = _EXCLUSION.search(lines[start].text) is not None
    while stop < len(lines) and not end.is_at(lines[stop], lines[stop + 1 : stop + 2], weak=weak):
        if opens_criteria(lines[stop]):
            has_exclusion |= _EXCLUSION.search(lines[stop].text) is not None
            letters += _letters(lines[stop].text.partition(":")[2])
        else:
            letters += _letters(lines[stop].text)
        stop += 1
    heading = heading_of(lines[start])
    return Section(
        start,
        stop,
        heading=lines[start].text.partition(":")[0].strip(),
        number=heading.number,
        letters=letters,
        in_synopsis=synopsis and len(heading.number) != 1,
        has_exclusion=has_exclusion,
        is_ended=stop < len(lines),
    )


class _End:
    """Tells where a section ends; remembers its last heading and the list it is in."""

    def __init__(self, opening: Line, body: tuple[float, bool, int], *, synopsis: bool) -> None:
        self.body = body
        self.synopsis = synopsis
        self.opening = opening
        self.last = opening
        self.number = heading_of(opening).number
        self.item = 0

    def is_at(self, line: Line, following: Sequence[Line], *, weak: bool) -> bool:
        """Tell whether ``line`` no longer belongs to the section."""
        if opens_criteria(line, weak=weak and bool(self.number)):
            return self._is_other_section(line)
        ended = self._ends(line, following)
        numbered = _LIST_NUMBER.match(line.text)
        self.item = int(numbered[1]) if numbered else self.item
        return ended

    def _is_other_section(self, line: Line) -> bool:
        """Tell whether a further heading of criteria opens a section of its own; if not, take it in."""
        number = heading_of(line).number
        # A synopsis is followed by the body, whose headings are numbered or styled.
        if (number and not self.number) or (line.level and not self.opening.level):
            return True
        if number and self.number and number[0] != self.number[0] and len(number) <= len(self.number):
            return True
        self.last = line
        self.number = number or self.number
        return False

    def _ends(self, line: Line, following: Sequence[Line]) -> bool:
        if self.opening.row:
            return self._leaves_row(line, following)
        if self.opening.level:
            return 0 < line.level <= max(self.opening.level, self.last.level) or (
                not line.level and self._ends_by_words(line)
            )
        if self.number:
            return self._is_next_number(line) or self._ends_by_words(line)
        return _is_chapter(line, self.body) or self._ends_by_words(line) or self._ends_unnumbered(line)

    def _leaves_row(self, line: Line, following: Sequence[Line]) -> bool:
        """Tell whether a line of a table opens another row with a heading of its own, or stands below the table."""
        if line.row == self.opening.row:
            return False
        is_alone = not following or following[0].row != line.row
        return not line.row or (line.cell == 1 and not is_alone and is_title(line.text) and _letters(line.text) > 3)

    def _ends_by_words(self, line: Line) -> bool:
        return ends_anywhere(line) and (self._stands_out(line) or heading_of(line).number != ())

    def _stands_out(self, line: Line) -> bool:
        """Tell whether a line looks like the section's heading; anything does where headings look like text."""
        return self.opening.look in {self.body, line.look} or line.size > self.body[0]

    def _is_next_number(self, line: Line) -> bool:
        """Tell whether a line has the number of a section that may come next, and looks like a heading."""
        heading = heading_of(line)
        if not follows(heading.number, self.number) or not is_title(heading.title):
            return False
        if self.body not in {self.opening.look, line.look}:
            return line.size >= self.opening.size or line.look == self.last.look
        if len(heading.number) > 1:
            return True
        return heading.title.isupper() or (is_plain_title(heading.title) and heading.number != (self.item + 1,))

    def _ends_unnumbered(self, line: Line) -> bool:
        heading = heading_of(line)
        if heading.number and not heading.dotted and is_plain_title(heading.title) and line.look != self.body:
            return True
        # Outside a synopsis "Registration:" may head some of the criteria.
        if ends_summary(line) and (self.synopsis or not line.text.endswith(":")):
            return self._stands_out(line) or ":" in line.text
        is_larger = line.size > self.body[0] and line.look == self.opening.look
        return is_larger and is_title(line.text) and not line.text.endswith(":")


def _is_chapter(line: Line, body: tuple[float, bool, int]) -> bool:
    """Tell whether a line opens a chapter of the body: ``2. INTRODUCTION``."""
    heading = heading_of(line)
    if line.row or line.level:
        return line.level == 1
    if len(heading.number) != 1 or not is_title(heading.title):
        return False
    if line.look != body and is_plain_title(heading.title):
        return True
    # Shorter ones are items: "2. HIV".
    return heading.title.isupper() and _letters(heading.title) >= 8


def _body_look(lines: Sequence[Line]) -> tuple[float, bool, int]:
    """Return the look of most of the text."""
    looks: Counter[tuple[float, bool, int]] = Counter()
    for line in lines:
        looks[line.look] += len(line.text)
    return looks.most_common(1)[0][0]


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))
