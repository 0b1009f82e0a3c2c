"""``cladmop scale``: what is printed before and after the work."""

import json

import pytest
from typer.testing import CliRunner

from cladmop.cli.scale import app
from cladmop.encoders.cache import StateCache
from cladmop.errors import InputError


@pytest.fixture
def scale(home, monkeypatch):
    """Run a verb; errors of ours come through."""
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: object) -> str:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return run


@pytest.mark.slow
@pytest.mark.usefixtures("ray_alone")
def test_encode_says_what_it_takes_and_does_it_once(scale, invented_corpus, language_model, home):
    arguments = ("encode", invented_corpus, "--encoder", language_model, "--workers", 1)
    told = scale(*arguments)
    first, second, expected, done = told.strip().splitlines()[-4:]
    assert "texts to encode" in first
    assert "MB" in first
    assert second.startswith("names: ")
    assert expected.startswith("expected: ")
    assert "memory 1 x" in expected
    assert "by 1 workers" in done
    (stats,) = StateCache(home / "states").stats()
    assert done.startswith(f"{stats.shards} files")
    assert "nothing to do" in scale(*arguments)


@pytest.mark.parametrize("on", ["examples", "corpus"])
def test_plan_prints_machines(scale, language_model, invented_corpus, on):
    more = ("--corpus", invented_corpus) if on == "corpus" else ()
    told = scale("plan", "--encoder", language_model, "--seconds", 0.1, "--tokens", 5_000_000, *more)
    assert "Encoding 5,000,000 tokens with" in told
    assert "64 x cpu" in told
    assert "s a million tokens" in told


def test_pretrain_writes_a_network(scale, invented_corpus, language_model, tmp_path):
    told = scale(
        "pretrain", invented_corpus, "--out", tmp_path / "net", "--encoder", language_model, "--pretrain-epochs", 1
    )
    assert f"network in {tmp_path / 'net'}" in told
    manifest = json.loads((tmp_path / "net" / "training.json").read_text(encoding="utf-8"))
    assert len(manifest["history"]) == 1


def test_copy_counts_files_and_refuses_what_is_not_there(scale, invented_corpus, tmp_path):
    assert "files (" in scale("copy", invented_corpus, tmp_path / "copy")
    assert (tmp_path / "copy" / "manifest.json").read_bytes() == (invented_corpus / "manifest.json").read_bytes()
    with pytest.raises(FileNotFoundError, match="holds no files"):
        scale("copy", tmp_path / "nothing", tmp_path / "other")
    with pytest.raises(InputError, match="give a folder that does"):
        scale("encode", tmp_path / "nothing")
