"""Questions to a server of the public: at most one a second, asked again while it is busy, never past a size."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cladmop import config
from cladmop.errors import NetworkError
from cladmop.http.retry import (
    ATTEMPTS,
    CHUNK,
    FIRST_DELAY,
    TIMEOUT,
    USER_AGENT,
    Retry,
    naming_failures,
    pause,
    refuse_busy,
)

if TYPE_CHECKING:
    import requests

LIMIT = 512 << 20
"""Bytes of an answer at most."""
_DETAIL = 200
"""Characters shown at most of what a refusing server says."""
_next_request: dict[str, float] = {}
"""When each host may next be asked, on the monotonic clock: politeness is owed by the whole process."""
_lock = threading.Lock()


class RefusedError(NetworkError):
    """The server understood and refused (HTTP 4xx)."""

    def __init__(self, message: str, status_code: int, detail: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        """HTTP status, such as 404."""
        self.detail = detail
        """What the server says, on one line; may be empty."""


class PoliteClient:
    """Asks by GET, with at least ``interval`` seconds between two requests to one host.

    Parameters
    ----------
    interval
        Seconds between the beginnings of two requests to one host, by any client of this process.
    timeout
        Seconds without a byte after which an attempt has failed.
    first_delay
        Seconds before the second attempt; doubled each time, unless the server names a time (at most 120).
    limit
        Bytes of an answer at most, unpacked.
    """

    def __init__(
        self,
        *,
        interval: float = 1.0,
        timeout: float = TIMEOUT[1],
        first_delay: float = FIRST_DELAY,
        limit: int = LIMIT,
    ) -> None:
        self._interval = interval
        self._timeout = (min(TIMEOUT[0], timeout), timeout)
        self._first_delay = first_delay
        self._limit = limit
        self._session: requests.Session | None = None

    def get(
        self,
        url: str,
        parameters: Mapping[str, str] | None = None,
        *,
        attempts: int = ATTEMPTS,
        defect: Callable[[bytes], str] | None = None,
    ) -> bytes:
        """Return the body of the answer.

        Parameters
        ----------
        url
            Address to GET.
        parameters
            Query parameters.
        attempts
            Attempts before it is given up.
        defect
            Says what is wrong with a body, empty if nothing is; a defective one is asked for again.

        Raises
        ------
        RefusedError
            If the server refuses (4xx but 408, 425 and 429).
        NetworkError
            If ``$CLADMOP_OFFLINE`` is set, the attempts are used up, or the answer is too long.
        """
        if config.offline():
            raise NetworkError(f"no network: {url} is needed, but CLADMOP_OFFLINE is set; unset it")
        failures = 0
        while True:
            try:
                return self._attempt(url, parameters or {}, defect)
            except Retry as retry:
                failures += 1
                if failures >= attempts:
                    raise NetworkError(f"cannot get {url}: {retry} ({failures} attempts); try again later") from retry
                pause(failures, retry, self._first_delay)

    def _attempt(self, url: str, parameters: Mapping[str, str], defect: Callable[[bytes], str] | None) -> bytes:
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.headers["User-Agent"] = USER_AGENT
        self._take_turn(url)
        with (
            naming_failures(url, self._timeout),
            self._session.get(url, params=dict(parameters), stream=True, timeout=self._timeout) as response,
        ):
            refuse_busy(response)
            if response.status_code != 200:
                raise _refused(url, response)
            body = self._body(url, response)
        problem = defect(body) if defect is not None else ""
        if problem:
            raise Retry(problem)
        return body

    def _take_turn(self, url: str) -> None:
        """Wait until the host may be asked, and reserve the turn."""
        host = urlsplit(url).netloc
        with _lock:
            now = time.monotonic()
            turn = max(now, _next_request.get(host, now))
            _next_request[host] = turn + self._interval
        if turn > now:
            time.sleep(turn - now)

    def _body(self, url: str, response: "requests.Response") -> bytes:
        body = bytearray()
        for chunk in response.iter_content(CHUNK):
            body += chunk
            if len(body) > self._limit:
                raise NetworkError(f"{url} sends over {self._limit:,} bytes, more than is taken; ask for less at once")
        return bytes(body)


def _refused(url: str, response: "requests.Response") -> RefusedError:
    head = next(response.iter_content(CHUNK), b"")
    detail = " ".join(head.decode("utf-8", "replace").split())[:_DETAIL]
    status = response.status_code
    said = f" ({detail})" if detail else ""
    message = f"cannot get {url}: HTTP {status} {response.reason}{said}; check the address and what is asked"
    return RefusedError(message, status, detail)
