"""What the Markdown pages tell people to type: code blocks, their command lines, and commands within sentences."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
SHELL = frozenset({"sh", "bash", "shell", "console"})
SHOWN = frozenset({"text", "json", "csv", "toml", "yaml", "dockerfile", "mermaid", "math"})
"""Languages of blocks that are looked at and not typed."""
_CODE_DIRECTIVES = frozenset({"{code-block}", "{code}", "{sourcecode}"})
_COMMAND = re.compile(r"(\$ )?(cladmop|make|pip|python|torchrun|docker|curl|git|\.) \S")
_HEREDOC = re.compile(r"<<\s*'?(\w+)'?")


@dataclass(frozen=True)
class Block:
    """A code block: where it stands, its language, and its text."""

    page: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Step:
    """One thing that a page lets people do: a command line, or a block of Python."""

    page: str
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Return the README and every page of docs."""
    built = ROOT / "docs" / "_build"
    found = (path for path in (ROOT / "docs").rglob("*.md") if built not in path.parents)
    return [ROOT / "README.md", *sorted(found)]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page in order, those in tabs, lists and other directives included."""
    return list(_blocks(page.read_text(encoding="utf-8"), name_of(page), 0))


def _blocks(text: str, page: str, before: int) -> Iterator[Block]:
    for token in MarkdownIt().parse(text):
        line = before + (token.map[0] if token.map else 0) + 1
        if token.type == "html_block" and "```" in token.content:
            yield Block(page, line, "a block in an HTML comment", token.content)
        if token.type != "fence":
            continue
        info = token.info.split()
        if info and info[0].startswith("{") and info[0] not in _CODE_DIRECTIVES:
            yield from _blocks(token.content, page, line)
        elif info and info[0] in _CODE_DIRECTIVES:
            body = re.sub(r"\A(:[\w-]+:.*\n)*\n?", "", token.content)
            yield Block(page, line, " ".join(info[1:]) or "text", body)
        else:
            yield Block(page, line, token.info.strip() or _guess(token.content), token.content)


def _guess(text: str) -> str:
    """Tell what a block without a language is: commands where a line begins like one."""
    return "sh" if any(_COMMAND.match(line) for line in text.splitlines()) else "text"


def looks_typed(block: Block) -> bool:
    """Tell whether a block that is said to be output holds something to type."""
    return any(_COMMAND.match(line) for line in block.text.splitlines())


def steps(page: Path) -> list[Step]:
    """Return what a page lets people do, in order: each command line, each block of Python."""
    found = []
    for block in blocks(page):
        if block.language in SHELL:
            found += [Step(block.page, line, "sh", text) for line, text in command_lines(block)]
        elif block.language == "python":
            found.append(Step(block.page, block.line, "python", block.text))
    return found


def command_lines(block: Block) -> Iterator[tuple[int, str]]:
    """Yield each command with its line: continued lines joined, a here-document whole, without comments."""
    lines = iter(enumerate(block.text.splitlines(), start=block.line + 1))
    for number, text in lines:
        command = text.removeprefix("$ ")
        while command.endswith("\\"):
            command = command[:-1].rstrip() + " " + next(lines)[1].strip()
        ends = _HEREDOC.search(command)
        command = command if ends else _uncommented(command)
        for _, held in lines if ends else ():
            command += "\n" + held
            if held == ends[1]:
                break
        if command:
            yield number, command


def _uncommented(command: str) -> str:
    """Return a command without the comment behind it: from a ``#`` on that is in no quotation marks."""
    for found in re.finditer(r"(?:^|\s)#", command):
        try:
            shlex.split(command[: found.start()])
        except ValueError:
            continue
        return command[: found.start()].strip()
    return command.strip()


def spoken(page: Path) -> list[Step]:
    """Return the commands that stand within sentences: ``cladmop verb --option`` between backticks."""
    found = []
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        line = token.map[0] + 1 if token.map else 0
        said = [child.content for child in token.children or () if child.type == "code_inline"]
        found += [Step(name_of(page), line, "sh", text) for text in said if text.startswith("cladmop ")]
    return found
