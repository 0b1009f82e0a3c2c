"""What the verbs print can be read at 80 columns, without colour, and on terminals with ASCII alone."""

import io
import json
import os
import re
import subprocess
import sys

import pytest

from cladmop.cli import streams
from invented import top_row, write_splits

ROWS = [top_row(number) for number in range(80, 100)]
PLAIN = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "FORCE_COLOR": ""}
TRIAL = {
    "title": "Sirolimus for lymphangioleiomyomatosis",
    "phase": "phase 2",
    "inclusion": ["Forced expiratory volume ≥ 70 % of predicted", "Lymphangioleiomyomatosis proven by biopsy"],
    "exclusion": ["Pregnancy or breast feeding", "Active infection ≤ 7 days ago"],
    "drugs": ["sirolimus"],
    "diseases": ["lymphangioleiomyomatosis"],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Short paths, so that what is checked is not the name of a temporary folder."""
    folder = tmp_path_factory.mktemp("r")
    (folder / "trial.json").write_text(json.dumps(TRIAL), encoding="utf-8")
    write_splits(folder / "top")
    for name, right in (("mine.csv", 0.9), ("other.csv", 0.6)):
        lines = [f"{row['nctid']},{right if row['label'] == '1' else 0.3}" for row in ROWS]
        (folder / name).write_text("nctid,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def plain(cladmop, environment, files, monkeypatch):
    monkeypatch.chdir(files)
    for name, value in PLAIN.items():
        monkeypatch.setitem(environment, name, value)
    return cladmop


def words_of(text):
    return set(re.findall(r"[a-z]{5,}", text.casefold()))


def check(done):
    assert done.code == 0, done.err
    assert "\x1b" not in done.out, "no escape codes"
    wide = [line for line in done.out.splitlines() if len(line) > 80 and " " in line.strip()]
    assert wide == []


def test_explain_and_whatif(plain, tiny_model):
    explained = plain("explain", "trial.json", "--model", tiny_model)
    check(explained)
    assert "lymphangioleiomyomatosis" in words_of(explained.out), "no word is cut"
    assert re.search(r"[+-]\d+\.\d to [+-]\d+\.\d +(yes|no)", explained.out), "what is sure is said in words"
    check(plain("whatif", "trial.json", "--model", tiny_model, "--rank"))
    changed = plain("whatif", "trial.json", "--model", tiny_model, "--swap-drug", "sirolimus=aspirin")
    check(changed)
    assert "before" in changed.out


def test_predict(plain, tiny_model):
    done = plain("predict", "trial.json", "--model", tiny_model)
    check(done)
    assert "base rate" in done.out


def test_evaluate_and_score_tables(plain):
    compared = plain("evaluate", "mine.csv", "other.csv", "--data", "top", "--bootstraps", 20)
    check(compared)
    assert "detectable" in compared.out
    assert {"mine", "other"} <= set(re.findall(r"\w+", compared.out))


def test_models_and_cache(plain):
    listed = plain("models", "list")
    check(listed)
    assert "sentence-transformers/all-MiniLM-L6-v2" in listed.out, "a name that can be copied"
    check(plain("cache", "list"))


def test_long_tables_of_the_benchmark_and_of_speed(monkeypatch, capsys):
    from cladmop.cli.options import print_table
    from cladmop.evaluation.tables import Table, published_table

    for name, value in PLAIN.items():
        monkeypatch.setenv(name, value)
    header = ("item", "measured", "unit", "rival, same run", "ratio", "reading", "goal", "note")
    row = ("encode minilm", "1,234", "tokens/s", "sentence-transformers", "2.61 [2.50, 2.70]", "times as fast",
           "ratio >= 2.5: met", "median of rounds, each with the rival in turn")  # fmt: skip
    print_table(Table("Speed beside named rivals", header, (row, row), "Note.", words=(0, 2, 3, 5, 6, 7)))
    print_table(published_table("I"))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "sentence-transformers" in out
    assert "2.61 [2.50, 2.70]" in out
    assert "goal             ratio >= 2.5: met" in out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_streams_take_any_text_and_json_stays_json(monkeypatch, encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    streams.take_any_text()
    value = {"text": "≥ 70 % µg 😀"}
    stream.write(json.dumps(value, ensure_ascii=False))
    stream.flush()
    assert json.loads(stream.buffer.getvalue().decode(encoding)) == value


@pytest.mark.parametrize("locale", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}])
def test_verbs_run_on_an_ascii_terminal(files, environment, locale):
    call = "from cladmop.cli.streams import take_any_text; take_any_text(); from cladmop.cli.app import main; main()"
    command = [sys.executable, "-c", call, "models", "list"]
    done = subprocess.run(
        command, cwd=files, env={**os.environ, **environment, **locale, **PLAIN}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"minilm" in done.stdout
