"""The plain loop is a fair rival: the same states, and operations counted without padding."""

import numpy as np
import pytest

from cladmop.encoders.base import LEVELS
from cladmop.encoders.text import load_text_encoder
from cladmop.pipeline import EncodingSettings
from cladmop.speed import encoding, plain
from cladmop.speed.accuracy import LEAST_COSINE, MOST_AUC, auc_by_dtype, cosines
from cladmop.speed.measuring import Rounds
from invented import write_splits

TEXTS = ["age 18 years or older", "known hiv infection", "stable disease at screening", "active infection"] * 5


@pytest.fixture
def loop(language_model, monkeypatch):
    monkeypatch.setattr(plain.weights, "get", lambda _: language_model)
    return plain.PlainLoop("minilm")


def test_the_plain_loop_reads_the_same_levels(loop, language_model):
    states = loop.encode(TEXTS)
    assert states.shape == (20, LEVELS, 16)
    # Its mean counts the special tokens, as one would; of one token more it is made of the same states.
    ours = np.stack(load_text_encoder(language_model, dtype="float32").encode(TEXTS, pool=True))[:, :, 0]
    alike = (states.numpy() * ours).sum(-1) / np.linalg.norm(states.numpy(), axis=-1) / np.linalg.norm(ours, axis=-1)
    assert alike.mean() > 0.5


def test_operations_are_those_of_the_blocks(loop):
    # 4 layers of 6 square products of width 16 (four of attention, two of the feed-forward), two operations each.
    assert loop.flops([10]) == 2 * 4 * 6 * 16 * 16 * 10 + 4 * 10**2 * 16 * 4
    assert loop.flops([10, 10]) == 2 * loop.flops([10])


def test_encoding_is_measured_beside_the_loop_and_the_peak(loop, language_model, monkeypatch):
    monkeypatch.setattr(encoding, "load_text_encoder", lambda *_, **__: load_text_encoder(language_model))
    monkeypatch.setattr(plain, "_SQUARES", (64,))
    rate, share = encoding.measure_encoding("smollm2", TEXTS, Rounds(2))
    assert rate.name == "encode smollm2"
    assert rate.value > 0
    assert rate.ratio > 0
    assert "plain" in rate.rival
    assert 0 < share.ratio < 1
    assert "GFLOP/s" in share.rival


def test_cosines_tell_equal_from_other_states(language_model):
    full, low = (load_text_encoder(language_model, dtype=dtype) for dtype in ("float32", "bfloat16"))
    assert cosines(full, full, TEXTS[:4]) == pytest.approx(np.ones((4, LEVELS)), abs=1e-3)
    assert (cosines(full, low, TEXTS[:4]).mean(axis=0) >= LEAST_COSINE).all()


def test_roc_auc_is_measured_in_both_arithmetics(language_model, home, tmp_path):
    write_splits(tmp_path / "top")
    found = auc_by_dtype(tmp_path / "top", EncodingSettings(str(language_model)))
    assert set(found) == {"float32", "bfloat16"}
    assert all(0 <= auc <= 1 for auc in found.values())
    assert abs(found["float32"] - found["bfloat16"]) < 50 * MOST_AUC  # 20 validation trials: steps of .01
