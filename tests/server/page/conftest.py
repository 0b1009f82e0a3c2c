"""One browser for all tests of the page, and a page that may not misbehave unseen."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="needs the service: pip install 'cladmop[serve]'")

from cladmop.server.settings import Settings
from server.page.invented_service import InventedService, Knobs
from serving import running
from sources.registry_server import registry, study

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


@pytest.fixture(scope="module", autouse=True)
def asking(at_home: None) -> Iterator[None]:
    """Let look-ups through: the only registry that is asked is this machine's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_OFFLINE", "")
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSERS)} is installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def invented() -> InventedService:
    """The model behind `pretended`."""
    return InventedService()


@pytest.fixture(scope="module")
def pretended(invented: InventedService) -> Iterator[str]:
    """The address of a service that is real but for its model and its registry."""
    with registry([study(95_000_007)]) as records, running(invented, Settings(port=0, registry=records.url)) as one:
        yield f"http://127.0.0.1:{one.port}/"


@pytest.fixture
def knobs(invented: InventedService) -> Knobs:
    """The knobs of the invented model, all at rest."""
    invented.knobs = Knobs()
    return invented.knobs


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
def site(watch: Any, pretended: str, knobs: Knobs) -> Watched:
    """The page of the pretended service, open."""
    watched = watch(pretended)
    watched.open()
    return watched
