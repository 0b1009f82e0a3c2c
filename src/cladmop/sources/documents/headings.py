"""Headings of a protocol: which lines open the eligibility criteria, and which lines end them."""

import re
from typing import NamedTuple

from cladmop.sources.documents.lines import Line

LOOKED_FOR = (
    "Inclusion Criteria, Exclusion Criteria, Eligibility Criteria, Eligibility, Criteria for Inclusion, "
    "Selection Criteria, Patient Selection, Study Population"
)
"""The headings that are looked for, as an error message lists them."""
_NUMBER = re.compile(
    r"(?:(?:section|chapter)\s+)?(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})(?P<dot>[.:)]?)(?:\s+|(?=[A-Z][a-z]|[A-Z]{3}))(?=\S)",
    re.IGNORECASE,
)
# Leading words: "Key", "Study-wide", "Cohort A", "Donor"; each capitalised or one of the usual adjectives.
_LEAD = (
    r"(?:(?i:key|main|major|primary|general|initial|additional|specific|other|special|common|basic|overall|summary of"
    r"|study|trial|protocol|patients?|subjects?|participants?)\s+|(?:[A-Z][\w/-]{0,20}|\d[a-z]?|[a-z])[:,]?\s+){0,4}?"
)
_SIDE = (
    r"(?:(?:[Nn]on[ -]?)?[Ii]nclusion|(?:NON[ -]?)?INCLUSION|[Ee]xclusion|EXCLUSION"
    r"|(?:[Ii]n)?[Ee]ligibility|(?:IN)?ELIGIBILITY|[Ss]election|SELECTION)"
)
_AND = rf"(?:\s*(?:/|\band\b|\bAND\b|&)\s*{_SIDE}(?:\s+(?:[Cc]riteria|CRITERIA))?)?"
_CRITERIA = r"\s+(?:[Cc]riteri(?:a|on)|CRITERI(?:A|ON)|[Rr]equirements|REQUIREMENTS)"
_TAIL = (
    r"(?:\s*[-\u2013\u2014]?\s*\(?(?:continued|cont\.?|cont'd)\)?)?(?:\s*\([^()]{1,60}\))?"
    r"(?:\s*[-\u2013\u2014,]?\s+(?:for|in|of|at|to)\s[^.:;]{1,70}|\s*[-\u2013\u2014:]\s*(?:[A-Z][\w-]*\s?){1,6})?"
)
_STRONG = re.compile(
    rf"(?:{_LEAD}{_SIDE}(?:\s+(?:[Cc]riteria|CRITERIA))?{_AND}{_CRITERIA}|{_LEAD}{_SIDE}{_CRITERIA}{_AND}"
    rf"|{_LEAD}[Cc](?:riteria|RITERIA)\s+(?:for|FOR)\s+(?:{_LEAD}){_SIDE}{_AND})"
    rf"(?P<tail>{_TAIL}\s*[:.]?$|\s*:\s*\S.*|\s+(?=(?:\(?\d{{1,2}}[.)]|[•*])\s))"
)
"""A heading of eligibility criteria, alone on its line or followed by a colon or a list."""
_BARE = re.compile(rf"{_LEAD}(?![Ss]election|SELECTION){_SIDE}{_AND}\s*(?P<colon>:?)$")
"""``Inclusion``: a heading where it is numbered, styled or ends in a colon."""
_WEAK = re.compile(
    r"(?:(?:patient|subject|participant|study|target|trial)s?\s+)?(?:population|selection)\s*:?$"
    r"|selection of (?:the )?(?:study )?(?:patients|subjects|participants|population)\s*:?$"
    r"|(?:study )?(?:patients|subjects|participants)\s*:?$",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"(?:study |trial |protocol )?(?:life-?style (?:considerations|restrictions|requirements)|screen(?:ing)? failures?"
    r"|strategies for (?:recruitment|retention)|(?:participant |subject |patient |early |premature )*"
    r"(?:withdrawals?|discontinuations?|removal)\b|recruitment|inclusion of (?:women|minorities|special|children)"
    r"|re-?screening|stopping (?:rules|criteria)|(?:criteria for )?(?:withdrawal|discontinuation|removal))\b",
    re.IGNORECASE,
)
"""Headings that end criteria wherever they stand."""
_ENDS_SUMMARY = re.compile(
    r"(?:(?:study|trial|investigational|test|reference|planned|primary|secondary|overall|main) )*"
    r"(?:design|objectives?|endpoints?|outcomes?|outcome measures|treatments?|interventions?|products?|drugs?|schema"
    r"|medications?|procedures?|duration|schedule|visits?|assessments?|dose|dosage|dosing|statistic\w*|analys[ie]s"
    r"|sample size|efficacy|safety|randomi[sz]ation|registration|methodology|rationale|sites?|cent(?:er|re)s?|sponsor"
    r"|comparators?|pharmacokinetics|number of|criteria for (?:evaluation|assessment)|restrictions|population)\b",
    re.IGNORECASE,
)
"""Rows and headings of a synopsis that follow its criteria."""
_SYNOPSIS = re.compile(
    r"(?:(?:protocol|study|trial|clinical|executive)\s+)*(?:synopsis|summary|protocol summary)\b", re.IGNORECASE
)
_LONGEST = 110
"""Most characters of a heading."""


