"""Runs what pages let people type: the verbs of cladmop in this process, Python blocks, a few commands of the shell."""

import os
import re
import shlex
import subprocess
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from typer.testing import CliRunner

from docs_snippets.pages import Step

SHELL = frozenset({"cat", "cp", "curl", "head", "ls", "mkdir", "mv"})
"""Commands that a real shell runs."""


@dataclass
class Bench:
    """A folder in which the steps of one page run in order."""

    folder: Path
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "__page__"})
    """What the page's Python has defined so far."""

    def run(self, step: Step, text: str) -> str:
        """Run a step as ``text`` and return what it printed; it fails as the step would in a user's hands."""
        os.chdir(self.folder)
        if step.language == "python":
            return self._python(step, text)
        words = shlex.split(text, comments=True)
        if words[0] == "cladmop":
            return self._verb(step, words[1:])
        assert words[0] in SHELL, f"{step.where}: {words[0]!r} is neither run nor listed: {step.text}"
        done = subprocess.run(["bash", "-ec", text], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{step.where}: {step.text}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _python(self, step: Step, text: str) -> str:
        printed = StringIO()
        # Blank lines before it, so that a traceback names the line of the page.
        code = compile("\n" * step.line + text, step.page, "exec")
        with redirect_stdout(printed):
            exec(code, self.names)
        return printed.getvalue()

    def _verb(self, step: Step, words: list[str]) -> str:
        from cladmop.cli.app import app

        words, target = (words[:-2], words[-1]) if words[-2:-1] == [">"] else (words, None)
        words, pipe = (words[: words.index("|")], words[words.index("|") + 1 :]) if "|" in words else (words, None)
        done = CliRunner().invoke(app, words)
        said = f"{step.where}: {step.text}\n(run as: {shlex.join(words)})\n{done.output}"
        assert done.exception is None or isinstance(done.exception, SystemExit), f"{said}\n{done.exception!r}"
        assert done.exit_code == 0, said
        assert not re.search(r"Traceback", done.output), said
        if target is not None:
            Path(target).write_text(done.stdout, encoding="utf-8")
        if pipe is not None:
            return subprocess.run(pipe, input=done.stdout, capture_output=True, text=True, check=True).stdout
        return done.stdout
