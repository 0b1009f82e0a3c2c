"""Downloads that survive cut connections, busy servers and a killed process."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cladmop import config
from cladmop.errors import CorruptArtefactError, NetworkError, StorageError
from cladmop.http.retry import (
    ATTEMPTS,
    CHUNK,
    TIMEOUT,
    USER_AGENT,
    Retry,
    naming_failures,
    pause,
    refuse_busy,
)
from cladmop.progress import progress_bar

if TYPE_CHECKING:
    import requests


class _Start(NamedTuple):
    """Where a response's body begins in the file, and where the file ends if the server says so."""

    offset: int
    total: int | None


def download(url: str, dest: Path, *, sha256: str | None = None, expected_size: int | None = None) -> Path:
    """Fetch a file; ``dest`` appears only when it is whole and right.

    Bytes gather in ``dest`` + ``.part``. After a cut connection, or a killed process, the rest is asked for by an HTTP
    Range request, unless the server says that the file changed meanwhile. Busy servers (429, 5xx) are asked again after
    the time they name, or after 1, 2, 4, ... seconds.

    Parameters
    ----------
    url
        Address to GET.
    dest
        File to write; an existing one is replaced.
    sha256
        The right content's SHA-256 in hexadecimal digits, if known.
    expected_size
        The right content's size in bytes, if known.

    Returns
    -------
    Path
        ``dest``.

    Raises
    ------
    NetworkError
        If ``$CLADMOP_OFFLINE`` is set, the server refuses, or the attempts are used up.
    CorruptArtefactError
        If the content has another size or SHA-256.
    StorageError
        If it cannot be written.
    """
    if config.offline():
        raise NetworkError(f"{url} is needed, but CLADMOP_OFFLINE is set; unset it, or put the file at {dest}")
    part = dest.with_name(f"{dest.name}.part")
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        _gather(url, part)
        _check(url, part, sha256, expected_size)
        part.replace(dest)
        _validator_path(part).unlink(missing_ok=True)
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"cannot write {dest}: {error.strerror or error}; free space or choose another folder"
        ) from error
    return dest


def _gather(url: str, part: Path) -> None:
    import requests

    failures = 0
    longest = _size(part)
    with requests.Session() as session:
        while True:
            try:
                _attempt(session, url, part)
            except Retry as retry:
                # A server without Range support starts anew each time, which is progress only beyond the last cut.
                failures = 1 if _size(part) > longest else failures + 1
                longest = max(longest, _size(part))
                if failures >= ATTEMPTS:
                    raise NetworkError(
                        f"cannot fetch {url}: {retry} ({failures} attempts); try again later, what came is kept"
                    ) from retry
                pause(failures, retry)
            else:
                return


def _attempt(session: "requests.Session", url: str, part: Path) -> None:
    """Ask for what is missing of ``part`` and append it.

    Raises
    ------
    Retry
        If the connection or the server failed; ``part`` may have grown.
    NetworkError
        If the server refused.
    """
    # An encoded body has other bytes than the file, so ranges of it mean nothing.
    headers = {"Accept-Encoding": "identity", "User-Agent": USER_AGENT}
    offset = _size(part)
    if offset:
        headers["Range"] = f"bytes={offset}-"
        validator = _validator_path(part)
        if validator.is_file():
            headers["If-Range"] = validator.read_text(encoding="utf-8")
    with naming_failures(url), session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        start = _start(response, url, part, offset)
        if start is not None:
            _append(response, url, part, start)


def _start(response: "requests.Response", url: str, part: Path, offset: int) -> _Start | None:
    """Read status and headers; none if ``part`` is complete already."""
    status = response.status_code
    refuse_busy(response)
    if status == 416 and offset:
        if response.headers.get("Content-Range") == f"bytes */{offset}":
            return None
        part.unlink()
        raise Retry("the file changed on the server", 0.0)
    if status == 206:
        first, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        if not first.startswith(f"{offset}-"):
            part.unlink()
            raise Retry("the server sent another range than asked for", 0.0)
        return _Start(offset, int(total) if total.isdecimal() else None)
    if status != 200:
        raise NetworkError(f"cannot fetch {url}: HTTP {status} {response.reason}; check the address")
    length = response.headers.get("Content-Length", "")
    return _Start(0, int(length) if length.isdecimal() else None)


def _append(response: "requests.Response", url: str, part: Path, start: _Start) -> None:
    if start.offset == 0:
        _note_validator(response, part)
    with (
        part.open("ab" if start.offset else "wb") as stream,
        progress_bar(url.rpartition("/")[2], start.total or 0, "bytes") as bar,
    ):
        bar.advance(start.offset)
        for chunk in response.iter_content(CHUNK):
            try:
                stream.write(chunk)
            except OSError as error:
                raise StorageError(f"cannot write {part}: {error.strerror or error}; free space") from error
            bar.advance(len(chunk))
    if start.total is not None and _size(part) < start.total:
        raise Retry(f"the connection was cut at {_size(part):,} of {start.total:,} bytes")


def _note_validator(response: "requests.Response", part: Path) -> None:
    """Keep the file's strong ETag or date beside ``part``, to resume only the same version."""
    etag = response.headers.get("ETag", "")
    validator = response.headers.get("Last-Modified", "") if not etag or etag.startswith("W/") else etag
    path = _validator_path(part)
    if validator:
        path.write_text(validator, encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def _validator_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _check(url: str, part: Path, sha256: str | None, expected_size: int | None) -> None:
    size = _size(part)
    problem = f"{size:,} bytes where {expected_size:,} are right" if expected_size not in {None, size} else None
    if problem is None and sha256 is not None:
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        problem = f"SHA-256 {digest} where {sha256.lower()} is right" if digest != sha256.lower() else None
    if problem is not None:
        part.unlink()
        raise CorruptArtefactError(f"{url} sent {problem}; it is discarded, fetch it again or check the address")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
