# ruff: noqa: INP001 (Sphinx reads this file by its path)
"""How the pages are built: ``python -m sphinx -W --keep-going -n -b html docs docs/_build/html``."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from sphinx.application import Sphinx  # noqa: E402 (below what the path needs)

from cladmop import __version__  # noqa: E402 (the path above is needed first)

project = "cladmop"
author = "The cladmop maintainers"
copyright = "The cladmop maintainers; Apache-2.0"  # noqa: A001 (Sphinx's own name)
release = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "_ext.cli_reference",
    "_ext.floors",
    "_ext.mathml",
    "_ext.names",
    "_ext.reference",
    "_ext.shapes",
]
exclude_patterns = ["_build", "_ext", "speed"]  # speed: a table that the page on capacity includes
nitpicky = True
default_role = "py:obj"
"""A name in single backticks is a name of Python; see `_ext.names`."""
smartquotes = False
python_maximum_signature_line_length = 90
html_theme = "furo"
html_title = "cladmop"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
copybutton_exclude = ".linenos, .gp, .go"
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors = False
linkcheck_ignore = [r"https?://(localhost|127\.0\.0\.1|[\w.-]*example\.(com|org))"]

TITLES = {"benchmark/top-I": "TOP phase I: every table"}
"""Titles of pages that a command prints, and so begin with a table."""
FURTHER = ("deploy", "capacity", "STATUS")
"""Pages that the index lists, in place of the word FURTHER, where they are there."""


def _complete(_app: Sphinx, page: str, source: list[str]) -> None:
    if page in TITLES:
        source[0] = f"# {TITLES[page]}\n\n{source[0]}"
    if page == "index":
        source[0] = source[0].replace("FURTHER", "\n".join(one for one in FURTHER if (HERE / f"{one}.md").is_file()))


def setup(app: Sphinx) -> None:
    """Give titles to pages without one, and list the further pages."""
    app.connect("source-read", _complete)
