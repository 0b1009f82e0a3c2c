"""A standalone HTML report: one file, no script, no request to anywhere, for phones, desks and screen readers."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cladmop import __version__
from cladmop.errors import InputError
from cladmop.evaluation.tables import Table
from cladmop.storage import write_text


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str
    caution: bool = False
    """Set apart, for what a reader must not miss."""


@dataclass(frozen=True)
class Plot:
    """A plot with its caption and, folded away below it, the table that says the same."""

    svg: str
    """An SVG element with its own title and description, as `cladmop.evaluation.plots` makes it; trusted."""
    caption: str
    table: Table


Block = Paragraph | Table | Plot


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; neighbouring plots stand side by side where there is room."""

    title: str
    blocks: tuple[Block, ...]


def write_report(path: Path, title: str, sections: Sequence[Section], lead: str = "") -> None:
    """Write a report atomically; equal content gives equal bytes.

    Parameters
    ----------
    path : Path
        The HTML file; its folder is made.
    title : str
        Heading and window title.
    sections : sequence of Section
        In reading order.
    lead : str
        One or two sentences under the title: what this is and how far to trust it.

    Raises
    ------
    InputError
        If there is no section, or a plot is no SVG element.
    StorageError
        If the file cannot be written.
    """
    write_text(path, render_report(title, sections, lead))


def render_report(title: str, sections: Sequence[Section], lead: str = "") -> str:
    """Return the report as HTML text (see `write_report`)."""
    if not sections:
        raise InputError(f"the report {title!r} has no sections; give at least one")
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Plot) and not block.svg.startswith("<svg "):
                raise InputError(
                    f"the plot {block.caption!r} in {section.title!r} is no SVG element; make it with plots"
                )
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("cladmop", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["runs"] = _runs
    template = environment.get_template("report.html")
    return template.render(title=title, lead=lead, sections=sections, version=__version__)


def _runs(blocks: Sequence[Block]) -> list[tuple[str, list[Block]]]:
    """Return runs of neighbouring blocks of one kind, so that plots can share a row."""
    return [(kind.__name__, list(run)) for kind, run in itertools.groupby(blocks, key=type)]
