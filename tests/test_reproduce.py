"""``cladmop reproduce top`` from end to end: equal bytes twice, and after kill -9 in every stage."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from cladmop.errors import InputError, MissingArtefactError
from cladmop.pipeline import NetworkSettings
from cladmop.reproduce import claim, results_of, rivals_beside, score_rivals
from cladmop.results import load_rows
from cladmop.top_data import read_other_phases, read_top_data
from invented import top_row, write_splits, write_top

EPOCHS = ("--pretrain-epochs", "40", "--finetune-epochs", "40")
"""Enough that each stage is seen while it runs, also on a busy machine."""


@pytest.fixture(scope="module")
def top_folder(tmp_path_factory):
    return write_splits(tmp_path_factory.mktemp("top"))


@pytest.fixture(scope="module")
def begin(environment, top_folder, language_model):
    """Start the command in a home and runs folder of its own."""

    def start(place):
        command = [sys.executable, "-m", "cladmop", "reproduce", "top", "--phase", "I", "--data", top_folder]
        command += ["--encoder", language_model, "--seeds", "1", "--no-rivals", "--out", place / "runs", *EPOCHS]
        settings = {**environment, "CLADMOP_HOME": str(place / "home")}
        place.mkdir(exist_ok=True)
        with (place / "out.txt").open("a") as out, (place / "err.txt").open("a") as err:
            return subprocess.Popen(list(map(str, command)), env=settings, stdout=out, stderr=err)

    return start


@pytest.fixture(scope="module")
def unbroken(begin, tmp_path_factory):
    place = tmp_path_factory.mktemp("unbroken")
    assert begin(place).wait(timeout=120) == 0, (place / "err.txt").read_text()
    return place


def bytes_of(place):
    """All that the command made, with the hidden states; the page and the figures are made of the scores."""
    files = [path for folder in ("runs", "home/states") for path in (place / folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(place)): path.read_bytes() for path in files if path.name != ".writers"}


def kill_when(process, place, pattern):
    """Kill -9 as soon as a file of that name is there."""
    deadline = time.monotonic() + 120
    while not list(place.glob(pattern)):
        assert process.poll() is None, f"over before {pattern} was seen: {(place / 'err.txt').read_text()}"
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_in_every_stage_it_ends_with_the_bytes_of_an_unbroken_run(begin, unbroken, tmp_path):
    seed = "runs/networks/*/seed-0"
    for stage, pattern in {
        "encode": "home/states/*-pooled/*.safetensors",
        "pretrain": f"{seed}/pretrained/training.safetensors",
        "finetune": f"{seed}/finetuned/training.safetensors",
    }.items():
        kill_when(begin(tmp_path), tmp_path, pattern)
        assert not list(tmp_path.glob("runs/networks/*/row")), f"{stage}: scored before it was killed"
    assert begin(tmp_path).wait(timeout=120) == 0, (tmp_path / "err.txt").read_text()
    expected, found = bytes_of(unbroken), bytes_of(tmp_path)
    assert sorted(found) == sorted(expected)
    told = [line for line in (tmp_path / "err.txt").read_text().splitlines() if "texts" in line or "training:" in line]
    assert "texts to encode, 0 are cached: " in told[0]
    assert told[-2].endswith("texts are cached, nothing to encode")
    assert told[-1].startswith("training: 0 of 1 pre-trained networks left, at most 40 epochs each; 1 of 1 fine-tuned")
    assert [name for name in expected if found[name] != expected[name]] == []
    assert {name.rpartition("/")[2] for name in expected} >= {"test.csv", "valid.csv", "model.safetensors"}


def test_the_table_is_printed_and_stored(unbroken):
    printed = (unbroken / "out.txt").read_text()
    assert "CLaDMoP, tiny," in printed
    assert ".642" in printed, "the paper's ROC-AUC stands beside"
    assert max(map(len, printed.splitlines())) <= 80 + len(str(unbroken))
    assert (unbroken / "runs" / "results.md").read_text(encoding="utf-8").startswith("**")
    (row,) = load_rows(unbroken / "runs")
    (scores,) = row.scores("test")
    assert list(scores) == [f"NCT{90_000_080 + number}" for number in range(20)]


def test_other_settings_are_refused_in_a_folder_begun(cladmop, unbroken, top_folder, language_model):
    before = bytes_of(unbroken)
    given = ("--data", top_folder, "--encoder", language_model, "--no-rivals", "--out", unbroken / "runs", *EPOCHS)
    done = cladmop("reproduce", "top", *given, "--seeds", 2)
    assert (done.code, done.out) == (2, "")
    assert "seeds = 1, not 2" in done.err
    done = cladmop("reproduce", "top", *given, "--seeds", 1, "--seed", 5)
    assert (done.code, done.out) == (2, "")
    assert "seed = 0, not 5" in done.err
    assert bytes_of(unbroken) == before


def test_a_finished_folder_is_read_not_trained(cladmop, unbroken, top_folder):
    before = bytes_of(unbroken)
    done = cladmop("reproduce", "table", unbroken / "runs", "--data", top_folder)
    assert done.code == 0, done.err
    assert "CLaDMoP, tiny," in done.out
    assert bytes_of(unbroken) == before


def test_claim_names_what_differs(tmp_path):
    settings = {"phase": "I", **NetworkSettings().to_dict()}
    claim(tmp_path, settings)
    claim(tmp_path, settings)
    with pytest.raises(InputError, match=r"preset = 'default', not 'paper'"):
        claim(tmp_path, {"phase": "I", **NetworkSettings(preset="paper").to_dict()})
    with pytest.raises(InputError, match="extra"):
        claim(tmp_path, settings | {"extra": 1})


def test_no_trial_of_the_phase_or_of_any_test_split_is_in_the_pool(tmp_path):
    write_splits(tmp_path)
    overlapping = [top_row(number) for number in (3, 65, 85, 201, 203, 205, 207, 209, 204)]
    write_top(tmp_path / "phase_II_train.csv", [row | {"phase": "phase 1/phase 2"} for row in overlapping])
    write_top(tmp_path / "phase_II_valid.csv", [top_row(201), top_row(211), top_row(85)])
    write_top(tmp_path / "phase_III_test.csv", [top_row(205), top_row(211)])
    data = read_top_data(tmp_path, "I")
    assert [trial.nct_id for trial in data.successes] == [f"NCT90000{number}" for number in (201, 203, 207, 209)]
    others = {one.outcome.nct_id: one.success for one in read_other_phases(tmp_path, "I")}
    assert set(others) == {f"NCT90000{number}" for number in (201, 203, 204, 207, 209)}
    assert others["NCT90000204"] == 0
    own = {one.outcome.nct_id for one in (*data.train, *data.valid)} | {trial.nct_id for trial in data.test}
    assert len(own) == 100
    assert not own & set(others)


def test_a_phase_without_its_files_is_named(tmp_path):
    write_splits(tmp_path)
    with pytest.raises(MissingArtefactError, match="phase_II_train"):
        read_top_data(tmp_path, "II")


def test_rivals_are_scored_and_compared_with_the_words(top_folder, tmp_path):
    said = []
    data = read_top_data(top_folder, "I")
    rows = score_rivals(data, tmp_path / "rivals", said.append)
    assert rows[0].name == "Base rate"
    assert len(said) == 1
    results = results_of(tmp_path, top_folder, "I", "test", n_bootstrap=20)
    roc_auc = {row.name: row.evaluation.roc_auc.value for row in results.rows}
    assert roc_auc["Base rate"] == 0.5
    assert roc_auc["TF-IDF words + logistic regression"] > 0.6
    assert len(results.comparisons) == len(rows) - 1
    (scores,) = rows[0].scores("test")
    assert set(scores) == {str(trial.nct_id) for trial in data.test}


def unheard(_line):
    """Stands for what the command says; another process can import it."""


@pytest.mark.parametrize("cores", [1, 2])
def test_what_fails_in_the_rivals_is_raised_whichever_process_fits_them(top_folder, tmp_path, monkeypatch, cores):
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    data = read_top_data(top_folder, "I")
    successes = [trial for trial in data.train if trial.outcome.success]
    done = []
    beside = rivals_beside(replace(data, train=successes), tmp_path, unheard)
    with pytest.raises(InputError, match="one class"), beside:
        done.append("network")
    assert done == ["network"]


def test_rivals_do_not_outlive_what_they_stand_beside(top_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError), rivals_beside(read_top_data(top_folder, "I"), tmp_path, unheard):
        raise ZeroDivisionError
    assert time.monotonic() - begun < 30
    assert not list(tmp_path.rglob("*.csv"))
