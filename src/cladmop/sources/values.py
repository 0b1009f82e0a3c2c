"""Untyped values of JSON and CSV files, checked one by one so that an error can name the field."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from cladmop.errors import InputError
from cladmop.records.study import parse_date

_NCT_ID = re.compile(r"NCT\d{8}")
_WORDS = re.compile(r"[^\W_]+")


def as_mapping(value: Any, where: str) -> Mapping[str, Any]:  # noqa: ANN401 (any JSON value)
    """Return an object; null is an empty one.

    Raises
    ------
    InputError
        If it is anything else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: {shown(value)} is not an object {{...}}")
    return value


def as_list(value: Any, where: str) -> list[Any]:  # noqa: ANN401 (any JSON value)
    """Return a list; null is an empty one.

    Raises
    ------
    InputError
        If it is anything else.
    """
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise InputError(f"{where}: {shown(value)} is not a list [...]")
    return list(value)


def as_text(value: Any, where: str) -> str:  # noqa: ANN401 (any JSON value)
    """Return a text without white space around it; null is an empty one.

    Raises
    ------
    InputError
        If it is anything else.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f'{where}: {shown(value)} is not a text "..."')
    return value.strip()


def as_texts(value: Any, where: str) -> tuple[str, ...]:  # noqa: ANN401 (any JSON value)
    """Return a list of texts without its blank ones; null is an empty list.

    Raises
    ------
    InputError
        If it is anything else.
    """
    texts = (as_text(item, f"{where}[{index}]") for index, item in enumerate(as_list(value, where)))
    return tuple(text for text in texts if text)


def as_nct_id(value: Any, where: str) -> str | None:  # noqa: ANN401 (any JSON value)
    """Return an NCT id; null and blank are none.

    Raises
    ------
    InputError
        If it is not NCT and eight digits.
    """
    text = as_text(value, where)
    if text and _NCT_ID.fullmatch(text) is None:
        raise InputError(f"{where}: {text!r} is not an NCT id; it is NCT and eight digits")
    return text or None


def as_date(value: Any, where: str) -> dt.date | None:  # noqa: ANN401 (any JSON value)
    """Return a date; a month stands for its first day, null and blank are none.

    Raises
    ------
    InputError
        If it is not YYYY-MM-DD or YYYY-MM.
    """
    return parse_date(as_text(value, where), where)


def words_of(text: str) -> str:
    """Return a registry's value as words in lower case: ``ACTIVE_NOT_RECRUITING`` -> ``active not recruiting``.

    The spellings of different years and forms meet here: punctuation and underscores are spaces, and
    ``Unknown status`` is ``unknown``.
    """
    words = " ".join(_WORDS.findall(text.lower()))
    return "unknown" if words == "unknown status" else words


def shown(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """Return a value as an error message shows it: one short line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
