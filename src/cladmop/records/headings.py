"""Headings of eligibility text: which words open the inclusion or the exclusion side."""

import re
from enum import Enum
from itertools import pairwise
from typing import NamedTuple


class Side(Enum):
    """The two sides of eligibility criteria."""

    INCLUSION = 0
    EXCLUSION = 1


class Heading(NamedTuple):
    """What the start of a paragraph says about the side of what follows."""

    side: Side
    dropped: str
    """The words of the heading itself, empty where they say more than the side and so stay in the text."""
    rest: str
    """The paragraph without ``dropped``."""
    nested: bool = False
    """Whether the side holds only for what is indented below (``the following are excluded:``)."""


_ADJECTIVES = (
    "key|main|major|primary|general|initial|additional|specific|other|special|common|basic|selected|principal|"
    "important|overall|the|patients?|subjects?|participants?|study|trial|protocol"
)
_NUMBERED = r"(?:part|phase|cohort|group|arm|stage|step|period|study)[ -]?[a-z\d]{1,3}(?:/[a-z\d]{1,3})?\b"
_LEAD = rf"(?:(?:{_ADJECTIVES}|{_NUMBERED})(?:[ ,]+|\s*[-:\u2013]\s*)){{0,4}}"
_EXCLUSION = r"non[ -]?inclusions?|exclusion(?:s|ary)?|ineligibility"
_INCLUSION = r"i?inclusions?(?:\s*(?:/|and|&|or|,)\s*(?:non[ -]?in|ex)clusions?)?|eligibility"
_CRITERIA = r"[ _]*(?:criteri(?:a|as|on|um|ons)|requir[a-z]*)\b"
_TAIL = r"(?:,? (?:include|includes|included|are|is|were|as follows|the following)\b){0,2}"
# A heading without the word "criteria" must end its line or be followed by a colon: "Inclusion of women ..." is text.
_PURE = re.compile(
    rf"(?:[*_#]+\s*)?{_LEAD}(?:criteria for )?"
    rf"(?:(?P<exclusion>{_EXCLUSION}|not eligible(?: if)?|ineligible(?: if)?)|(?:{_INCLUSION}|eligible(?: if)?))"
    rf"(?:{_CRITERIA}{_TAIL})?"
    r"(?:[\s*_]*[:\uff1a][-\u2013\u2014:*_\s]*|\s+[-\u2013\u2014]+$|[\s.*_]*$)",
    re.IGNORECASE,
)
# "Exclusion Criteria 9. Platelets" and "Exclusion Criteria - Platelets": the list starts on the heading's line.
_BEFORE_LIST = re.compile(
    rf"{_LEAD}(?:(?P<exclusion>{_EXCLUSION})|(?:{_INCLUSION})){_CRITERIA}\s*(?=\(?\d{{1,2}}[.)]\s|[*•]\s|-\s+[A-Z][a-z])",
    re.IGNORECASE,
)
_SIDED = rf"\b(?:(?P<exclusion>{_EXCLUSION})|(?:i?inclusions?|eligibility)){_CRITERIA}"
_MIXED = re.compile(r"\binclusions?\s*(?:/|and|&|or|,)\s*(?:non[ -]?in|ex)clusions?", re.IGNORECASE)
_ENDING_IN_COLON = re.compile(rf".{{0,120}}?{_SIDED}[^:]{{0,120}}:$", re.IGNORECASE)
_QUALIFIED = re.compile(rf"(?:[\w/:-]+ ){{0,5}}?{_SIDED}[^.]{{0,90}}$", re.IGNORECASE)
_QUALIFIED_INLINE = re.compile(rf"{_LEAD}{_SIDED}(?: \([^()]{{1,60}}\)| for [^.:;]{{1,60}}):", re.IGNORECASE)
_VERBS = re.compile(
    r"\b(?:appl(?:y|ies|ied)|may|must|do|does|will|are|is|was|were|be|meet|meets|meeting|met|not|no|failure|violat\w+)\b",
    re.IGNORECASE,
)
_IF = re.compile(
    r"(?:.{0,80}\b)?(?P<exclusion>not (?:be )?eligible|ineligible)\b[^.:]{0,80}\bif\b[^.:]{0,60}:?$"
    r"|(?:.{0,80}\b)?eligible\b[^.:]{0,80}\bif\b[^.:]{0,60}:$"
    r"|(?P<leading>ineligible|not eligible) if\b",
    re.IGNORECASE,
)
_EXCLUDED = re.compile(
    r"(?:.{0,160}?\b)?(?<!not )(?<!not be )(?:excluded|ineligible|exclusionary|not (?:be )?(?:eligible|included|"
    r"enrolled|allowed|permitted))\b[^.:]{0,120}:$",
    re.IGNORECASE,
)
# The sections of the US National Cancer Institute's summaries, each of which opens with what is required.
_SUMMARY = re.compile(r"(?:DISEASE CHARACTERISTICS|PATIENT CHARACTERISTICS|PRIOR[ /]+CONCURRENT THERAPY)\s*:")
_INSIDE = re.compile(
    r"(?<=\s)(?:(?:Key|Main|Major|General|KEY|MAIN)\s)?(?<!the )(?:Non-)?(?:Inclusion|Exclusion|INCLUSION|EXCLUSION)"
    r"\s(?:[Cc]riteria|CRITERIA)\s*(?::|$)|(?<=[.;]\s)(?:Inclusion|Exclusion|INCLUSION|EXCLUSION)\s*:"
)
_SHORTEST = 30
"""Characters before a heading inside a paragraph; with fewer they are the heading's own words (``Stage 2: Main``)."""
_LONGEST = 300
"""Longest paragraph in characters that can be a heading as a whole."""


