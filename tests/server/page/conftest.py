"""One browser for all tests of the page, and a page that may not misbehave unseen."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from server.page.fake import Fake, create_fake

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHORT = 5_000
"""Milliseconds to wait for anything to appear."""


@dataclass
class Watched:
    """A page with all that it asked for and complained about."""

    page: Any
    base: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> Any:
        """Open the page and wait until it knows its model."""
        self.page.goto(self.base + path)
        self.page.wait_for_selector("#about h2", state="attached")
        return self.page

    def score(self, text: str) -> Any:
        """Put a text into the box, and wait for all of its result."""
        self.page.fill("#box", text)
        self.page.click("#trial-form button.main")
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until nothing is awaited any more."""
        self.page.wait_for_selector("#result:not([hidden]) .figure")
        self.page.wait_for_selector("#result .waiting, #result .stale", state="detached")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSERS)} is installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pretended() -> Iterator[tuple[str, Fake]]:
    """The address of a server with an invented model, and the knobs of it."""
    uvicorn = pytest.importorskip("uvicorn", reason="needs the service: pip install 'cladmop[serve]'")
    fake = Fake()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_fake(fake), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/", fake
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def fake(pretended: tuple[str, Fake]) -> Fake:
    """The knobs of the pretended server, all at rest."""
    vars(pretended[1]).update(vars(Fake()))
    return pretended[1]


@pytest.fixture
def watch(browser: Any) -> Iterator[Any]:
    """Open pages of a server; at the end, none may have left it, or have complained."""
    opened: list[tuple[Any, Watched]] = []

    def start(base: str, **options: Any) -> Watched:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(SHORT)
        page = context.new_page()
        watched = Watched(page, base)
        page.on("request", lambda request: watched.requests.append(request.url))
        page.on("console", lambda message: watched.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))

        def refuse(dialog: Any) -> None:
            watched.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", refuse)
        opened.append((context, watched))
        return watched

    yield start
    for context, watched in opened:
        context.close()
        # The browser itself reports each 4xx answer; what it says of scripts and policy stays.
        complaints = [one for one in watched.complaints if not one.startswith("Failed to load resource")]
        assert complaints == []
        elsewhere = [url for url in watched.requests if not url.startswith((watched.base, "blob:", "data:"))]
        assert elsewhere == []
        assert watched.requests


@pytest.fixture
def site(watch: Any, pretended: tuple[str, Fake], fake: Fake) -> Watched:
    """The page of the pretended server, open."""
    watched = watch(pretended[0])
    watched.open()
    return watched
