"""How errors are answered: every error that the caller can mend is a 4xx with one sentence, anything else a 500.

An answer may quote what was sent; a log never does.
"""

import logging
import secrets
from typing import TYPE_CHECKING, Any

from cladmop.errors import CladmopError, InputError, MissingDependencyError, NetworkError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

log = logging.getLogger("cladmop.server")


class RequestError(InputError):
    """A request that is answered with a status code of its own."""

    status_code = 422
    headers: dict[str, str] = {}  # noqa: RUF012 (never changed; an instance that needs some sets its own)


class NotFoundError(RequestError):
    """Nothing is there under this address or number."""

    status_code = 404


class ForbiddenError(RequestError):
    """The service does not do this: it is switched off, or the caller's page is another's."""

    status_code = 403


class UnauthorisedError(RequestError):
    """The token is missing or wrong."""

    status_code = 401
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012 (never changed)


class TooSlowError(RequestError):
    """A body did not come in time."""

    status_code = 408


class ConflictError(RequestError):
    """Too early or too late: a batch is not finished, or was cancelled."""

    status_code = 409


class TooLargeError(RequestError):
    """A body or file is larger than is taken."""

    status_code = 413


class MediaTypeError(RequestError):
    """A body is of a kind that is not read here."""

    status_code = 415


class WrongHostError(RequestError):
    """The request is addressed to a host that this service is not."""

    status_code = 421


class BusyError(RequestError):
    """As much is being done as can be; the caller should come again after ``seconds``."""

    status_code = 429

    def __init__(self, message: str, seconds: float = 1) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(max(1, round(seconds)))}


def answer_of(error: CladmopError) -> tuple[int, dict[str, str], dict[str, str]]:
    """Return status code, body and headers for an error that is the caller's to mend."""
    code, headers = 422, {}
    if isinstance(error, RequestError):
        code, headers = error.status_code, error.headers
    elif isinstance(error, NetworkError | MissingDependencyError):
        # Failed Dependency: something else that the answer needs cannot be had.
        code = 424
    return code, {"detail": " ".join(str(error).split())}, headers


def add_handlers(app: "FastAPI", headers: dict[str, str]) -> None:
    """Make an application answer errors as JSON; ``headers`` go on the answers that no middleware sees."""
    from starlette.exceptions import HTTPException
    from starlette.responses import JSONResponse

    async def mendable(_: "Request", error: Exception) -> "Response":
        assert isinstance(error, CladmopError)
        code, body, own = answer_of(error)
        return JSONResponse(body, code, own)

    async def http(_: "Request", error: Exception) -> "Response":
        assert isinstance(error, HTTPException)
        words = {404: "nothing is at this address; GET /openapi.json lists what is", 405: "this method is not allowed"}
        detail = words.get(error.status_code, str(error.detail))
        return JSONResponse({"detail": detail}, error.status_code, dict(error.headers or {}))

    async def unexpected(_: "Request", error: Exception) -> "Response":
        name = secrets.token_hex(6)
        # The kind alone: a message may quote the request.
        log.error("error %s: %s", name, type(error).__name__)
        detail = f"something went wrong here, not with your request; the log has it as error {name}"
        # The server closes the connection after an error that it did not expect.
        return JSONResponse({"detail": detail}, 500, {**headers, "Connection": "close"})

    handlers: dict[type[Exception], Any] = {CladmopError: mendable, HTTPException: http, Exception: unexpected}
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
