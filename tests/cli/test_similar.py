"""``cladmop similar``: an index built from a corpus, checked, and asked about a trial."""

import json

import pytest
from typer.testing import CliRunner

from cladmop.cli.similar import app
from cladmop.errors import InputError, MissingArtefactError
from similar.building import SIZES, tiny_index, tiny_settings

TRIAL = {
    "nctid": "NCT95000001",
    "title": "A trial to be",
    "phase": "phase 2",
    "criteria": "Inclusion Criteria:\n\n* Adults with gout\n\nExclusion Criteria:\n\n* Pregnancy",
    "drugs": ["metformin", "qqq-zzz-1"],
    "diseases": ["gout"],
}


@pytest.fixture(scope="module")
def index(invented_corpus, language_model, tiny_home, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        return tiny_index(invented_corpus, language_model, tmp_path_factory.mktemp("past"))


@pytest.fixture
def similar(environment):
    def run(*arguments):
        return CliRunner().invoke(app, [*map(str, arguments)], env=environment)

    return run


@pytest.fixture
def find(similar, index, tiny_model, tmp_path):
    def run(trial, *arguments):
        path = tmp_path / "trial.json"
        path.write_text(json.dumps(trial), encoding="utf-8")
        return similar("find", path, "--index", index, "--model", tiny_model, *arguments)

    return run


def test_json_is_one_line_a_trial_with_neighbours_and_rates(find):
    done = find([TRIAL, {**TRIAL, "nctid": "NCT95000002"}], "--json", "--k", 3)
    assert done.exit_code == 0, done.output
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["nctid"], second["nctid"]) == ("NCT95000001", "NCT95000002")
    assert len(first["trials"]) == 3
    assert {each["outcome"] for each in first["trials"]} <= {"successful", "unproven", "stopped"}
    kinds = [(rate["kind"], rate["of"]) for rate in first["base_rates"]]
    assert kinds[0] == ("phase", "phase II")
    assert ("drug", "metformin") in kinds
    unknown = first["base_rates"][-1]
    assert (unknown["trials"], unknown["rate"]) == (0, None)
    assert "ClinicalTrials.gov" in first["source"]


def test_dates_decide_what_may_be_seen(find):
    started = {**TRIAL, "start_date": "2007-01-01"}
    told = json.loads(find(started, "--json").stdout)
    assert told["before"] == "2007-01-01"
    assert told["left_out"] > 0
    assert all(each["end_date"] < "2007-01-01" for each in told["trials"])
    assert json.loads(find(started, "--json", "--all-dates").stdout)["left_out"] == 0
    assert json.loads(find(started, "--json", "--before", "2006-08").stdout)["before"] == "2006-08-01"


def test_the_tables_are_readable_at_80_columns(find):
    done = find(TRIAL, "--k", 2)
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 80
    for words in ("Past trials most like", "How often past trials succeeded", "unknown", "metformin"):
        assert words in done.stdout


def test_bad_input_is_one_clear_error(find, similar, tmp_path):
    assert isinstance(find(TRIAL, "--before", "yesterday").exception, InputError)
    nowhere = similar("find", tmp_path / "nothing.json", "--index", tmp_path)
    assert isinstance(nowhere.exception, MissingArtefactError)
    assert similar("find", "x", "--k", 0).exit_code == 2
    path = tmp_path / "trial.json"
    path.write_text(json.dumps(TRIAL), encoding="utf-8")
    no_index = similar("find", path, "--index", tmp_path)
    assert isinstance(no_index.exception, MissingArtefactError)
    assert "no index of past trials" in str(no_index.exception)


def test_build_and_check_run_from_a_corpus(similar, invented_corpus, language_model, tmp_path, monkeypatch):
    import cladmop.similar.build as building
    import cladmop.similar.check as checking

    for module in (building, checking):
        monkeypatch.setattr(module, "default_settings", lambda: tiny_settings(language_model))
    built = similar("build", invented_corpus, "--out", tmp_path / "index", "--criteria", 0.75)
    assert built.exit_code == 0, built.output
    assert "48 past trials" in built.stdout
    manifest = json.loads((tmp_path / "index" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["shares"] == {"criteria": 0.75, "names": 0.5}
    assert manifest["network"]["match_width"] == SIZES["match_width"]
    checked = similar("check", invented_corpus, "--work", tmp_path / "check")
    assert checked.exit_code == 0, checked.output
    assert "ROC-AUC" in (tmp_path / "check" / "check.md").read_text(encoding="utf-8")
    refused = similar("build", invented_corpus, "--out", tmp_path / "index", "--criteria", 1.5)
    assert isinstance(refused.exception, InputError)
    assert similar("build", tmp_path / "none", "--out", tmp_path / "other").exit_code != 0
