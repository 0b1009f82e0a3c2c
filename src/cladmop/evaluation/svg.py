"""Drawings as SVG text that stands inside a page: named, described, in the page's own ink, equal bytes each time."""

import hashlib
import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from cladmop.errors import MissingDependencyError
from cladmop.evaluation.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#010203"
"""Draw in this colour what shall take the colour of the surrounding text, on a light and on a dark page."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's colours, told apart by every kind of colour vision."""


def render(title: str, table: Table, draw: Callable[["Axes"], None], height: float = 4.2) -> str:
    """Return what ``draw`` puts on a pair of axes as SVG text.

    Parameters
    ----------
    title : str
        Its accessible name.
    table : Table
        The same in words: becomes the accessible description.
    draw : callable
        Takes the axes.
    height : float
        In inches; the width is 5.2.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError("plots need matplotlib; install it with: pip install 'cladmop[plots]'") from error
    settings: Any = dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    )
    settings |= {"axes.spines.top": False, "axes.spines.right": False, "font.family": "sans-serif", "font.size": 10}
    settings |= {"svg.fonttype": "none", "svg.hashsalt": title, "text.parse_math": False}
    with rc_context(settings):
        figure = Figure(figsize=(5.2, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inline(written.getvalue(), title, _in_words(table))


def _in_words(table: Table) -> str:
    lines = ("; ".join(f"{name} {cell}" for name, cell in zip(table.header, row, strict=True)) for row in table.rows)
    return ". ".join((table.caption, *lines))


def _inline(svg: str, title: str, description: str) -> str:
    digest = hashlib.sha256((title + description).encode()).hexdigest()[:8]
    prefix = re.sub(r"\W+", "-", title.lower()) + "-" + digest
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # A style sheet inside the SVG would reach the whole page.
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\1{prefix}-", svg)
    svg = svg.replace(INK, "currentColor")
    head, body = svg.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    words = f'<title id="{prefix}-title">{escape(title)}</title><desc id="{prefix}-desc">{escape(description)}</desc>'
    style = "stroke-linejoin: round; stroke-linecap: butt"
    named = f'{head} role="img" style="{style}" aria-labelledby="{prefix}-title {prefix}-desc">'
    return named + words + re.sub(r"\s*\n\s*", "\n", body).strip() + "\n"
