"""What the wheel and the sdist hold, that one gives the other, and that what is installed runs."""

import csv
import hashlib
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "cladmop"
MODULES = sorted(PACKAGE.rglob("*.py"))
DATA = sorted(
    path
    for path in PACKAGE.rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyc"} and not path.name.startswith(".")
)
CACHES = {"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis", ".cladmop", ".venv", "_build"}


def digests(wheel):
    """SHA-256 of every file of a wheel by name, but of its list of files."""
    with zipfile.ZipFile(wheel) as opened:
        names = [name for name in opened.namelist() if not name.endswith("/RECORD")]
        return {name: hashlib.sha256(opened.read(name)).hexdigest() for name in names}


def test_every_data_file_is_in_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    expected = {f"cladmop/{path.relative_to(PACKAGE)}" for path in (*MODULES, *DATA)}
    assert expected <= names
    assert {name for name in names if name.startswith("cladmop/") and "__pycache__" not in name} == expected
    for kind in (
        "presets/paper.json",
        "templates/report.html",
        "static/index.html",
        "examples/trials.jsonl",
        "py.typed",
    ):
        assert any(name.endswith(kind) for name in names), kind


def test_the_shipped_model_is_small_and_in_the_wheel(wheel):
    shipped = PACKAGE / "pretrained" / "default"
    if not shipped.is_dir():
        pytest.skip("needs the shipped model: src/cladmop/pretrained/default is not there")
    with zipfile.ZipFile(wheel) as opened:
        inside = [entry for entry in opened.infolist() if "pretrained/default/" in entry.filename]
    assert {"config.json", "model.safetensors", "README.md"} <= {Path(entry.filename).name for entry in inside}
    assert sum(entry.file_size for entry in inside) < 10_000_000
    assert all(Path(entry.filename).suffix in {".json", ".safetensors", ".md"} for entry in inside)


def test_no_row_of_the_benchmark_or_of_the_reference_is_in_the_wheel(wheel, shared_dir):
    with zipfile.ZipFile(wheel) as opened:
        texts = {
            name: opened.read(name).decode("utf-8", "replace")
            for name in opened.namelist()
            if "safetensors" not in name
        }
    csv.field_size_limit(10_000_000)
    with (shared_dir / "top" / "phase_I_train.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    numbers = {row["nctid"] for row in rows}
    for name, text in texts.items():
        assert not [number for number in numbers if number in text], name
    # A long line of criteria is as good as a fingerprint.
    lines = {line.strip() for row in rows[::7] for line in row["criteria"].splitlines() if len(line.strip()) > 80}
    joined = "\n".join(texts.values())
    assert [line for line in lines if line in joined] == []
    assert not [name for name in texts if "drug_smiles" in name or name.endswith(".csv")]


def test_the_wheel_is_small_and_says_what_it_is(wheel):
    assert wheel.stat().st_size < 15_000_000
    with zipfile.ZipFile(wheel) as opened:
        (folder,) = {name.partition("/")[0] for name in opened.namelist()} - {"cladmop"}
        about = message_from_string(opened.read(f"{folder}/METADATA").decode())
        assert {f"{folder}/licenses/LICENSE", f"{folder}/licenses/NOTICE"} <= set(opened.namelist())
        assert "cladmop = cladmop.cli.app:main" in opened.read(f"{folder}/entry_points.txt").decode()
    assert about["License-Expression"] == "Apache-2.0"
    assert {"nn", "serve", "similar", "documents", "corpus", "ray", "docs"} <= set(about.get_all("Provides-Extra"))
    assert about["Description-Content-Type"] == "text/markdown"


def test_the_sdist_holds_what_a_packager_needs_and_no_caches(unpacked):
    held = [path.relative_to(unpacked) for path in unpacked.rglob("*") if path.is_file()]
    for name in (
        "LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "CITATION.cff", "Makefile", "pyproject.toml",
        "constraints.txt", "constraints-lowest.txt", "docs/deploy.md", "tests/conftest.py", "src/cladmop/py.typed",
    ):  # fmt: skip
        assert Path(name) in held, name
    assert [path for path in held if CACHES & set(path.parts)] == []
    assert {path.parts[0] for path in held if path.suffix == ".csv"} <= {"tests"}


def test_the_wheel_of_the_sdist_is_that_of_the_checkout(wheel, unpacked, build, tmp_path):
    assert digests(build("wheel", unpacked, tmp_path)) == digests(wheel)


def test_what_is_installed_runs(wheel, environment, tmp_path):
    target = tmp_path / "target"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    environment = {**environment, "PYTHONPATH": str(target)}

    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    where = run(sys.executable, "-c", "import cladmop; print(cladmop.__file__, cladmop.__version__)").split()
    assert Path(where[0]).is_relative_to(target)
    assert run(str(target / "bin" / "cladmop"), "--version") == f"cladmop {where[1]}\n"
    assert "minilm" in run(str(target / "bin" / "cladmop"), "models", "list")
    program = "from cladmop.sources.examples import example_trials; print(len(example_trials()))"
    assert int(run(sys.executable, "-c", program)) > 3
