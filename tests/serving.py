"""Services that listen on a free port of this machine, for tests over real HTTP."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from cladmop.server.app import create_app
from cladmop.server.run import listen, make_server
from cladmop.server.settings import Settings

TRIAL = {
    "title": "A study of aspirin",
    "phase": "phase 1",
    "inclusion": ["stable disease at screening", "written informed consent"],
    "exclusion": ["active infection", "pregnancy or breast feeding"],
    "drugs": ["aspirin"],
    "diseases": [{"name": "gout", "icd10": ["M10.9"]}],
}

ROW = {
    "nctid": None, "title": "", "phase": "phase 1", "probability": 0.5, "base_rate": 0.4, "base_rate_group": "I",
    "base_rate_trials": 9, "interval": None, "sets": [], "domain": None, "drugs": [], "diseases": [], "warnings": [],
}  # fmt: skip


@dataclass(frozen=True)
class Running:
    """A service that listens."""

    port: int
    client: httpx.Client
    stop: Callable[[], None]


def run_apart(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: a browser's test in the same process keeps this one's loop running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@contextmanager
def running(service, settings=None) -> Iterator[Running]:
    """Serve in a thread until the block ends."""
    settings = settings or Settings(port=0)
    listener = listen(settings)
    port = listener.getsockname()[1]
    server = make_server(create_app(settings, service), settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()

    def stop() -> None:
        server.should_exit = True

    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield Running(port, client, stop)
    finally:
        stop()
        thread.join(60)
        assert not thread.is_alive(), "the service did not stop"


class FakeService:
    """Answers without a model, as slowly as a test wants."""

    def __init__(self) -> None:
        self.model = None
        self.index = None
        self.calls: list[int] = []
        self.begun = threading.Event()
        self.go = threading.Event()
        self.go.set()

    def predict(self, trials):
        """Wait until the test lets it go."""
        self.begun.set()
        assert self.go.wait(20)
        self.calls.append(len(trials))
        return [{"title": trial.title, "probability": 0.5} for trial in trials]

    def predict_rows(self, chunks):
        return [
            [{**ROW, "title": trial.title} for trial, _ in zip(chunk, self.predict(chunk), strict=True)]
            for chunk in chunks
        ]

    explain = what_if = rank = similar = predict
