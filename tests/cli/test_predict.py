"""``cladmop predict``: every form of input, and output that people and programs can read."""

import csv
import json
import subprocess
import sys

import pytest

from invented import top_row, write_top
from sources.registry_server import Bad, registry, study

CRITERIA = "Inclusion Criteria:\n\n  -  age 18 years or older\n\nExclusion Criteria:\n\n  -  active infection\n"
TRIAL = {
    "nctid": "NCT95000001",
    "phase": "phase 1",
    "criteria": CRITERIA,
    "drugs": ["aspirin"],
    "diseases": ["asthma"],
}
STUDY = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT95000002", "briefTitle": "An invented study"},
        "statusModule": {"overallStatus": "TERMINATED", "whyStopped": "invented"},
        "designModule": {"phases": ["PHASE1", "PHASE2"]},
        "conditionsModule": {"conditions": ["Gout"]},
        "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "Metformin"}]},
        "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* stable disease at screening"},
    }
}


@pytest.fixture
def predict(cladmop, tiny_model):
    return lambda *arguments: cladmop("predict", *arguments, "--model", tiny_model)


def scores_of(done):
    assert done.code == 0, done.err
    return [(line["nctid"], line["probability"]) for line in map(json.loads, done.out.splitlines())]


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def csv_text(rows):
    lines = [",".join(rows[0])]
    lines += [",".join('"' + value.replace('"', '""') + '"' for value in row.values()) for row in rows]
    return "\n".join(lines) + "\n"


