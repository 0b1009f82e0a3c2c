"""Runs a service on uvicorn until it is told to stop."""

import logging.config
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING

from cladmop.errors import InputError, MissingDependencyError
from cladmop.server.app import create_app
from cladmop.server.logs import LEVELS, log_settings
from cladmop.server.settings import Settings, is_address

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp


def run(settings: Settings, log_level: str, say: Callable[[str], None], *, open_page: bool = False) -> None:
    """Load the model, listen, and serve until SIGINT or SIGTERM; running requests are finished first.

    Parameters
    ----------
    settings
        Where, what and for whom.
    log_level
        One of `LEVELS`.
    say
        Told the address.
    open_page
        Open the page in a browser.

    Raises
    ------
    InputError
        If the address cannot be listened on, or the log level is unknown.
    MissingDependencyError
        If a package of the extra ``serve`` is not installed.
    CladmopError
        If the model or the index cannot be loaded.
    """
    if log_level not in LEVELS:
        raise InputError(f"log level {log_level!r} is unknown; choose from {', '.join(LEVELS)}")
    logging.config.dictConfig(log_settings(log_level))
    listener = listen(settings)
    with listener:
        from cladmop.server.service import TrialService

        app = create_app(settings, TrialService.open(settings))
        # Those who call as soon as they are told the address wait in line until the server takes them.
        listener.listen(settings.limits.connections)
        address = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}"
        say(f"cladmop serves {address} (stop it with Ctrl-C)")
        if open_page:
            threading.Timer(1.0, webbrowser.open, [address]).start()
        _serve(make_server(app, settings), listener)


def listen(settings: Settings) -> socket.socket:
    """Return a socket bound to the settings' address.

    Raises
    ------
    InputError
        If it is taken, or no address of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise InputError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}; "
            "choose another --host or --port"
        ) from error
    return listener


def make_server(app: "ASGIApp", settings: Settings) -> "uvicorn.Server":
    """Return a server with the limits that HTTP itself needs.

    Raises
    ------
    MissingDependencyError
        If uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingDependencyError(
            "the service needs uvicorn; install it with: pip install 'cladmop[serve]'"
        ) from error
    from cladmop.server.protocol import protocol_of

    limits = settings.limits
    config = uvicorn.Config(
        app,
        http=protocol_of(limits),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(limits.keep_alive_seconds) or 1,
        timeout_graceful_shutdown=int(limits.stop_seconds) or 1,
    )
    return uvicorn.Server(config)


def _serve(server: "uvicorn.Server", listener: socket.socket) -> None:
    # uvicorn stops in good order, and then raises the signal again for handlers such as these: stopping is no failure.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shown(host: str) -> str:
    return f"[{host}]" if is_address(host) and ":" in host else host
