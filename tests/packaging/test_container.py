"""The image and the compose file: linted, and doing what they say as far as that shows without a daemon."""

import fnmatch
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cladmop import __version__

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICE = COMPOSE["services"]["cladmop"]
SERVICE_KEYS = {
    "build", "cap_drop", "command", "image", "mem_limit", "pids_limit", "ports", "read_only", "restart", "secrets",
    "security_opt", "stop_grace_period", "tmpfs",
}  # fmt: skip
"""Of the compose specification, those used here with the kind of value it asks for."""


def instructions():
    """Instructions of the last stage, joined over their lines: word and rest."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE))
    last = joined[joined.rindex("\nFROM ") :]
    return [line.split(maxsplit=1) for line in last.splitlines() if line.strip()]


def last(word):
    return [rest for name, rest in instructions() if name == word][-1]


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_bases_are_pinned_and_the_user_has_no_rights():
    bases = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])
    assert int(last("USER")) > 1000
    assert "CLADMOP_OFFLINE=1" in last("ENV")


def test_what_is_copied_is_let_in():
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = set()
    for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE):
        copied |= {name.removeprefix("./") for name in line.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)
    assert any(fnmatch.fnmatch("__pycache__", rule.removeprefix("**/")) for rule in rules)


def test_extras_of_the_image_are_declared(unpacked_extras):
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", DOCKERFILE)
    assert {"nn", "serve", "similar", "documents"} == set(extras.split(",")) <= unpacked_extras


@pytest.fixture
def unpacked_extras():
    import tomllib

    return set(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"])


@pytest.mark.parametrize("command", [json.loads(last("CMD")), SERVICE["command"]], ids=["image", "compose"])
def test_the_command_is_one_of_the_program(cladmop, command):
    assert json.loads(last("ENTRYPOINT")) == ["cladmop"]
    assert command[:3] == ["serve", "--host", "0.0.0.0"]
    done = cladmop(*command, "--help")
    assert done.code == 0
    assert "--token-file" in done.out


def test_the_health_check_passes_on_a_service_that_is_up_and_fails_on_one_that_is_down(tmp_path):
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if (self.path, self.server.up) == ("/health", True) else 503)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    program = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert program[0] == "python"
    command = [sys.executable, *(word.replace("8000", str(server.server_port)) for word in program[1:])]
    try:
        for server.up in (True, False):
            done = subprocess.run(command, capture_output=True, check=False)
            assert (done.returncode == 0) == server.up
    finally:
        server.shutdown()
        server.server_close()


def test_the_path_of_the_health_check_is_open_without_a_token():
    from cladmop.server.guards import _OPEN

    assert re.search(r"127\.0\.0\.1:8000(/\w+)", last("HEALTHCHECK"))[1] in _OPEN
    assert last("EXPOSE") == "8000"


def test_compose_takes_all_rights_away():
    assert set(COMPOSE) == {"name", "services", "secrets"}
    assert set(SERVICE) == SERVICE_KEYS
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", SERVICE["mem_limit"])
    assert re.fullmatch(r"/tmp:size=\d+m,mode=1777", SERVICE["tmpfs"][0])
    assert SERVICE["ports"] == ["127.0.0.1:8000:8000"]
    assert SERVICE["image"] == f"cladmop:{__version__}"
    assert all(isinstance(word, str) for word in SERVICE["command"])


def test_secrets_and_arguments_are_those_of_the_other_file():
    (secret,) = SERVICE["secrets"]
    assert list(COMPOSE["secrets"]) == [secret]
    assert f"/run/secrets/{secret}" in shlex.join(SERVICE["command"])
    assert re.findall(r"(?m)^ARG (\w+)=", DOCKERFILE) == list(SERVICE["build"]["args"])


def test_no_host_of_a_registry_is_named():
    for name in ("Dockerfile", "compose.yaml", ".ci/packaging", "docs/deploy.md", "constraints-lowest.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        hosts = set(re.findall(r"https?://([\w.-]+)", text)) - {"127.0.0.1", "localhost"}
        assert hosts == set(), name
