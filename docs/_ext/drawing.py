"""A drawing as SVG inside the page: it follows the page's colours, needs no file, and its text can be searched.

Every drawing has a title for screen readers, and stands in a box that scrolls where a phone is too narrow for it.
"""

from dataclasses import dataclass, field
from html import escape

from docutils import nodes

COLOURS = {"blue": "#0072B2", "orange": "#D55E00", "green": "#009E73", "purple": "#CC79A7"}
"""Of Okabe and Ito, told apart by colour-blind readers; each kind of box is also named in its text."""


@dataclass
class Drawing:
    """Boxes, arrows, dots and words on a canvas; lengths in pixels."""

    title: str
    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, wide: float, high: float, colour: str, *lines: str) -> None:
        """Draw a box whose first line is bold."""
        fill = COLOURS[colour]
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="5" fill="{fill}" fill-opacity=".10" '
            f'stroke="{fill}" stroke-width="1.5"/>'
        )
        top = y + high / 2 - 8 * (len(lines) - 1) + 4
        for number, line in enumerate(lines):
            weight = ' font-weight="600"' if number == 0 else ""
            self.word(x + wide / 2, top + 16 * number, line, f'text-anchor="middle"{weight}')

    def word(self, x: float, y: float, text: str, how: str = "") -> None:
        """Write a text."""
        self.parts.append(f'<text x="{x}" y="{y}" {how}>{escape(text)}</text>')

    def arrow(self, *points: tuple[float, float]) -> None:
        """Draw a line with a head at its end."""
        path = " ".join(f"{x},{y}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" class="arrow" marker-end="url(#head)"/>')

    def dot(self, x: float, y: float, what: str, *, hollow: bool = False) -> None:
        """Draw a dot, or a ring, that says what it means when pointed at."""
        fill = "none" if hollow else COLOURS["blue"]
        self.parts.append(
            f'<circle cx="{x}" cy="{y}" r="5" fill="{fill}" stroke="{COLOURS["blue"]}" stroke-width="1.5">'
            f"<title>{escape(what)}</title></circle>"
        )

    def line(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Draw a faint line."""
        self.parts.append(f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" class="faint"/>')

    def node(self) -> nodes.raw:
        """Return the drawing as a part of a page."""
        head = (
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" class="head"/></marker></defs>'
        )
        inside = "\n".join((f"<title>{escape(self.title)}</title>", head, *self.parts))
        text = (
            f'<div class="drawing" tabindex="0"><svg role="img" viewBox="0 0 {self.width} {self.height}" '
            f'style="min-width: {self.width * 0.8:.0f}px; max-width: {self.width}px">\n{inside}\n</svg></div>'
        )
        return nodes.raw("", text, format="html")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], code: tuple[int, ...] = ()) -> nodes.table:
    """Return a table; the columns ``code`` hold code."""
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec("", colwidth=1) for _ in head]
    group += nodes.thead("", _line(head, ()))
    group += nodes.tbody("", *(_line(row, code) for row in rows))
    return nodes.table("", group)


def _line(cells: tuple[str, ...], code: tuple[int, ...]) -> nodes.row:
    kinds = [nodes.literal if column in code else nodes.inline for column in range(len(cells))]
    entries = [
        nodes.entry("", nodes.paragraph("", "", kind("", cell))) for kind, cell in zip(kinds, cells, strict=True)
    ]
    return nodes.row("", *entries)
