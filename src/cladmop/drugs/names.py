"""Intervention strings as sponsors write them, split into drugs and stripped of dose, route, form and arm.

Everything here is text in, text out: no dictionary is looked at. ``resolve`` tries the text as written first and
the stripped name afterwards, so that a drug whose proper name holds such a word is still found.
"""

import re
import unicodedata
from dataclasses import dataclass

from cladmop.drugs.vocabulary import ARM_WORDS, FORM_WORDS, SALTS, UNSTRIPPABLE


@dataclass(frozen=True)
class Mention:
    """One drug that an intervention string speaks of."""

    text: str
    """The words as written, in lower case without marks and annotations; never empty."""
    name: str
    """The same without dose, route, form, schedule and arm; equals ``text`` when nothing else is left."""
    aliases: tuple[str, ...] = ()
    """Names given beside it in parentheses: ``regorafenib (bay73-4506)`` has the alias ``bay73-4506``."""


_MARKS = re.compile(r"[®™©†‡*\x00-\x1f\x7f]|\((?:r|tm)\)")
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_EDGES = " \t.,;:/&+-=_'\"`|<>?!~#"

_NUMBER = r"\d+(?:[.,]\d+)*"
_UNIT = (
    r"(?:mg|mcg|µg|μg|ug|ng|g|gr|gm|kg|ml|mls|cc|l|iu|units?|u|miu|mu|mmol|mol|meq|mci|gbq|mbq|cgy|gy|ppm|"
    r"million|billion|cfu|pfu|vp|cells|hours?|hrs?|h|days?|weeks?|wks?|months?|minutes?|mins?|%|auc)"
)
_DOSE = re.compile(
    rf"(?<![\w-])(?:{_NUMBER}\s*(?:-|to|/)\s*)?{_NUMBER}\s*-?\s*{_UNIT}(?![a-z0-9])"
    rf"(?:\s*(?:/|per)\s*(?:{_NUMBER}\s*)?(?:{_UNIT}|m2|m²|m\^2|kg|dose|body weight|bw|tablet|strip)(?![a-z0-9]))*"
)
_AREA = re.compile(
    r"(?<![a-z])auc\s*=?\s*\d+(?:\.\d+)?|(?:/|per)\s*(?:m2|m²|m\^2|kg|day|d|dose|h|hr|hour|week|ml|min)(?![a-z0-9])"
)
_LABEL = re.compile(
    r"^(?:(?:study )?drugs?|biologic(?:al)?s?|dietary supplements?|experimental|active comparators?|comparators?|"
    r"procedure|device|other|interventions?|(?:reference |test |study )?treatments?|reference|test|"
    r"(?:arm|cohort|group|part|stage|period|regimen|treatment|phase) [a-z0-9]{1,4}) ?[:=] ?"
)
_ARM = re.compile(
    r"(?<![\w-])(?:arms?|cohorts?|groups?|parts?|stages?|periods?|regimens?|treatments?|phases?|steps?|levels?|strata|"
    r"stratum|schedules?|sequences?|formulations?|days?|weeks?|cycles?)[ -]?(?:[a-h]|[ivx]{1,4}|\d{1,3}[a-d]?)(?![\w-])"
)
_LINKS = "and|with|to|for|of|in|as|by|at|on|the|an?|every|per|or|then|from|only|given|using"
_SEPARATED = re.compile(rf"(?<=[a-z])(?: (?:{_LINKS}))+$|^(?:(?:{_LINKS}) )+")
_NOTHING = re.compile(rf"[\d\s.,/x%-]*|[a-z]|{_LINKS}")
_SPLIT = re.compile(
    r"\s*;\s*|\s+&\s+|,\s+(?:and |or |plus )?|(?<=[a-z]),(?=[a-z])|\s*(?<!\()\+\s*(?=[a-z0-9\ue000])|"
    r"\s+(?=(?:drug|biologic(?:al)?|procedure|device|other): )|"
    r"\s+(?:and/or|and|or|plus|vs\.?|versus|then|followed by|(?:given |used |administered )?(?:in )?(?:combination|"
    r"association|conjunction) with|combined with|co-?administered with|together with|with or without|"
    r"added to|in addition to|without|with)\s+|"
    r"(?<=[a-z0-9]{3})\s*/\s*(?=[a-z][a-z0-9-]{2})|\s+-\s+|\s+/\s+"
)
_NAB = re.compile(r"(?<![\w-])nab-(?=[a-z])")
_LEAD = re.compile(r"^(?:(?:the )?(?:association|combination(?: therapy| treatment)?|mixture|addition) (?:of|using) )")
_NOTE = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}](?![\w-])")
_SLOT = re.compile(r"\ue000(\d+)\ue001")
_WORDS = "|".join(sorted(map(re.escape, FORM_WORDS + ARM_WORDS), key=len, reverse=True))
_DROPPED = re.compile(rf"(?<![\w-])(?:{_WORDS})(?![\w-])")


