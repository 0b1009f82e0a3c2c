"""House rules that no linter knows."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "cladmop"
MODULES = sorted(PACKAGE.rglob("*.py"))
SMALL_NAMES = {"utils", "util", "helpers", "misc", "common"}
UNPICKLERS = {PACKAGE / "drugs" / "dictionary.py"}
"""Reads a carrier whose SHA-256 is known, with an unpickler that knows no class."""


def trees():
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in MODULES]


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_short_and_say_what_they_are(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert path.stem not in SMALL_NAMES


def public(body):
    """Public classes and functions, and the public members of public classes."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def test_public_names_are_documented():
    bare = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}"
        for path, tree in trees()
        for node in public(tree.body)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_nothing_prints_and_nothing_is_pickled():
    found = []
    for path, tree in trees():
        for name, line in calls(tree):
            pickles = name.split(".")[0] in {"pickle", "joblib", "dill", "cloudpickle"} and path not in UNPICKLERS
            if name in {"print", "breakpoint", "eval", "exec", "torch.load", "torch.save"} or pickles:
                found.append(f"{path.relative_to(PACKAGE)}:{line} {name}")
    assert found == []


def test_no_handler_swallows_everything():
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and not isinstance(node.body[-1], ast.Raise)
    ]
    assert found == []


def test_every_exemption_is_explained():
    """In brackets on the line, or by a comment above it."""
    bare = []
    for path in MODULES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if "# noqa" in line and "(" not in line.partition("# noqa")[2] and "#" not in lines[number - 1]:
                bare.append(f"{path.relative_to(PACKAGE)}:{number + 1}")
    assert bare == []


def test_constraints_are_exact_and_cover_what_is_declared():
    import tomllib

    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(pin.count("==") == 1 and "+" not in pin for pin in pins)
    names = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["nn"], *extras["plots"], *extras["dev"]]
    declared = {line.partition(">=")[0].split("[")[0].strip().lower().replace("_", "-") for line in wanted}
    assert declared <= names
