"""``cladmop bench``: what it prints where."""

import json

import pytest

from cladmop.cli import bench as verb
from cladmop.speed import running
from cladmop.speed.measuring import Ratio, figure


@pytest.fixture
def asked(monkeypatch):
    """Runs that were asked for, in place of measuring."""
    runs = []

    def run(sizes, model, data, say):
        runs.append((sizes, model, data))
        say("measuring")
        ratio = Ratio.of([3.0, 3.1], [1.0, 1.0])
        return [
            figure("encode minilm", 1234.5, "tokens/s", "plain", ratio, reading="times as fast", goal="ratio >= 2.5")
        ]

    monkeypatch.setattr(running, "run", run)
    return runs


def test_json_alone_is_on_standard_output(asked, capsys):
    verb.bench(tiny=True, as_json=True, out=None, data=None, model="default")
    caught = capsys.readouterr()
    (row,) = json.loads(caught.out)
    assert row["name"] == "encode minilm"
    assert row["unit"] == "tokens/s"
    assert row["ratio"] == pytest.approx(3.05)
    assert row["met"] is True
    assert caught.err.startswith("about 0.")
    assert asked == [(running.TINY, "default", None)]


def test_a_table_is_printed_and_files_are_written(asked, capsys, tmp_path):
    verb.bench(tiny=False, as_json=False, out=tmp_path / "new", data=None, model="default")
    caught = capsys.readouterr()
    assert "encode" in caught.out
    assert asked[0][0] is running.FULL
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["speed.json", "speed.md"]
    assert "speed.md" in caught.err
