"""The figures of docs/decision.md that are kept in files are those of the files."""

import json
from pathlib import Path

import cladmop

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "decision.md").read_text(encoding="utf-8")
TESTED = json.loads((Path(cladmop.__file__).parent / "pretrained" / "default" / "tested.json").read_text())


def test_coverage_and_calibration_are_those_of_the_shipped_model():
    for sets in TESTED["coverage"]:
        shown = " ".join(f"{sets[name]:.3f}".lstrip("0") for name in ("covered", "low", "high"))
        covered, low, high = shown.split()
        assert (
            f"| {sets['level']:.0%} | {covered} [{low}, {high}] | {sets['decided']:.0%} | {sets['right']:.0%} |" in DOCS
        )
    for when in ("before", "after"):
        brier, ece = (
            "{} [{}, {}]".format(*(f"{TESTED[name][when][end]:.3f}".lstrip("0") for end in ("value", "low", "high")))
            for name in ("brier", "ece")
        )
        row = next(line for line in DOCS.splitlines() if line.startswith(f"| {when} calibration |"))
        assert brier in row
        assert ece in row


def test_every_table_of_measures_has_its_command():
    for command in (
        "cladmop benchmark trust --data DIR --phase I",
        "cladmop benchmark explanations --data DIR --phase I",
        "cladmop similar check CORPUS",
        "benchmarks/whatif_latency.py",
        "benchmarks/service_load.py",
    ):
        assert command in DOCS
