"""Trials of invented texts, the tiny language model open, and Ray for one test at a time."""

import fcntl
import os

import psutil
import pytest

from cladmop.sources.inputs import read_trials
from invented import top_row, write_top


@pytest.fixture(scope="session")
def some_trials(tmp_path_factory):
    """Sixty invented trials."""
    path = write_top(tmp_path_factory.mktemp("trials") / "phase_I_train.csv", [top_row(number) for number in range(60)])
    return read_trials(path)


@pytest.fixture
def encoder(language_model):
    """The tiny language model."""
    from cladmop.encoders.text import load_text_encoder

    return load_text_encoder(language_model, dtype="float32", device="cpu")


@pytest.fixture
def spec(language_model, encoder):
    """How workers open it."""
    from cladmop.scale.worker import EncoderSpec

    return EncoderSpec(str(language_model), None, "float32", encoder.fingerprint)


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of a few texts, so that a few dozen of them make a job."""
    from cladmop.encoders import cache

    monkeypatch.setattr(cache, "SHARD_TOKENS", 40)


@pytest.fixture
def ray_alone(tmp_path_factory, monkeypatch):
    """Let no other test process run a cluster meanwhile, and no process of Ray outlive the test."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    from cladmop.scale.job import QUIET

    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    started: set[psutil.Process] = set()

    def watched(stop):
        def stop_and_know(*arguments, **settings):
            started.update(psutil.Process().children(recursive=True))
            return stop(*arguments, **settings)

        return stop_and_know

    monkeypatch.setattr(ray, "shutdown", watched(ray.shutdown))
    monkeypatch.setattr(Cluster, "shutdown", watched(Cluster.shutdown))
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    with (shared / "ray.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
        ray.shutdown()
        _, late = psutil.wait_procs(started, timeout=20)
        alive = [process for process in late if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        for process in alive:
            process.kill()
        assert alive == []