FORMS = {
    "one.json": (json.dumps(TRIAL), ["NCT95000001"]),
    "list.json": (json.dumps([STUDY, TRIAL]), ["NCT95000002", "NCT95000001"]),
    "study.json": (json.dumps(STUDY, indent=1), ["NCT95000002"]),
    "page.json": (json.dumps({"studies": [STUDY, STUDY]}), ["NCT95000002", "NCT95000002"]),
    "many.jsonl": (f"{json.dumps(TRIAL)}\n\n{json.dumps(STUDY)}\n", ["NCT95000001", "NCT95000002"]),
    "ours.csv": (
        csv_text([{"nctid": "NCT95000003", "phase": "phase 2", "criteria": CRITERIA, "drugs": "aspirin|caffeine"}]),
        ["NCT95000003"],
    ),
    "text.txt": (CRITERIA, [None]),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_of_input_gives_one_json_line_a_trial(predict, tmp_path, name):
    text, expected = FORMS[name]
    extra = ["--drug", "aspirin", "--condition", "asthma", "--phase", "1"] if name.endswith(".txt") else []
    scores = scores_of(predict(written(tmp_path, name, text), "--json", *extra))
    assert [nct_id for nct_id, _ in scores] == expected
    assert all(0 < score < 1 for _, score in scores)


def test_top_csv_keeps_its_order_and_the_score_file_agrees(predict, tmp_path):
    rows = [top_row(number) for number in (73, 70, 78, 71)]
    out = tmp_path / "deep" / "scores.csv"
    scores = scores_of(predict(write_top(tmp_path / "rows.csv", rows), "--json", "--out", out))
    assert [nct_id for nct_id, _ in scores] == [row["nctid"] for row in rows]
    with out.open(encoding="utf-8", newline="") as stream:
        stored = [(row["nctid"], float(row["score"])) for row in csv.DictReader(stream)]
    assert stored == scores


def test_a_trial_scores_the_same_alone_and_among_others(predict, tmp_path):
    rows = [top_row(number) for number in range(80, 86)]
    together = dict(scores_of(predict(write_top(tmp_path / "all.csv", rows), "--json")))
    for row in rows[:2]:
        ((nct_id, score),) = scores_of(predict(write_top(tmp_path / "one.csv", [row]), "--json"))
        assert score == pytest.approx(together[nct_id], abs=1e-6)


def test_the_same_trial_scores_the_same_in_two_forms(predict, tmp_path):
    as_json = written(tmp_path, "one.json", json.dumps(TRIAL))
    as_text = written(tmp_path, "one.txt", CRITERIA)
    extra = ("--drug", "aspirin", "--condition", "asthma", "--phase", "Phase 1")
    ((_, first),) = scores_of(predict(as_json, "--json"))
    ((_, second),) = scores_of(predict(as_text, "--json", *extra))
    assert first == second


def test_json_says_how_each_drug_was_read(predict, tmp_path):
    trial = {**TRIAL, "drugs": ["aspirin 75 mg", "inventomab", "placebo", "qqqzzz"], "diseases": ["made-up illness"]}
    done = predict(written(tmp_path, "one.json", json.dumps(trial)), "--json")
    line = json.loads(done.out)
    kinds = [(drug["name"], drug["kind"]) for drug in line["drugs"]]
    assert ("aspirin", "small molecule") in kinds
    assert ("inventomab", "biologic") in kinds
    assert any(kind == "unmapped" for _, kind in kinds)
    assert any("qqqzzz" in warning for warning in line["warnings"])
    assert any("ICD-10" in warning for warning in line["warnings"])
    assert {"nctid", "probability", "base_rate", "phase"} <= set(line)


def test_the_table_is_readable_at_80_columns(predict, tmp_path):
    long = {**TRIAL, "title": "A title [bold]with brackets[/] that goes on " + "and on " * 20, "drugs": ["everolimus"]}
    done = predict(written(tmp_path, "many.json", json.dumps([TRIAL, long])))
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "base rate" in done.out
    assert "[bold]" in done.out, "a title is no markup"
    assert sum("drug everolimus: " in line for line in lines) == 1


def test_a_process_prints_json_lines_and_nothing_else(environment, tiny_model, tmp_path):
    path = write_top(tmp_path / "rows.csv", [top_row(91), top_row(92)])
    command = [sys.executable, "-m", "cladmop", "predict", str(path), "--model", str(tiny_model), "--json"]
    fresh = {**environment, "CLADMOP_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, env=fresh, capture_output=True, text=True, check=True)
    assert [json.loads(line)["nctid"] for line in done.stdout.splitlines()] == ["NCT90000091", "NCT90000092"]
    assert done.stderr == "", "nothing to remark on: no noise of libraries either"


def test_options_of_a_text_file_are_refused_elsewhere(predict, tmp_path):
    done = predict(written(tmp_path, "one.json", json.dumps(TRIAL)), "--drug", "aspirin")
    assert (done.code, done.out) == (2, "")
    assert "--drug" in done.err


def test_a_score_file_needs_ids(predict, tmp_path):
    done = predict(written(tmp_path, "one.txt", CRITERIA), "--out", tmp_path / "scores.csv")
    assert done.code == 2
    assert "NCT id" in done.err
    assert not (tmp_path / "scores.csv").exists()


@pytest.fixture
def server():
    studies = [study(number) for number in range(95000011, 95000019)]
    studies[1]["protocolSection"]["designModule"]["phases"] = ["NA"]
    studies[2]["protocolSection"]["designModule"] = "invented"
    with registry(studies) as running:
        yield running


@pytest.fixture
def online(environment, monkeypatch, tmp_path):
    for name, value in {"CLADMOP_OFFLINE": "", "NO_PROXY": "127.0.0.1", "CLADMOP_HOME": str(tmp_path)}.items():
        monkeypatch.setitem(environment, name, value)


def test_an_id_is_asked_of_the_registry_and_scores_as_its_record_does(predict, server, online, tmp_path):
    done = predict("nct95000011", "--registry", server.url, "--json")
    assert scores_of(done) == scores_of(predict(written(tmp_path, "one.json", json.dumps(server.studies[0])), "--json"))
    (line,) = done.err.splitlines()
    assert line == (
        "NCT95000011: version of 2025-11-20, last updated on 2024-05-06; the registry serves the latest version; "
        "criteria may have been edited after the start"
    )
    again = predict("NCT95000011", "--registry", server.url, "--json")
    assert again.out == done.out
    assert "NCT95000011: the copy fetched on " in again.err
    assert len(server.asked) == 1


def test_a_phase_is_given_to_a_registered_trial_without_one(predict, server, online):
    line = json.loads(predict("NCT95000012", "--registry", server.url, "--json", "--phase", "3").out)
    assert line["phase"] == "phase 3"
    line = json.loads(predict("NCT95000011", "--registry", server.url, "--json", "--phase", "3").out)
    assert line["phase"] == "phase 1"


def test_a_file_named_like_an_id_is_read(predict, server, online, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "NCT95000011", json.dumps(TRIAL))
    scores = scores_of(predict("NCT95000011", "--registry", server.url, "--json"))
    assert [nct_id for nct_id, _ in scores] == ["NCT95000001"]
    assert server.asked == []


REFUSED = {
    "NCT95999999": "NCT95999999 is not registered at http",
    "NCT123": "'NCT123' is not an NCT id; it is NCT and eight digits",
    "NCT95000013": "designModule",
    "NCT95000011 --drug aspirin": "--drug and --condition go with a text file",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_an_id_that_cannot_be_scored_is_one_clear_line(predict, server, online, arguments):
    done = predict(*arguments.split(), "--registry", server.url)
    assert (done.code, done.out) == (2, "")
    error = done.err.splitlines()[-1]
    assert error.startswith("error: ")
    assert REFUSED[arguments] in error


def test_without_a_network_an_id_is_one_clear_line(predict, server):
    done = predict("NCT95000018", "--registry", server.url)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert "no network" in line
    assert "download the record as JSON" in line
    assert server.asked == []


def test_a_registry_that_fails_is_one_clear_line(predict, server, online, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.bad_studies = [Bad(500)] * 3
    done = predict("NCT95000011", "--registry", server.url)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert "HTTP 500" in line
