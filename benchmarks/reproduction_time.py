"""Measure what reproducing phase I takes, beside an earlier commit of this repository, in one run.

    python benchmarks/reproduction_time.py --data DIR --baseline 331fafe --rounds 2

Takes the baseline's files from git, then runs `cladmop reproduce top --phase I --data DIR` of both in turn, each time
in a home of its own that holds the weights fetched here (`cladmop models get minilm`) and nothing else: no state is
cached, no network trained. Both use the packages of the Python that runs this. Prints a Markdown table: elapsed and
processor time, and the ratio of each round.
"""
# ruff: noqa: INP001 (a script, not a package)

import argparse
import io
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Took(NamedTuple):
    """What one run took."""

    elapsed: float
    """Seconds."""
    processor: float
    """Seconds of all its processes."""


def source_of(revision: str, folder: Path) -> Path:
    """Unpack a commit's files and return its source folder."""
    git = shutil.which("git") or "git"
    archive = subprocess.run([git, "archive", revision], cwd=ROOT, check=True, capture_output=True)  # noqa: S603 (a commit named by the caller)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder / "src"


def run(source: Path, weights: Path, data: Path, place: Path, options: Sequence[str]) -> Took:
    """Reproduce phase I with nothing cached, and return what it took.

    Raises
    ------
    SystemExit
        If the command fails; its last words are printed.
    """
    (place / "home").mkdir(parents=True)
    if weights.is_dir():
        shutil.copytree(weights, place / "home" / "weights")
    settings = {**os.environ, "PYTHONPATH": str(source), "CLADMOP_HOME": str(place / "home"), "CLADMOP_OFFLINE": "1"}
    command = [sys.executable, "-m", "cladmop", "reproduce", "top", "--phase", "I", "--data", str(data)]
    used, begun = _used(), time.perf_counter()
    done = subprocess.run(  # noqa: S603 (this very package)
        [*command, "--out", str(place / "runs"), *options],
        env=settings, cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    took = Took(time.perf_counter() - begun, _used() - used)
    shutil.rmtree(place)
    if done.returncode:
        sys.exit(f"{' '.join(command)} with {source} ended with {done.returncode}: {done.stderr[-2000:]}")
    return took


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def table(found: Sequence[tuple[Took, Took]], baseline: str) -> str:
    """Return a Markdown table of rounds: the baseline's run, and ours."""
    lines = [
        f"| round | {baseline}: s | ours: s | ratio | {baseline}: processor s | ours: processor s | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for number, (before, now) in enumerate(found, start=1):
        ratios = now.elapsed / before.elapsed, now.processor / before.processor
        lines.append(
            f"| {number} | {before.elapsed:,.0f} | {now.elapsed:,.0f} | {ratios[0]:.2f} "
            f"| {before.processor:,.0f} | {now.processor:,.0f} | {ratios[1]:.2f} |"
        )
    middle = statistics.median(now.elapsed / before.elapsed for before, now in found)
    verdict = "halved" if middle <= 0.5 else "not halved"
    return "\n".join([*lines, "", f"median ratio of elapsed time {middle:.2f} on {os.cpu_count()} cores: {verdict}"])


def main() -> None:
    """Run both in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Folder of TOP's CSV files.")
    parser.add_argument("--baseline", default="331fafe", help="Commit to compare with.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("options", nargs="*", help="Further options of both commands, after --.")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error(f"--rounds {given.rounds}: give 1 or more")
    from cladmop.config import weights_dir

    weights = weights_dir()
    with tempfile.TemporaryDirectory(prefix="cladmop-reproduction-") as scratch:
        before = source_of(given.baseline, Path(scratch) / "baseline")
        found = []
        for number in range(given.rounds):
            places = [Path(scratch) / f"{name}-{number}" for name in ("before", "now")]
            pair = zip((before, ROOT / "src"), places, strict=True)
            found.append(
                tuple(run(source, weights, given.data.resolve(), place, given.options) for source, place in pair)
            )
            sys.stderr.write(f"round {number + 1} of {given.rounds} is done\n")
    sys.stdout.write(table(found, given.baseline) + "\n")


if __name__ == "__main__":
    main()