def split_at_headings(paragraph: str) -> list[str]:
    """Cut a paragraph before each section heading inside it and after a leading ``PATIENT CHARACTERISTICS:``.

    Joined by spaces the parts are the paragraph.
    """
    found = (match.start() for match in _INSIDE.finditer(paragraph))
    cuts = [start for start in found if start >= _SHORTEST or paragraph[start - 2] in ".;"]
    summary = _SUMMARY.match(paragraph)
    if summary is not None:
        cuts.insert(0, summary.end())
    bounds = [0, *cuts, len(paragraph)]
    parts = (paragraph[start:end].strip() for start, end in pairwise(bounds))
    return [part for part in parts if part]


def heading_of(text: str, *, marked: bool) -> Heading | None:
    """Recognise a heading at the start of one paragraph.

    Parameters
    ----------
    text
        The paragraph on one line, without bullet or number.
    marked
        Whether it had a bullet or number.

    Returns
    -------
    Heading or None
        None for an ordinary criterion or a sub-heading that says nothing of the side.
    """
    for pattern in (_PURE, _BEFORE_LIST):
        match = pattern.match(text)
        if match is not None:
            return Heading(_side(match), text[: match.end()], text[match.end() :])
    if _SUMMARY.match(text) is not None:
        return Heading(Side.INCLUSION, "", text)
    match = _QUALIFIED_INLINE.match(text)
    if match is not None and _MIXED.search(match[0]) is None:
        return Heading(_side(match), "", text)
    return _kept_heading(text, marked=marked) if len(text) <= _LONGEST else None


def _kept_heading(text: str, *, marked: bool) -> Heading | None:
    """Recognise a heading that says more than its side, and so stays as an item."""
    if _MIXED.search(text) is not None:
        return None
    match = _ENDING_IN_COLON.match(text)
    if match is None and not marked and _VERBS.search(text) is None:
        match = _QUALIFIED.match(text)
    if match is None and not marked:
        match = _IF.match(text)
    if match is not None:
        return Heading(_side(match), "", text)
    if _EXCLUDED.match(text) is not None:
        return Heading(Side.EXCLUSION, "", text, nested=True)
    return None


def _side(match: re.Match[str]) -> Side:
    named = match.groupdict()
    return Side.EXCLUSION if named.get("exclusion") or named.get("leading") else Side.INCLUSION
