"""The application: a factory that puts guards, routes, the page and the description together."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from cladmop import __version__
from cladmop.errors import MissingDependencyError
from cladmop.server.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

    from cladmop.server.service import TrialService

_NO_TELEMETRY: dict[str, Any] = {
    "telemetry": {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
}
"""Newer versions of FastAPI send telemetry where the environment says so; older ones ignore this."""


def create_app(settings: Settings, service: "TrialService") -> "FastAPI":
    """Return the application around a warm service; it may be started once.

    Raises
    ------
    MissingDependencyError
        If FastAPI or another package of the extra ``serve`` is not installed.
    """
    try:
        from fastapi import FastAPI
        from fastapi.exceptions import RequestValidationError
        from starlette.responses import JSONResponse
    except ImportError as error:
        raise MissingDependencyError(
            "the service needs FastAPI; install it with: pip install 'cladmop[serve]'"
        ) from error
    from cladmop.server.documentation import describe
    from cladmop.server.engine import Engine
    from cladmop.server.errors import add_handlers
    from cladmop.server.guards import SECURITY_HEADERS, Access, Bodies, Gate, SecurityHeaders
    from cladmop.server.metrics import Metrics
    from cladmop.server.routes import file_routes, page_routes, trial_routes

    metrics = Metrics()
    engine = Engine(settings, service, metrics)

    @asynccontextmanager
    async def life(_: "FastAPI") -> AsyncIterator[None]:
        engine.start()
        yield
        await engine.stop()

    # The usual /docs loads its scripts from elsewhere.
    app = FastAPI(
        title="cladmop", version=__version__, docs_url=None, redoc_url=None, lifespan=life, redirect_slashes=False,
        **_NO_TELEMETRY,
    )  # fmt: skip
    app.state.engine = engine
    add_handlers(app, SECURITY_HEADERS)

    async def malformed(_: "Request", error: Exception) -> "Response":
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = " ".join(map(str, first["loc"]))
        return JSONResponse({"detail": f"{place}: {first['msg']}"}, 422)

    app.add_exception_handler(RequestValidationError, malformed)
    for router in (
        page_routes(settings, service, metrics, time.monotonic()),
        trial_routes(settings, engine),
        file_routes(settings, engine),
    ):
        app.include_router(router)
    # The last one added is the first that a request meets.
    app.add_middleware(Bodies, limits=settings.limits)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Access, metrics=metrics)
    describe(app, token=settings.token is not None)
    return app
