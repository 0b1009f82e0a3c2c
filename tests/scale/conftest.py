"""Trials of invented texts, and the tiny language model open."""

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
