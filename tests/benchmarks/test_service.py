"""The benchmarks of the service run, on invented studies and the tiny model."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sources.registry_server import study

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
CRITERIA = "Inclusion Criteria:\n\n{}\n\nExclusion Criteria:\n\n* active infection\n* pregnancy or breast feeding"


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """A file of a few studies with a dozen criteria each."""
    path = tmp_path_factory.mktemp("studies") / "studies.json"
    items = [f"* stable disease at screening, dose of {number} mg" for number in range(12)]
    module = {"eligibilityCriteria": CRITERIA.format("\n".join(items))}
    path.write_text(json.dumps([study(number, eligibilityModule=module) for number in range(3)]), encoding="utf-8")
    return path


def run(name, environment, *arguments):
    command = [sys.executable, BENCHMARKS / name, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_load_is_answered(studies, tiny_model, environment):
    ran = run(
        "service_load.py", environment, "--studies", studies, "--model", tiny_model, "--clients", 4, "--seconds", 2,
        "--mix", "predict=2,explain=1,whatif=1,rank=1",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    first = ran.stdout.splitlines()[0]
    requests, answered = (int(number) for number in re.findall(r"(\d+) requests, (\d+) x 200", first)[0])
    assert requests == answered > 4
    rows = [line.split("|")[1].strip() for line in ran.stdout.splitlines() if line.startswith("|")]
    assert {"predict", "all"} <= set(rows)
    assert re.search(r"at the end: [\d,]+, [\d,]+, [\d,]+ MB", ran.stdout)


@pytest.mark.slow
def test_edits_are_measured_beside_a_loop_that_gives_the_same(studies, tiny_model, environment):
    ran = run("whatif_latency.py", environment, "--studies", studies, "--model", tiny_model, "--repeats", 3)
    # A language model of four layers of width 16 takes no time, so the goal itself is not asked of it.
    assert ran.returncode in {0, 1}, ran.stderr
    ratios = re.findall(r"\| ([\d.]+) \[([\d.]+), ([\d.]+)\] \|", ran.stdout)
    assert len(ratios) == 2
    assert all(float(low) <= float(mean) <= float(high) for mean, low, high in ratios)
    difference = float(re.search(r"probabilities,? (?:differ by )?([\d.e+-]+)", ran.stdout)[1])
    assert difference < 1e-3
