"""Every example runs as it stands, says what is true, and takes under a minute of one core."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CALLS = {
    "01_predict": [],
    "02_what_if": [],
    "04_pretrain_tiny": ["--epochs", "2"],
    "05_few_shot": ["--k", "4", "32", "--draws", "2"],
    "06_benchmark_predictions": [],
    "03_build_corpus": [],
}
DRIVER = """
import io, json, runpy, sys, time, traceback
from contextlib import redirect_stdout
sys.path.insert(0, sys.argv[1])
for name, arguments in json.loads(sys.argv[2]).items():
    sys.argv = [name, *arguments]
    out, start, wrong = io.StringIO(), time.process_time(), ""
    try:
        with redirect_stdout(out):
            runpy.run_path(f"{sys.path[0]}/{name}.py", run_name="__main__")
    except BaseException:
        wrong = traceback.format_exc()
    print(json.dumps({"name": name, "out": out.getvalue(), "wrong": wrong, "seconds": time.process_time() - start}))
"""
"""Runs scripts in one fresh process, which loads torch once."""
NO_RAY = """
import importlib.util, runpy, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "ray" else find(name, *rest)
sys.path.insert(0, sys.argv[1])
script, sys.argv = sys.argv[2], ["07_ray_encode"]
runpy.run_path(script, run_name="__main__")
"""


def offline() -> dict[str, str]:
    return {**os.environ, "CLADMOP_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "80"}


@pytest.fixture(scope="module", autouse=True)
def _language_model():
    from cladmop.config import weights_dir

    if not (weights_dir() / "minilm").is_dir():
        pytest.skip(f"needs the language model: run `cladmop models get minilm` (no {weights_dir()}/minilm)")


@pytest.fixture(scope="module")
def printed(_language_model):
    command = [sys.executable, "-c", DRIVER, str(EXAMPLES), json.dumps(CALLS)]
    done = subprocess.run(command, capture_output=True, text=True, env=offline(), timeout=280, check=False)
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert set(rows) == set(CALLS), done.stderr
    return rows


def test_every_script_is_run_and_listed():
    scripts = {path.stem for path in EXAMPLES.glob("0*.py")}
    assert scripts == {*CALLS, "07_ray_encode"}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"[{name}.py]({name}.py)" in listed for name in scripts)


@pytest.mark.parametrize("name", CALLS)
def test_it_ends_well_within_a_minute_and_80_columns(printed, name):
    assert printed[name]["wrong"] == ""
    assert printed[name]["seconds"] < 60
    lines = printed[name]["out"].splitlines()
    assert max(map(len, (line for line in lines if "/" not in line))) <= 80


def test_predict_says_what_was_not_mapped(printed):
    out = printed["01_predict"]["out"]
    golden = json.loads((EXAMPLES.parent / "tests" / "golden" / "examples.json").read_text(encoding="utf-8"))
    found = [float(value) for value in re.findall(r"probability (\d\.\d\d) \[", out)]
    assert found == pytest.approx(list(golden.values()), abs=0.011)
    assert out.count("base rate") == len(golden) + 1
    assert "without a structure: kvx-4471" in out
    assert "note: drug 'kvx-4471' is not known here" in out
    points = [abs(float(value)) for value in re.findall(r"^  ([+-]\d+\.\d) points", out, re.MULTILINE)]
    assert len(points) == 3
    assert points == sorted(points, reverse=True)


def test_what_if_agrees_with_itself(printed):
    out = printed["02_what_if"]["out"]
    pairs = re.findall(r": (\d\.\d\d) -> (\d\.\d\d)\n  ([+-]\d+\.\d) points \[([+-]\d+\.\d), ([+-]\d+\.\d)\]", out)
    assert len(pairs) == 4
    for before, after, points, low, high in (map(float, pair) for pair in pairs):
        assert 100 * (after - before) == pytest.approx(points, abs=1.1)
        assert low <= points <= high
    plain, corrected = map(int, re.search(r"(\d+) intervals leave out 0, (\d+) still do", out).groups())
    assert corrected <= plain
    assert len(re.findall(r"points without (?:in|ex)clusion \d+:", out)) == corrected


def test_corpus_counts_add_up(printed):
    out = printed["03_build_corpus"]["out"]
    kept = [
        int(re.search(rf"^ {name} .* (\d+) $", out, re.MULTILINE).group(1))
        for name in ("successful", "unproven", "stopped")
    ]
    dropped = [int(count) for count in re.findall(r"^dropped: .* \((\d+) records\)", out, re.MULTILINE)]
    assert sum(kept) + sum(dropped) == 60
    assert dropped[0] == 15, "every fourth record is still recruiting"
    assert "no structure: xyz-98765" in out


def test_training_is_measured_beside_the_base_rate(printed):
    out = printed["04_pretrain_tiny"]["out"]
    rows = re.findall(
        r"^(from random weights|pre-trained) +(\.\d+) \[.*?\]  (\.\d+) \[.*?\]  (\.\d+) \[", out, re.MULTILINE
    )
    assert len(rows) == 2
    assert {rate for *_, rate in rows} == {".575"}, "69 of 120 invented test trials succeed"
    assert rows[0][1:] != rows[1][1:]


def test_more_labels_help(printed):
    out = printed["05_few_shot"]["out"]
    assert "base rate of 120 test trials: 0.575" in out
    (few, few_ap), (many, many_ap) = re.findall(r"^ +(\d+)   (\d\.\d{3}) \+/- \d\.\d{3} ", out, re.MULTILINE)
    assert (few, many) == ("4", "32")
    assert float(few_ap) < float(many_ap)
    assert float(many_ap) > 0.65, "the invented signal is found"


def test_words_beat_length_on_the_invented_signal(printed):
    out = printed["06_benchmark_predictions"]["out"]
    found = dict(re.findall(r"^ (length|words) +(\.\d{3}) +\.\d{3} +\.\d{3} ", out, re.MULTILINE))
    difference, p = re.findall(r"^ words +(-?\.\d{3}) +(\d\.\d{3})", out, re.MULTILINE)[-1]
    assert float(found["words"]) > 0.7
    assert float(difference) == pytest.approx(float(found["words"]) - float(found["length"]), abs=0.002)
    assert float(p) < 0.05
    assert "base .550" in out
    assert "all + .7" in out


def test_ray_gives_the_bytes_of_one_process():
    pytest.importorskip("ray", reason="needs Ray: pip install 'cladmop[ray]'")
    script = str(EXAMPLES / "07_ray_encode.py")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=offline(), timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    to_do, encoded = re.findall(r"([\d,]+) tokens", done.stdout)[:2]
    assert to_do == encoded != "0"
    assert "left: 0 tokens" in done.stdout
    assert "the same bytes as one process: yes" in done.stdout


def test_without_ray_the_extra_is_named():
    command = [sys.executable, "-c", NO_RAY, str(EXAMPLES), str(EXAMPLES / "07_ray_encode.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=offline(), timeout=200, check=False)
    assert done.returncode == 2
    (line,) = [text for text in done.stderr.splitlines() if text.strip()]
    assert line.startswith("error: ")
    assert "cladmop[ray]" in line
