"""The registry's words in one spelling, whichever form they came in: types, phases, dates and identifiers."""

import re
from functools import lru_cache

from cladmop.sources.values import words_of

_NCT_ID = re.compile(r"NCT\d{8}", re.ASCII)
_MONTH_DAY_YEAR = re.compile(r"([A-Za-z]+) (?:(\d{1,2}), )?(\d{4})", re.ASCII)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

plain_words = lru_cache(maxsize=4096)(words_of)
"""`words_of`, remembered: a registry has few such words and half a million records."""


def study_type(text: str) -> str:
    """Return the type of a study in plain words: ``Observational [Patient Registry]`` is ``observational``."""
    words = plain_words(text.partition("[")[0])
    return "" if words == "n a" else words


def stated_phase(text: str) -> str:
    """Return a phase as spelled; empty where the registry says that none applies (``N/A``, ``NA``)."""
    return "" if text in {"N/A", "NA"} else text


@lru_cache(maxsize=65536)
def iso_date(text: str) -> str:
    """Return ``January 5, 2001`` and ``January 2001`` as ``2001-01-05`` and ``2001-01``; other texts as they are."""
    found = _MONTH_DAY_YEAR.fullmatch(text)
    if found is None or found[1] not in _MONTHS:
        return text
    day = f"-{int(found[2]):02}" if found[2] else ""
    return f"{found[3]}-{_MONTHS.index(found[1]) + 1:02}{day}"


def is_registry_id(text: str) -> bool:
    """Whether a text is NCT and eight digits."""
    return _NCT_ID.fullmatch(text) is not None


def not_an_id(text: str, where: str) -> str:
    """Return the message for a text that is no NCT id; ``where`` names file and field."""
    if not text:
        return f"{where} is missing; every study has one"
    return f"{where}: {text[:60]!r} is not an NCT id; it is NCT and eight digits"
