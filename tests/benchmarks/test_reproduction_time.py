"""The time of a reproduction beside an earlier commit's, on invented trials."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from invented import write_splits

ROOT = Path(__file__).resolve().parents[2]


def test_both_are_run_and_compared(environment, language_model, tmp_path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout: the baseline's files come from it")
    data = write_splits(tmp_path)
    quick = ["--no-rivals", "--pretrain-epochs", "1", "--finetune-epochs", "1"]
    script = ROOT / "benchmarks" / "reproduction_time.py"
    command = [sys.executable, script, "--data", data, "--baseline", "HEAD", "--", "--encoder", language_model, *quick]
    ran = subprocess.run(list(map(str, command)), env=environment, check=True, capture_output=True, text=True)
    (row,) = [line for line in ran.stdout.splitlines() if line.startswith("| 1 |")]
    before, now, ratio = (float(cell) for cell in row.split("|")[2:5])
    assert before > 1
    assert ratio == pytest.approx(now / before, rel=0.5)
    assert re.search(r"median ratio .* (not )?halved$", ran.stdout.strip())
