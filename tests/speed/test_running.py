"""The whole benchmark on a tiny model: every item is there, and what is written can be read."""

import json
import math

import pytest

from cladmop.encoders.text import load_text_encoder
from cladmop.speed import encoding, plain, running
from cladmop.speed.measuring import Rounds
from cladmop.storage import read_json

SIZES = running.Sizes({"minilm": 8, "smollm2": 8}, (128, 256), 40, Rounds(2, 0.0, cpu=True), 1, 0.1)


@pytest.fixture
def figures(language_model, tiny_model, home, monkeypatch):
    monkeypatch.setattr(plain.weights, "get", lambda _: language_model)
    monkeypatch.setattr(encoding, "load_text_encoder", lambda *_, **__: load_text_encoder(language_model))
    monkeypatch.setattr(plain, "_SQUARES", (64,))
    said = []
    found = running.run(SIZES, str(tiny_model), None, said.append)
    assert len(said) == 5
    return found


def test_every_item_is_measured_shown_and_written(figures, tmp_path):
    names = [one.name for one in figures]
    wanted = ("encode minilm", "encode smollm2", "fusion: fuse", "warm prediction", "cold prediction", "cached trials")
    assert all(any(name.startswith(start) for name in names) for start in wanted)
    assert all(math.isfinite(one.value) and math.isfinite(one.ratio) for one in figures)
    by_name = {one.name: one for one in figures}
    assert by_name["warm prediction"].ratio > 1
    markdown, plain_file = running.write(figures, SIZES, tmp_path)
    assert "warm prediction" in markdown.read_text(encoding="utf-8")
    stored = read_json(plain_file)
    assert [one["name"] for one in stored] == names
    assert {"name", "value", "unit", "rival", "ratio"} <= set(stored[0])
    assert json.loads(json.dumps(stored)) == running.as_json(figures)


def test_the_cost_is_said():
    assert "about 8 minutes" in running.cost_line(running.FULL)
    assert "10,000 cached trials" in running.cost_line(running.FULL)
