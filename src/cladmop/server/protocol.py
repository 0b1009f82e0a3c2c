"""HTTP/1.1 that does not wait for ever: for headers that do not come, or for a client that does not read its answer."""

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cladmop.server.guards import SECURITY_HEADERS
from cladmop.server.settings import Limits


class GuardedProtocol(H11Protocol):
    """One connection: uvicorn's protocol on h11, with the limits of number and time that it lacks."""

    limits = Limits()

    _waiting: asyncio.TimerHandle | None = None
    _sending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(429, f"{self.limits.connections} connections are open already; try again in a while")
        else:
            self._watch_headers()

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        super().data_received(data)
        self._watch_headers()

    def on_response_complete(self) -> None:
        """Go on with what the client sent meanwhile."""
        super().on_response_complete()
        self._watch_headers(fresh=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        self._stop_sending()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that the client does not read what is sent."""
        super().pause_writing()
        if self._sending is None:
            self._sending = self.loop.call_later(self.limits.send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that it reads again."""
        self._stop_sending()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in JSON as all errors are."""
        self._refuse(400, f"this is not a request in HTTP/1.1: {msg}")

    def _watch_headers(self, *, fresh: bool = False) -> None:
        """Close the connection unless the headers of the next request are there in time.

        ``fresh``: between two requests the time of idle connections counts, until the first byte comes.
        """
        idle = self.conn.their_state is h11.IDLE
        if not idle or fresh or self.transport.is_closing():
            self._stop_waiting()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(self.limits.header_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing() and self.conn.their_state is h11.IDLE:
            self._refuse(408, f"the headers did not come within {self.limits.header_seconds:g} s")

    def _refuse(self, code: int, detail: str) -> None:
        # By hand: h11 does not answer before it has seen a request.
        body = json.dumps({"detail": detail}).encode()
        headers: dict[str, Any] = {
            "Content-Type": "application/json",
            "Content-Length": len(body),
            "Connection": "close",
            "Cache-Control": "no-store",
            **({"Retry-After": 1} if code == 429 else {}),
            **SECURITY_HEADERS,
        }
        reason = {400: "Bad Request", 408: "Request Timeout", 429: "Too Many Requests"}[code]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(f"HTTP/1.1 {code} {reason}\r\n{head}\r\n".encode() + body)
        self.transport.close()


def protocol_of(limits: Limits) -> type[H11Protocol]:
    """Return the protocol of a server with these limits; uvicorn makes one a connection and hands it no arguments."""
    return type("LimitedProtocol", (GuardedProtocol,), {"limits": limits})
