"""What a service may be told, and what it logs."""

import logging
import logging.config

import pytest

from cladmop.errors import InputError, MissingArtefactError
from cladmop.server.logs import QuietFormatter
from cladmop.server.run import listen
from cladmop.server.settings import Limits, Settings, read_token


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_limits_are_above_zero(value):
    with pytest.raises(InputError, match=r"body_seconds .*above 0"):
        Limits(body_seconds=value)


@pytest.mark.parametrize("token", ["", "short", "with blank in the middle", "ünicode-ünicode-ünicode", "x" * 15])
def test_weak_tokens_are_refused(token):
    with pytest.raises(InputError, match="characters; give 16 or more") as refused:
        Settings(token=token)
    assert not token or token not in str(refused.value)


def test_a_token_is_never_shown():
    assert "0123456789abcdef" not in repr(Settings(token="0123456789abcdef"))


def test_where_the_token_comes_from(tmp_path, monkeypatch):
    monkeypatch.delenv("CLADMOP_TOKEN", raising=False)
    assert read_token(None) is None
    monkeypatch.setenv("CLADMOP_TOKEN", "of-the-environment")
    assert read_token(None) == "of-the-environment"
    (tmp_path / "token").write_text("of-the-file\n", encoding="utf-8")
    assert read_token(tmp_path / "token") == "of-the-file"
    (tmp_path / "empty").write_text(" \n", encoding="utf-8")
    with pytest.raises(InputError, match="is empty"):
        read_token(tmp_path / "empty")
    with pytest.raises(MissingArtefactError, match="no token file"):
        read_token(tmp_path / "none")


@pytest.mark.parametrize(
    ("host", "local"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)]
)
def test_who_can_reach_it(host, local):
    settings = Settings(host=host)
    assert settings.is_local is local
    # An address in figures cannot be rebound to another machine.
    assert settings.admits_host("10.1.2.3") is not local
    assert not settings.admits_host("evil.example")


def test_a_taken_port_is_named():
    with listen(Settings(port=0)) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}: .*choose another"):
            listen(Settings(port=port))
    with pytest.raises(InputError, match="give 0"):
        Settings(port=70_000)


def test_a_logged_error_says_where_and_not_what():
    try:
        int("the patient's secret")
    except ValueError:
        text = QuietFormatter().format(
            logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), __import__("sys").exc_info())
        )
    assert "secret" not in text
    assert "ValueError" in text
    assert "test_settings.py" in text
