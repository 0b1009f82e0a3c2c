"""The directive ``cli-reference``: every verb with its help, walked from the command tree itself."""

from collections.abc import Iterator

import typer.main
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from cladmop.cli.app import app as application


class CliReference(SphinxDirective):
    """One section a verb: what it does, how it is called, its arguments and options."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        root = typer.main.get_command(application)
        return [self._section("cladmop", root), *self._below("cladmop", root)]

    def _below(self, path: str, group: object) -> Iterator[nodes.Node]:
        for name, command in sorted(getattr(group, "commands", {}).items()):
            section = self._section(f"{path} {name}", command)
            section += list(self._below(f"{path} {name}", command))
            yield section

    def _section(self, path: str, command: object) -> nodes.section:
        identity = path.replace(" ", "-")
        section = nodes.section("", nodes.title(path, path), ids=[identity], names=[identity])
        self.state.document.note_explicit_target(section, section)
        context = command.make_context(path, [], resilient_parsing=True)  # type: ignore[attr-defined] # click or typer's copy
        pieces = command.collect_usage_pieces(context)  # type: ignore[attr-defined] # the same
        section += nodes.literal_block("", " ".join((path, *pieces)), language="none")
        section += [_paragraph(part) for part in (command.help or "").split("\n\n")]  # type: ignore[attr-defined] # the same
        rows = [row for one in command.get_params(context) if (row := _row(one, context))]  # type: ignore[attr-defined] # the same
        if rows:
            section += nodes.definition_list("", *rows, classes=["options"])
        return section


def _paragraph(text: str) -> nodes.Element:
    """Return a paragraph; lines that are indented stay as they are."""
    text = text.replace("\b", "").strip("\n")
    if text.startswith("  "):
        return nodes.literal_block("", text, language="none")
    return nodes.paragraph("", "", *_words(text))


def _words(text: str) -> list[nodes.Node]:
    """Return text on one line, with what stands between backticks as code."""
    parts = " ".join(text.split()).split("`")
    return [nodes.literal("", part) if number % 2 else nodes.Text(part) for number, part in enumerate(parts) if part]


def _row(parameter: object, context: object) -> nodes.definition_list_item | None:
    """Return a parameter's name and help; none for ``--help``, which all have."""
    if parameter.name == "help":  # type: ignore[attr-defined] # click or typer's copy
        return None
    record = parameter.get_help_record(context)  # type: ignore[attr-defined] # the same
    names, text = record or (parameter.make_metavar(context), "")  # type: ignore[attr-defined] # the same
    term = nodes.term("", "", nodes.literal("", " ".join(names.split())))
    return nodes.definition_list_item("", term, nodes.definition("", nodes.paragraph("", "", *_words(text))))


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the directive."""
    app.add_directive("cli-reference", CliReference)
    return {"parallel_read_safe": True}
