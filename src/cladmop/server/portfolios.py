"""Files of many trials: counted before they are read, so that a small file cannot keep the service busy for minutes."""

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from cladmop.errors import InputError
from cladmop.records import Trial
from cladmop.server.bodies import check_size, decode, read_trial
from cladmop.server.errors import TooLargeError
from cladmop.server.settings import Limits

if TYPE_CHECKING:
    from cladmop.sources.inputs import TextKind


def read_portfolio(text: str, name: str, kind: "TextKind", limits: Limits) -> list[Trial]:
    """Return the trials of JSON, JSON Lines or CSV, as `cladmop.sources.inputs.read_trials` reads them.

    Parameters
    ----------
    text
        The file's text.
    name
        What to call it in messages.
    kind
        ``json``, ``jsonl`` or ``csv``.
    limits
        ``trials`` in the file, and those of each trial.

    Raises
    ------
    InputError
        If it cannot be read, holds no trial, or a trial is beyond a limit; the message names the trial.
    TooLargeError
        If it holds too many trials.
    """
    if kind == "csv":
        return _csv(text, name, limits)
    values = _lines(text, name, limits) if kind == "jsonl" else _whole(text, name, limits)
    trials = [read_trial(value, f"{name}: trial {number}", limits) for number, value in enumerate(values, start=1)]
    if not trials:
        raise InputError(f"{name}: no trial in it; give at least one")
    return trials


def _csv(text: str, name: str, limits: Limits) -> list[Trial]:
    from cladmop.sources.inputs import read_trials_text

    rows = 0
    for rows, row in enumerate(_rows(text)):
        longest = max(map(len, row), default=0)
        if longest > limits.characters:
            most = limits.characters
            raise InputError(
                f"{name}: row {rows}: a cell of {longest:,} characters; this service takes {most:,} at most"
            )
    _require_few(rows, name, limits)
    trials = read_trials_text(text, name, "csv")
    for number, trial in enumerate(trials, start=1):
        check_size(trial, f"{name}: trial {number}", limits)
    return trials


def _rows(text: str) -> Iterator[list[str]]:
    """Return the rows as far as they can be told; the reader says what is wrong behind."""
    try:
        yield from csv.reader(io.StringIO(text, newline=""))
    except csv.Error:
        return


def _lines(text: str, name: str, limits: Limits) -> list[Any]:
    # Not splitlines: JSON texts may hold U+2028 and its like unescaped.
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    _require_few(len(numbered), name, limits)
    return [decode(line.encode(), f"{name}: line {number}") for number, line in numbered]


def _whole(text: str, name: str, limits: Limits) -> list[Any]:
    try:
        value = decode(text.encode(), name)
    except InputError as error:
        if isinstance(error.__cause__, msgspec.DecodeError) and "trailing" in str(error):
            # A second value after a whole first one: JSON Lines.
            return _lines(text, name, limits)
        raise
    if isinstance(value, dict) and isinstance(value.get("studies"), list):
        value = value["studies"]
    values = value if isinstance(value, list) else [value]
    _require_few(len(values), name, limits)
    return values


def _require_few(count: int, name: str, limits: Limits) -> None:
    if count > limits.trials:
        raise TooLargeError(f"{count:,} trials in {name}; this service takes {limits.trials:,} at most, split it")
