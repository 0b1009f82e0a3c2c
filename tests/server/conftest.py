"""A service around the tiny model, and one without a model whose pace a test sets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cladmop.server.service import TrialService
from serving import FakeService, Running, running


@pytest.fixture(scope="module", autouse=True)
def at_home(tiny_home: Path) -> Iterator[None]:
    """The home of the tiny model, and no network, while tests of the service run: no longer, others need their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        patch.setenv("CLADMOP_OFFLINE", "1")
        yield


@pytest.fixture(scope="session")
def service(tiny_model: Path, tiny_home: Path) -> TrialService:
    """The tiny model, warm, without an index."""
    from cladmop import TrialOutcomeClassifier

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        return TrialService(TrialOutcomeClassifier.from_pretrained(tiny_model), None)


@pytest.fixture(scope="module")
def served(service: TrialService) -> Iterator[Running]:
    """A service with the default limits."""
    with running(service) as one:
        yield one


@pytest.fixture
def fake() -> FakeService:
    """A service whose pace a test sets."""
    return FakeService()
