"""The directives of the reference: ``public-modules PAGE`` documents a page's modules, ``public-index`` lists all."""

import importlib
from inspect import cleandoc
from itertools import chain

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from _ext.public import PUBLIC, passed_on

_MODULES = frozenset(chain.from_iterable(PUBLIC.values()))


class PublicModules(SphinxDirective):
    """A section a public module, documented from its docstrings."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        sections = []
        for name in PUBLIC[self.arguments[0]]:
            section = nodes.section("", nodes.title(name, "", nodes.literal("", name)), ids=[name.replace(".", "-")])
            options = ["   :members:", "   :undoc-members:", "   :show-inheritance:"]
            # These pages are Markdown, docstrings are reStructuredText.
            elsewhere = [one for one in passed_on(name) if one.rpartition(".")[0] not in _MODULES]
            constants = [line for one in elsewhere for line in ("", f".. autodata:: {one}")]
            lines = ["```{eval-rst}", f".. automodule:: {name}", *options, *constants, "```"]
            block = nodes.Element()
            self.state.nested_parse(StringList(lines, source=name), 0, block)
            section += block.children
            sections.append(section)
        return sections


class PublicIndex(SphinxDirective):
    """A list of the public modules, each with the first sentence of its docstring and a link."""

    def run(self) -> list[nodes.Node]:
        """Return a list a page."""
        found: list[nodes.Node] = []
        for page, modules in PUBLIC.items():
            items = nodes.definition_list(classes=["options"])
            for module in modules:
                link = pending_xref(
                    "", nodes.literal("", module), refdomain="py", reftype="mod", reftarget=module, refexplicit=True,
                    refdoc=self.env.docname,
                )  # fmt: skip
                text = cleandoc(importlib.import_module(module).__doc__ or "").partition("\n\n")[0]
                about = nodes.definition("", nodes.paragraph("", text.replace("`", "")))
                items += nodes.definition_list_item("", nodes.term("", "", link), about)
            found += [nodes.rubric("", page.capitalize()), items]
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the directives."""
    app.add_directive("public-modules", PublicModules)
    app.add_directive("public-index", PublicIndex)
    return {"parallel_read_safe": True}
