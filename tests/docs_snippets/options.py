"""Whether the command line has the verbs and options that a page names, for commands that no test can run."""

import re
import shlex
import tomllib

import typer

from docs_snippets.pages import ROOT

_EXTRAS = re.compile(r"(?:cladmop|\.)\[([\w,-]+)\]")


def faults(command: str) -> list[str]:
    """Return what is wrong with a command line: no such verb, option, make target, extra or script."""
    words = shlex.split(command, comments=True)
    if "cladmop" in words:
        return _cladmop(words[words.index("cladmop") + 1 :])
    if words[0] == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return [f"no make target {word}" for word in words[1:] if "=" not in word and word not in targets]
    if words[0] == "pip":
        return _extras(command)
    if "docker" in words:
        return [f"no {name}" for name in ("Dockerfile", "compose.yaml") if not (ROOT / name).is_file()]
    if words[0] == "python" and words[1].endswith(".py"):
        return _script(words[1:])
    return []


def _cladmop(words: list[str]) -> list[str]:
    from cladmop.cli.app import app

    command = typer.main.get_command(app)
    path = "cladmop"
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        verb = words.pop(0)
        if verb == "VERB":  # any of them
            return []
        if verb not in command.commands:
            return [f"{path} has no verb {verb!r}; it has {', '.join(command.commands)}"]
        command, path = command.commands[verb], f"{path} {verb}"
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    return [f"{path} has no option {name}" for name in sorted(given - known)]


def _extras(command: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {extra for held in _EXTRAS.findall(command) for extra in held.split(",")}
    return [f"no extra {extra}" for extra in sorted(named - set(project["optional-dependencies"]))]


def _script(words: list[str]) -> list[str]:
    path = ROOT / words[0]
    if not path.is_file():
        return [f"no script {words[0]}"]
    text = path.read_text(encoding="utf-8")
    return [f"{words[0]} has no option {word}" for word in words[1:] if word.startswith("--") and word not in text]