def light(text: str) -> str:
    """Return ``text`` in lower case, in Unicode form NFKC, without marks (®, ™), odd dashes and outer punctuation."""
    text = unicodedata.normalize("NFKC", _MARKS.sub(" ", text)).lower()  # marks first: NFKC spells ™ as tm
    for _ in range(8):
        before = text
        text = _DASHES.sub("-", _MARKS.sub(" ", text)).replace("\ue000", " ").replace("\ue001", " ")
        text = " ".join(unicodedata.normalize("NFKC", text).lower().split()).strip(_EDGES)
        if text == before:
            break
    return text


def normalise(text: str) -> str:
    """Return the bare drug name in ``text``: no dose, route, form, schedule, arm or label; empty if none is left.

    The function is idempotent: a name it returned is returned unchanged.
    """
    text = _unbracket(light(text))
    while True:
        before = text
        text = _LABEL.sub("", text)
        text = _NAB.sub("", _LEAD.sub("", text))
        text = _without_dose(text)
        text = _DROPPED.sub(" ", _ARM.sub(" ", text))
        text = light(_SEPARATED.sub(" ", light(text)))
        if _NOTHING.fullmatch(text):
            return ""
        if text == before:
            return text


def mentions(text: str) -> tuple[Mention, ...]:
    """Split one intervention string into the drugs it names, in the order written.

    ``"afatinib 40 mg + taxol (paclitaxel) with cetuximab iv"`` gives the names ``afatinib``, ``taxol`` (alias
    ``paclitaxel``) and ``cetuximab``.
    Nothing is dropped as long as it holds a letter or a digit: a string of arm words only is its own name.
    """
    plain = light(text)
    if not plain:
        return ()
    notes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        notes.append(match.group(1))
        return f"\ue000{len(notes) - 1}\ue001 "

    slotted = _NOTE.sub(keep, unicodedata.normalize("NFKC", _MARKS.sub(" ", text)).lower())
    found: dict[str, Mention] = {}
    leftovers: list[str] = []
    for part in _split(_LABEL.sub("", slotted.strip())):
        mention = _mention(part, notes)
        if mention is None:
            leftovers.append(part)
        elif mention.name not in found:
            found[mention.name] = mention
    if found:
        return tuple(found.values())
    return (Mention(plain, plain),)


def _split(text: str) -> list[str]:
    """Cut at the joining words, doses first, since ``60 mg/7.2 mg`` is no combination."""
    pieces = [text]
    while True:
        cut = [piece.strip() for whole in pieces for piece in _SPLIT.split(_without_dose(whole)) if piece.strip()]
        if cut == pieces:
            return cut
        pieces = cut


def _without_dose(text: str) -> str:
    return " ".join(_AREA.sub(" ", _DOSE.sub(" ", text)).split())


def _mention(part: str, notes: list[str]) -> Mention | None:
    """Read one piece and its notes; a piece without a name of its own takes its note for one."""
    own = [notes[int(slot)] for slot in _SLOT.findall(part) if int(slot) < len(notes)]
    text = _unbracket(light(_SLOT.sub(" ", part)))
    aliases = tuple(dict.fromkeys(name for note in own for piece in _alias_pieces(note) if (name := normalise(piece))))
    name = normalise(text)
    if name:
        return Mention(text, name, tuple(alias for alias in aliases if alias != name))
    if aliases:
        return Mention(aliases[0], aliases[0], aliases[1:])
    return None


def _alias_pieces(note: str) -> list[str]:
    return re.split(r"\s*[,;=/]\s*|\s+(?:or|and|aka|formerly)\s+", light(note))


def _unbracket(text: str) -> str:
    """Remove brackets that have no partner, and annotations in brackets that have."""
    text = _NOTE.sub(" ", text)
    for opening, closing in ("()", "[]", "{}"):
        if text.count(opening) != text.count(closing):
            text = text.replace(opening, " ").replace(closing, " ")
    return light(text)


def without_salt(name: str) -> str:
    """Return a normalised name without its trailing salt, hydrate and ester-free words (``imatinib mesylate``).

    Names of inorganic salts stay whole (``lithium carbonate``, ``sodium chloride``).
    """
    words = name.split()
    while len(words) > 1 and words[-1] in SALTS:
        words.pop()
    if words == name.split() or " ".join(words) in UNSTRIPPABLE:
        return name
    return " ".join(words)


def compact(name: str) -> str:
    """Return the letters and digits of a name: ``BIBW 2992``, ``bibw-2992`` and ``bibw2992`` agree."""
    return "".join(character for character in unicodedata.normalize("NFKD", name.lower()) if character.isalnum())
