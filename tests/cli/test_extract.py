"""``cladmop extract``, and protocols given to the verbs that score."""

import json

import pytest
import typer
from typer.testing import CliRunner

from cladmop.cli import reading as reading_verb
from cladmop.cli.extract import extract
from cladmop.cli.reading import read_input
from cladmop.errors import InputError
from cladmop.records import Drug, Phase
from cladmop.sources.inputs import read_trials
from invented_documents import protocol_pdf

ITEMS = [("1.", "Adults with gout of the knee", 0), ("2.", "Signed consent", 0)]
RISKS = [("\u2022", "Pregnancy or breast-feeding", 0)]


@pytest.fixture
def protocol(tmp_path):
    path = tmp_path / "plan.pdf"
    path.write_bytes(protocol_pdf(ITEMS, RISKS, pages=6))
    return path


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(extract)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_it_prints_items_by_number_their_place_and_what_to_check(run, protocol) -> None:
    done = run(protocol)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "criteria found on page" in lines[0]
    assert "5.1 Inclusion Criteria" in lines[0]
    assert {"  1. Adults with gout of the knee", "  2. Signed consent", "  1. Pregnancy or breast-feeding"} <= set(
        lines
    )
    assert any(line.startswith("check: ") and "synopsis" in line for line in lines)


def test_what_it_writes_is_a_trial_that_predict_reads(run, protocol, tmp_path) -> None:
    out = tmp_path / "deep" / "trial.json"
    done = run(protocol, "--out", out, "--drug", "aspirin", "--condition", "gout", "--phase", "II")
    assert done.exit_code == 0
    assert f"cladmop predict {out}" in done.stderr
    (trial,) = read_trials(out)
    assert trial.inclusion == ("Adults with gout of the knee", "Signed consent")
    assert (trial.phase, trial.drugs, trial.title) == (
        Phase.PHASE_2,
        (Drug(name="aspirin"),),
        "Invented Trial of Drug A",
    )
    assert trial == read_input(protocol, ["aspirin"], ["gout"], "2", yes=True)[0]
    run(protocol, "--out", out)
    assert json.loads(out.read_text(encoding="utf-8"))["phase"] == "not applicable"
    assert read_trials(out)[0].drugs == ()


def test_bad_input_is_one_clear_error(run, tmp_path) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.4 garbage")
    assert "damaged or unusual" in str(run(bad).exception)
    assert "no file" in str(run(tmp_path / "none.pdf").exception)
    assert "holds trials, not a protocol" in str(run(tmp_path / "trial.json").exception)
    assert "is not a phase" in str(run(bad, "--phase", "9").exception)


def test_without_a_terminal_a_protocol_needs_yes(cladmop, tiny_model, protocol) -> None:
    done = cladmop("predict", protocol, "--model", tiny_model)
    assert (done.code, done.out) == (2, "")
    assert "cladmop extract" in done.err
    assert "--yes" in done.err
    done = cladmop("predict", protocol, "--model", tiny_model, "--yes", "--json", "--drug", "aspirin", "--phase", "1")
    assert done.code == 0
    line = json.loads(done.out)
    assert (line["title"], line["phase"]) == ("Invented Trial of Drug A", "phase 1")
    assert "  2. Signed consent" in done.err.splitlines()


@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_a_person_is_asked(protocol, monkeypatch, answer) -> None:
    class Terminal:
        @staticmethod
        def isatty():
            return True

    monkeypatch.setattr("sys.stdin", Terminal)
    monkeypatch.setattr(reading_verb.typer, "confirm", lambda *_, **__: answer == "y")
    if answer == "y":
        assert read_input(protocol)[0].exclusion == ("Pregnancy or breast-feeding",)
    else:
        with pytest.raises(InputError, match="not scored; run `cladmop extract"):
            read_input(protocol)


def test_the_table_shows_interval_and_set(cladmop, tiny_model, protocol) -> None:
    done = cladmop("predict", protocol, "--model", tiny_model, "--yes")
    assert done.code == 0, done.err
    assert "interval" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