class Heading(NamedTuple):
    """A line that may be a heading, its section number apart."""

    number: tuple[int, ...]
    """``5.1`` is (5, 1) and ``4.0`` is (4,); empty without one."""
    dotted: bool
    """Whether a point or bracket follows the number, as in a list."""
    title: str


def heading_of(line: Line) -> Heading:
    """Part a line into section number and title."""
    match = _NUMBER.match(line.text)
    if match is None:
        return Heading((), dotted=False, title=line.text)
    parts = [int(part) for part in match["number"].split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return Heading(tuple(parts), dotted=bool(match["dot"]), title=line.text[match.end() :])


def opens_criteria(line: Line, *, weak: bool = False) -> bool:
    """Tell whether a line is a heading of eligibility criteria.

    Parameters
    ----------
    line
        The line.
    weak
        Whether headings that only name the population count too (``Study Population``).
    """
    heading = heading_of(line)
    title = heading.title
    if not title[:1].isupper():
        return False
    if _STRONG.match(title) is not None:
        return True
    stands_out = bool(heading.number) or line.level > 0 or line.bold or line.cell == 1
    bare = _BARE.match(title)
    if bare is not None:
        return stands_out or bool(bare["colon"])
    return weak and stands_out and _WEAK.match(title) is not None


def ends_anywhere(line: Line) -> bool:
    """Tell whether a line is a heading that never stands among criteria."""
    title = heading_of(line).title
    return is_title(title) and _ENDS.match(title) is not None


def ends_summary(line: Line) -> bool:
    """Tell whether a line is what follows the criteria of a synopsis, whose headings are not numbered."""
    title = line.text
    return is_title(title.split(":")[0]) and _ENDS_SUMMARY.match(title) is not None and len(title.split(":")[0]) <= 60


def opens_synopsis(line: Line) -> bool:
    """Tell whether a line is the heading of a synopsis."""
    title = heading_of(line).title
    return is_title(title) and _SYNOPSIS.match(title) is not None


def is_title(text: str) -> bool:
    """Tell whether a text reads like a heading: short, capitalised, no sentence."""
    text = text.strip()
    return (
        text[:1].isupper()
        and len(text) <= _LONGEST
        and len(text.split()) <= 14
        and text[-1] not in ".;,"
        and not any(mark in text for mark in "≥≤<>=")
    )


def is_plain_title(text: str) -> bool:
    """Tell the same where nothing but the words can: most long words are capitalised."""
    words = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 3]
    capital = sum(word[0].isupper() for word in words)
    return is_title(text) and bool(words) and capital >= 0.6 * len(words) and len(text.split()) <= 9


def follows(number: tuple[int, ...], before: tuple[int, ...]) -> bool:
    """Tell whether a section number may come after another section and all below it."""
    last = len(number) - 1
    if not number or len(number) > len(before) or number[:last] != before[:last]:
        return False
    return before[last] < number[last] <= before[last] + 6
