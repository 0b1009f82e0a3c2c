"""The verbs besides ``predict``, as their users run them."""

import csv
import json
import re

import pytest

from invented import top_row, write_splits


@pytest.fixture(scope="module")
def top_folder(tmp_path_factory):
    return write_splits(tmp_path_factory.mktemp("top"))


@pytest.fixture
def score_file(tmp_path):
    """Write scores for rows of TOP's test split: right ones, or the base rate for all."""

    def write(name, score):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("nctid", "score"), *((row["nctid"], score(row)) for row in ROWS)])
        return path

    return write


ROWS = [top_row(number) for number in range(80, 100)]


def test_evaluate_compares_two_score_files(cladmop, top_folder, score_file, tmp_path):
    right = score_file("right.csv", lambda row: 0.9 if row["label"] == "1" else 0.2)
    flat = score_file("flat.csv", lambda row: 0.5)
    stored = tmp_path / "out" / "evaluation.json"
    done = cladmop("evaluate", right, flat, "--data", top_folder, "--bootstraps", 50, "--out", stored)
    assert done.code == 0, done.err
    assert max(len(line) for line in done.out.splitlines() if str(right) not in line and str(flat) not in line) <= 80
    rows = json.loads(stored.read_text(encoding="utf-8"))["rows"]
    assert [row["roc_auc"]["value"] for row in rows] == [1.0, 0.5]
    assert "0.5" in done.err, "the threshold that nobody chose is a remark"


def test_evaluate_chooses_the_threshold_on_validation(cladmop, top_folder, score_file, tmp_path):
    valid = tmp_path / "valid.csv"
    lines = [f"{row['nctid']},{0.4 if row['label'] == '1' else 0.3}" for row in map(top_row, range(60, 80))]
    valid.write_text("nctid,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
    scores = score_file("scores.csv", lambda row: 0.4 if row["label"] == "1" else 0.3)
    done = cladmop("evaluate", scores, "--data", top_folder, "--valid-scores", valid, "--bootstraps", 20)
    assert done.code == 0, done.err
    threshold = float(re.search(r"threshold (\d\.\d+)", done.out).group(1))
    assert 0.3 < threshold <= 0.4
    (line,) = done.err.splitlines()
    assert line.startswith("20 trials, 20 resamples for each score file: about ")


def test_evaluate_names_what_has_no_score(cladmop, top_folder, tmp_path):
    short = tmp_path / "short.csv"
    short.write_text(f"nctid,score\n{ROWS[0]['nctid']},0.5\n", encoding="utf-8")
    done = cladmop("evaluate", short, "--data", top_folder)
    assert (done.code, done.out) == (2, "")
    assert "19 of 20" in done.err


def test_demo_scores_the_examples_and_writes_a_page(cladmop, tiny_model, tmp_path):
    done = cladmop("demo", "--model", tiny_model, "--out", tmp_path / "report")
    assert done.code == 0, done.err
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert page.count("<h2") > 5
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert str(tmp_path / "report" / "index.html") in done.out.replace("\n", "")


def test_fit_writes_a_model_that_predicts(cladmop, top_folder, tmp_path):
    out = tmp_path / "model"
    done = cladmop("fit", "--data", top_folder, "--out", out, "--part", "words=1", "--work-dir", tmp_path / "work")
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80 + len(str(out))
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "Non-Commercial" in card
    assert "cladmop fit --data" in card
    scored = cladmop("predict", top_folder / "phase_I_test.csv", "--model", out, "--json")
    probability = {line["nctid"]: line["probability"] for line in map(json.loads, scored.out.splitlines())}
    wins, losses = ([probability[row["nctid"]] for row in ROWS if row["label"] == label] for label in "10")
    assert sum(wins) / len(wins) > sum(losses) / len(losses), "the invented signal is learned"


@pytest.mark.parametrize("part", ["words", "words=much", "wisdom=1", "words=-1"])
def test_fit_refuses_parts_it_does_not_know(cladmop, top_folder, tmp_path, part):
    done = cladmop("fit", "--data", top_folder, "--out", tmp_path / "model", "--part", part)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "model").exists()


def test_models_list_names_the_embedded_ones(cladmop):
    done = cladmop("models", "list")
    assert done.code == 0
    assert "minilm" in done.out
    assert "Apache-2.0" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_models_get_says_which_there_are(cladmop):
    done = cladmop("models", "get", "gpt-9")
    assert (done.code, done.out) == (2, "")
    assert "minilm" in done.err


def test_cache_is_listed_and_emptied(cladmop, tiny_model, tmp_path, environment, monkeypatch):
    monkeypatch.setitem(environment, "CLADMOP_HOME", str(tmp_path / "home"))
    path = tmp_path / "text.txt"
    path.write_text("Inclusion Criteria:\n\n- active infection", encoding="utf-8")
    assert cladmop("predict", path, "--model", tiny_model, "--drug", "aspirin").code == 0
    assert "pooled" in cladmop("cache", "list").out
    assert list((tmp_path / "home").rglob("*.safetensors"))
    assert "freed" in cladmop("cache", "evict", "--max-gb", 0).out
    assert not list((tmp_path / "home").rglob("*.safetensors"))


def test_cache_refuses_a_negative_limit(cladmop):
    done = cladmop("cache", "evict", "--max-gb", "-1")
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1


def test_terms_are_shown_and_must_be_accepted(cladmop, tmp_path, monkeypatch):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    done = cladmop("top", "download", tmp_path / "top")
    assert done.code == 2
    assert "Non-Commercial" in done.err
    assert not (tmp_path / "top").exists()
