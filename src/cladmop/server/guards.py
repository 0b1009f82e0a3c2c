"""What stands before every request: whom it is for, who asks, how large it is, how long it may take. Plain ASGI."""

import asyncio
import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cladmop.server.errors import (
    BusyError,
    ForbiddenError,
    RequestError,
    TooLargeError,
    TooSlowError,
    UnauthorisedError,
    WrongHostError,
    answer_of,
)
from cladmop.server.metrics import Metrics
from cladmop.server.settings import Limits, Settings
from cladmop.sources.values import shown

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""On every answer."""
UPLOADS = ("/read", "/batch")
"""Paths that take files."""
_OPEN = ("/", "/health", "/favicon.ico")
_MULTIPART_BYTES = 65_536
_LINGER_SECONDS = 2.0
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
log = logging.getLogger("cladmop.server")


class Access:
    """Counts every request and logs it in one line: method, route, code, milliseconds."""

    def __init__(self, app: "ASGIApp", metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        # Of a client that hung up; an error that nobody expected raises.
        code = 499
        self._metrics.begin()

        async def watched(message: "Message") -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            code = 500
            raise
        finally:
            seconds = time.perf_counter() - begin
            method = scope["method"] if scope["method"] in _METHODS else "other"
            # The template, not the path: a batch's id is a secret, and a path may say anything.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.end(route, method, code, seconds)
            log.info("%s %s %d %.0f ms", method, route, code, 1000 * seconds)


class SecurityHeaders:
    """Puts `SECURITY_HEADERS` on every answer, and forbids to keep what is not a file of the page."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass a request on."""

        async def adding(message: "Message") -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                if not any(name.lower() == b"cache-control" for name, _ in given):
                    given.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*given, *self._headers]}
            await send(message)

        await self._app(scope, receive, adding if scope["type"] == "http" else send)


class Gate:
    """Refuses requests to another host, from another site's page, or without the token."""

    def __init__(self, app: "ASGIApp", settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            try:
                self._check(scope)
            except RequestError as error:
                await answer(error, scope, receive, send, self._settings.limits)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: "Scope") -> None:
        headers = dict(scope["headers"])
        host = _host_of(headers.get(b"host", b"").decode("latin-1"))
        if not self._settings.admits_host(host):
            raise WrongHostError(f"this service is not {shown(host)}; start it with --allow-host NAME if it is")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and not self._settings.admits_host(_host_of(origin.partition("://")[2])):
            raise ForbiddenError(f"a page of {shown(origin)} may not use this service")
        if self._settings.token is not None and not _is_open(scope["path"]):
            scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
            known = self._settings.token.encode()
            if scheme.lower() != b"bearer" or not secrets.compare_digest(given.strip(), known):
                raise UnauthorisedError("this service needs its token, as the header `Authorization: Bearer TOKEN`")


class Bodies:
    """Reads bodies whole, within their limits of size and time; bounds how much is worked on; stops work for nobody."""

    def __init__(self, app: "ASGIApp", limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._bytes = 0
        self._active = 0

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass a request on with its body, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            whole = await self._read(scope, receive, body)
            # What asks for no work is answered also while there is much.
            works = scope["method"] == "POST"
            if whole and works and self._active >= self._limits.requests:
                raise BusyError(f"{self._active} requests are being worked on already; try again in a while")
        except RequestError as error:
            await answer(error, scope, receive, send, self._limits)
        else:
            if whole:
                self._active += works
                try:
                    await self._pass(bytes(body), scope, receive, send)
                finally:
                    self._active -= works
        finally:
            self._bytes -= len(body)

    async def _read(self, scope: "Scope", receive: "Receive", body: bytearray) -> bool:
        """Fill ``body``; false if the client hung up."""
        uploads = scope["path"] in UPLOADS
        most = self._limits.upload_bytes + _MULTIPART_BYTES if uploads else self._limits.json_bytes
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > most:
            raise TooLargeError(f"the body has {int(declared):,} bytes; this service takes {most:,} here at most")
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return False
                    chunk = message.get("body", b"")
                    body += chunk
                    self._bytes += len(chunk)
                    if len(body) > most:
                        raise TooLargeError(f"the body has over {most:,} bytes, more than this service takes here")
                    if self._bytes > self._limits.total_bytes:
                        raise BusyError("too many large requests at one time; try again in a while")
                    if not message.get("more_body", False):
                        return True
        except TimeoutError as error:
            raise TooSlowError(
                f"the body did not come within {self._limits.body_seconds:g} s; send it again"
            ) from error

    async def _pass(self, body: bytes, scope: "Scope", receive: "Receive", send: "Send") -> None:
        gone = asyncio.Event()
        given = False

        async def replay() -> "Message":
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.set()

        work, watching = (asyncio.ensure_future(one) for one in (self._app(scope, replay, send), watch()))
        try:
            await asyncio.wait({work, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                # Nobody waits for the answer any more.
                work.cancel()
                await asyncio.wait({work})
        finally:
            work.cancel()
            watching.cancel()
        if not work.cancelled():
            work.result()


async def answer(error: RequestError, scope: "Scope", receive: "Receive", send: "Send", limits: Limits) -> None:
    """Send an error before the body has been read, and close the connection.

    What still comes of the body is read and dropped for a moment, or the client would see a reset connection and not
    the answer.
    """
    from starlette.responses import JSONResponse

    code, body, headers = answer_of(error)

    async def held(message: "Message") -> None:
        if message["type"] == "http.response.body":
            await send({**message, "more_body": True})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LINGER_SECONDS):
                    await _drop(receive, limits.upload_bytes)
            message = {**message, "body": b""}
        await send(message)

    await JSONResponse(body, code, {**headers, "Connection": "close"})(scope, receive, held)


async def _drop(receive: "Receive", most: int) -> None:
    left = most
    while left > 0:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
        left -= len(message.get("body", b""))


def _host_of(authority: str) -> str:
    """Return the host of ``host:port``, without brackets; empty if there is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def _is_open(path: str) -> bool:
    """Tell whether a path needs no token: the page itself, which asks for it, and the health check."""
    return path in _OPEN or path.startswith("/static/")
