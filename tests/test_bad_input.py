"""Whatever is wrong with what the user gives: exit code 2, one line that says so, nothing half-written."""

import json
import resource
import shutil
import subprocess
import sys
import time

import pytest

from cladmop.drugs import dictionary
from cladmop.drugs.chemicals import Chemicals
from invented import COLUMNS, top_row, write_splits, write_top

GOOD = {"phase": "phase 1", "criteria": "Inclusion Criteria:\n\n- active infection", "drugs": ["aspirin"]}


@pytest.fixture
def refused(cladmop, tmp_path):
    """Run a command that must be refused; return its one line of error."""

    def run(*arguments):
        before = everything(tmp_path)
        done = cladmop(*arguments)
        assert (done.code, done.out) == (2, "")
        assert len(done.err.splitlines()) == 1, done.err
        assert done.err.startswith("error: ")
        assert everything(tmp_path) == before, "something was left behind"
        return done.err

    return run


@pytest.fixture
def model(tiny_model, tmp_path):
    return shutil.copytree(tiny_model, tmp_path / "model")


@pytest.fixture
def given(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def everything(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_csv(refused, model, tmp_path, share):
    whole = write_top(tmp_path / "rows.csv", [top_row(number) for number in range(5)])
    text = whole.read_bytes()
    whole.write_bytes(text[: int(share * len(text))])
    assert "rows.csv:" in refused("predict", whole, "--model", model)


def test_wrong_encoding(refused, model, tmp_path):
    row = top_row(1) | {"criteria": "Inclusion Criteria:\n\n- température ≥ 38"}
    path = write_top(tmp_path / "rows.csv", [row])
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    assert "not UTF-8" in refused("predict", path, "--model", model)
    path.write_bytes(path.read_bytes().decode("utf-16").replace("≥", ">").encode("latin-1"))
    assert "rows.csv:4: byte" in refused("predict", path, "--model", model)


def test_a_string_that_is_no_smiles(refused, model, given):
    trial = GOOD | {"drugs": [{"name": "XB-1", "smiles": "C1CC(("}]}
    error = refused("predict", given("one.json", json.dumps(trial)), "--model", model)
    assert "'C1CC(('" in error
    assert "XB-1" in error


@pytest.mark.parametrize(("name", "text"), [("one.txt", ""), ("one.txt", " \n\n"), ("one.json", '{"criteria": ""}')])
def test_nothing_to_score(refused, model, given, name, text):
    assert name in refused("predict", given(name, text), "--model", model)


def test_empty_criteria_with_drugs_are_scored_and_remarked_on(cladmop, model, given):
    path = given("one.json", json.dumps(GOOD | {"criteria": ""}))
    done = cladmop("predict", path, "--model", model, "--json")
    assert done.code == 0
    assert any("criteria" in warning for warning in json.loads(done.out)["warnings"])


def test_2_mb_of_criteria_work_in_time(cladmop, model, given):
    items = [f"- age {n} years or older, no prior therapy with drug {n}" for n in range(40_000)]
    text = "Inclusion Criteria:\n\n" + "\n".join(items)
    assert len(text) > 2_000_000
    started = time.perf_counter()
    done = cladmop("predict", given("long.txt", text), "--model", model, "--drug", "aspirin", "--json")
    assert done.code == 0, done.err
    assert 0 < json.loads(done.out)["probability"] < 1
    assert time.perf_counter() - started < 90


@pytest.mark.parametrize("phase", ["phase 9", "IVX"])
def test_unknown_phase(refused, model, given, phase):
    assert "phase 1/phase 2" in refused("predict", given("one.txt", "- adults"), "--model", model, "--phase", phase)
    trial = given("one.json", json.dumps(GOOD | {"phase": phase}))
    assert "one.json" in refused("predict", trial, "--model", model)


@pytest.mark.parametrize("text", ["{", "[1, 2]", '"text"', '{"critera": "a typing slip"}', "[[[[" * 50_000])
def test_json_that_is_no_trial(refused, model, given, text):
    assert "one.json" in refused("predict", given("one.json", text), "--model", model)


def test_xml_is_not_taken_for_criteria(refused, model, given):
    text = '<?xml version="1.0"?>\n<clinical_study><brief_title>x</brief_title></clinical_study>'
    assert "JSON" in refused("predict", given("NCT90000001.xml", text), "--model", model)


def test_input_that_is_not_there(refused, model, tmp_path):
    assert "nowhere.json" in refused("predict", tmp_path / "nowhere.json", "--model", model)
    assert "directory" in refused("predict", tmp_path, "--model", model).lower()


def test_missing_model_folder(refused, given, tmp_path):
    path = given("one.json", json.dumps(GOOD))
    assert "no-model" in refused("predict", path, "--model", tmp_path / "no-model")
    (tmp_path / "empty").mkdir()
    assert "config.json" in refused("predict", path, "--model", tmp_path / "empty")


def flipped(content):
    middle = len(content) * 3 // 4
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = {
    "a flipped bit": ("model.safetensors", flipped),
    "truncated weights": ("model.safetensors", lambda content: content[:-100]),
    "empty weights": ("model.safetensors", lambda _: b""),
    "cut config": ("config.json", lambda content: content[: len(content) // 2]),
    "config of another kind": ("config.json", lambda _: b"[]"),
    "config without a blend": ("config.json", lambda content: content.replace(b'"blend"', b'"bland"')),
    "config with a wrong part": ("config.json", lambda content: content.replace(b'"words"', b'"worms"')),
    "a flipped bit of the words": ("text-words/*.safetensors", flipped),
    "cut words": ("text-words/*.json", lambda content: content[:-20]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_corrupted_model(refused, model, given, damage):
    pattern, change = DAMAGE[damage]
    for path in model.glob(pattern):
        path.write_bytes(change(path.read_bytes()))
    error = refused("predict", given("one.json", json.dumps(GOOD)), "--model", model)
    assert str(model) in error


def test_full_disk_while_caching(cladmop, environment, tiny_model, tmp_path, monkeypatch):
    """The limit on a file's size stands for a full disk: writes beyond it fail."""
    home = tmp_path / "home"
    monkeypatch.setitem(environment, "CLADMOP_HOME", str(home))
    monkeypatch.setenv("CLADMOP_HOME", str(home))
    dictionary.load()
    Chemicals.load()
    rows = write_top(tmp_path / "rows.csv", [top_row(number) for number in range(200, 230)])
    arguments = ["predict", str(rows), "--model", str(tiny_model), "--json"]

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))

    command = [sys.executable, "-m", "cladmop", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, preexec_fn=small_files)
    assert (done.returncode, done.stdout) == (2, "")
    cost, error = done.stderr.splitlines()
    assert "texts to encode" in cost
    assert "cannot write" in error
    left = [path.name for path in (home / "states").rglob("*") if path.is_file() and path.stat().st_size]
    assert left == ["encoder.json"]
    assert len(cladmop(*arguments).out.splitlines()) == 30, "with space again, the same command works"


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_missing_top_file(refused, tmp_path, split):
    folder = write_splits(tmp_path / "top")
    (folder / f"phase_I_{split}.csv").unlink()
    assert f"phase_I_{split}.csv" in refused("reproduce", "top", "--data", folder, "--out", tmp_path / "runs")


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in {"status", "why_stop"}])
def test_missing_column(refused, tmp_path, column):
    folder = write_splits(tmp_path / "top")
    columns = tuple(name for name in COLUMNS if name != column)
    write_top(folder / "phase_I_train.csv", [top_row(1)], columns)
    assert column in refused("reproduce", "top", "--data", folder, "--out", tmp_path / "runs")


def test_wrong_columns(refused, model, given):
    path = given("table.csv", "trial,text\n1,adults\n")
    assert "table.csv:1" in refused("predict", path, "--model", model)
