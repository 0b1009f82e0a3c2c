"""``cladmop explain`` and ``cladmop whatif``, as an application registers them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from cladmop.cli import explain, whatif
from cladmop.errors import InputError

TRIAL = {
    "nctid": "NCT95000001",
    "phase": "phase 1",
    "inclusion": ["stable disease at screening", "age 30 years or older [bold]"],
    "exclusion": ["active infection"],
    "drugs": ["aspirin"],
    "diseases": ["asthma"],
}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "trial.json"
    path.write_text(json.dumps(TRIAL), encoding="utf-8")
    return path


@pytest.fixture
def run(environment, tiny_model):
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command("explain")(explain.explain)
    app.command("whatif")(whatif.whatif)

    def invoke(verb, *arguments):
        words = [verb, *map(str, arguments), "--model", str(tiny_model)]
        done = CliRunner(env=environment).invoke(app, words)
        if isinstance(done.exception, InputError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return invoke


def test_explain_prints_summary_and_table_within_80_columns(run, source):
    out = run("explain", source)
    assert "The probability of success is" in out
    assert "not causes" in " ".join(out.split())
    assert "What moves the score" in out
    assert "[bold]" in out, "a criterion is no markup"
    assert "5 of 5 parts" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "2 of 5 parts" in run("explain", source, "--top", 2)


def test_explain_json_is_one_line_a_trial(run, tmp_path):
    path = tmp_path / "two.json"
    path.write_text(json.dumps([TRIAL, {**TRIAL, "nctid": "NCT95000002", "drugs": []}]), encoding="utf-8")
    first, second = map(json.loads, run("explain", path, "--json").splitlines())
    assert (first["nctid"], second["nctid"]) == ("NCT95000001", "NCT95000002")
    assert len(first["items"]) == 3
    assert first["drugs"][0]["drawing"].startswith("<svg")
    assert second["drugs"] == []


def test_whatif_applies_every_option(run, source):
    out = run(
        "whatif", source, "--json", "--remove-inclusion", 1, "--replace-inclusion", "2=age = 18 or older",
        "--add-inclusion", "written informed consent", "--remove-exclusion", 1, "--add-exclusion", "pregnancy",
        "--swap-drug", "aspirin=metformin", "--add-drug", "caffeine", "--drop-disease", "asthma",
        "--add-disease", "gout", "--phase", "2",
    )  # fmt: skip
    answer = json.loads(out)
    assert answer["nctid"] == "NCT95000001"
    assert answer["changed"] == [
        'inclusion 1 removed: "stable disease at screening"',
        'exclusion 1 removed: "active infection"',
        'inclusion 2 changed from "age 30 years or older [bold]" to "age = 18 or older"',
        'inclusion added: "written informed consent"',
        'exclusion added: "pregnancy"',
        "drug aspirin swapped for metformin",
        "drug caffeine added",
        "disease asthma removed",
        "disease gout added",
        "phase changed from phase 1 to phase 2",
    ]
    assert answer["after"]["probability"] != answer["before"]["probability"]


def test_whatif_prints_before_after_and_that_it_is_no_cause(run, source):
    out = run("whatif", source, "--drop-drug", "Aspirin", "--replace-exclusion", "1=stroke")
    lines = out.splitlines()
    assert lines[0] == '- exclusion 1 changed from "active infection" to "stroke"'
    assert [line.split()[0] for line in lines[2:5]] == ["before", "after", "change"]
    assert "not a cause" in " ".join(out.split())


def test_whatif_ranks_removals(run, source):
    out = run("whatif", source, "--rank")
    assert "3 removals were tried" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80
    points = [one["points"] for one in json.loads(run("whatif", source, "--rank", "--json"))["removals"]]
    assert points == sorted(points, reverse=True)


def test_whatif_reads_text_with_its_own_drugs_and_phase(run, tmp_path):
    path = tmp_path / "criteria.txt"
    path.write_text("Inclusion Criteria:\n\n  -  age 18 years or older\n", encoding="utf-8")
    given = ("--drug", "aspirin", "--condition", "gout", "--given-phase", "1")
    answer = json.loads(run("whatif", path, *given, "--phase", "2", "--json"))
    assert answer["changed"] == ["phase changed from phase 1 to phase 2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no edit; give one such as --remove-inclusion 3, or --rank"),
        (("--rank", "--drop-drug", "aspirin"), "--rank ranks the criteria of the trial as given"),
        (("--remove-inclusion", "9"), "inclusion 9 is not there; inclusion criteria are numbered 1 to 2"),
        (("--replace-inclusion", "first"), "write it as NUMBER=TEXT"),
        (("--replace-exclusion", "one=x"), "'one' is not the number of a criterion"),
        (("--swap-drug", "aspirin"), 'write it as OLD=NEW, in quotation marks: --swap-drug "OLD=NEW"'),
        (("--drop-drug", "ibuprofen"), "it names 'aspirin'"),
        (("--add-inclusion", "  "), "--add-inclusion '  ': empty"),
        (("--phase", "nine"), "--phase: 'nine' is not a phase"),
    ],
)
def test_whatif_refuses_what_cannot_be_done(run, source, arguments, message):
    with pytest.raises(InputError, match=message):
        run("whatif", source, *arguments)


def test_whatif_is_of_one_trial(run, tmp_path):
    path = tmp_path / "two.json"
    path.write_text(json.dumps([TRIAL, TRIAL]), encoding="utf-8")
    with pytest.raises(InputError, match="2 trials; edits are of one trial"):
        run("whatif", path, "--rank")
