"""When a failed request is made again, and after how long: one rule for downloads and for questions."""

import datetime as dt
import email.utils
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cladmop.errors import NetworkError

if TYPE_CHECKING:
    import requests

ATTEMPTS = 5
"""Attempts in a row that may fail before a request is given up."""
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two bytes."""
FIRST_DELAY = 1.0
"""Seconds before the second attempt; doubled each time."""
CHUNK = 1 << 16
"""Bytes read at a time."""
USER_AGENT = "cladmop"
_LONGEST_DELAY = 120.0
"""Seconds waited at most, whatever the server asks."""
_BUSY = {408, 425, 429, 500, 502, 503, 504}


class Retry(Exception):  # noqa: N818 (a signal inside this package, never seen outside)
    """One attempt failed in a way that a later one may not; ``delay`` is what the server asks for, in seconds."""

    def __init__(self, reason: str, delay: float | None = None) -> None:
        super().__init__(reason)
        self.delay = delay


def pause(failures: int, retry: Retry, first_delay: float = FIRST_DELAY) -> None:
    """Wait before the next attempt: the time the server names, or 1, 2, 4, ... times ``first_delay`` seconds."""
    delay = first_delay * 2 ** (failures - 1) if retry.delay is None else retry.delay
    time.sleep(min(delay, _LONGEST_DELAY))


def refuse_busy(response: "requests.Response") -> None:
    """Let a busy server's answer (408, 425, 429, 5xx) be asked for again.

    Raises
    ------
    Retry
        If the server is busy.
    """
    if response.status_code in _BUSY:
        raise Retry(f"HTTP {response.status_code} {response.reason}", _retry_after(response))


@contextmanager
def naming_failures(url: str, timeout: tuple[float, float] = TIMEOUT) -> Iterator[None]:
    """Turn what requests raises inside the block into ours.

    Raises
    ------
    Retry
        If the connection failed, was cut, or brought nothing in time.
    NetworkError
        If ``url`` is no web address.
    """
    import requests

    try:
        yield
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.MissingSchema,
    ) as error:
        raise NetworkError(f"{url!r} is no web address; it starts with https:// or http://") from error
    except requests.RequestException as error:
        raise Retry(_reason(error, timeout)) from error


def _retry_after(response: "requests.Response") -> float | None:
    """Return the seconds that Retry-After asks for, given as seconds or as a date; none if it asks nothing."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    date = email.utils.parsedate_tz(text)
    if date is None:
        return None
    moment = dt.datetime.fromtimestamp(email.utils.mktime_tz(date), dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _reason(error: "requests.RequestException", timeout: tuple[float, float]) -> str:
    import requests

    # A time-out in the middle of a body comes as a ConnectionError.
    if isinstance(error, requests.Timeout) or "Read timed out" in str(error):
        return f"no answer within {timeout[1]:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    if isinstance(error, requests.ConnectionError):
        return "no network, or no connection to the server"
    return type(error).__name__
