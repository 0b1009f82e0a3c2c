"""The directive ``import-floors``: who imports whom, read from the code, by the floors that the linter holds it to."""

import importlib
import tomllib
from inspect import cleandoc
from pathlib import Path

import grimp
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from _ext.drawing import Drawing

_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
_CELL, _LEFT, _TOP = 19, 150, 120


def floors() -> list[list[str]]:
    """Return the modules floor by floor, the highest first, as import-linter is told in pyproject.toml."""
    contracts = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    return [[name.strip() for name in layer.split(":")] for layer in layers]


def imports(modules: list[str]) -> dict[str, list[str]]:
    """Return which of the modules each of them imports, imports for type checkers included."""
    graph = grimp.build_graph("cladmop", cache_dir=None)
    for module in modules:
        if graph.find_children(module):
            graph.squash_module(module)
    found = {}
    for module in modules:
        others = [one for one in modules if one != module]
        found[module] = [one for one in others if graph.direct_import_exists(importer=module, imported=one)]
    return found


def draw(modules: list[str], found: dict[str, list[str]]) -> Drawing:
    """Draw a matrix: a dot where the module of the row imports that of the column."""
    names = [module.removeprefix("cladmop.") for module in modules]
    side = _CELL * len(names)
    floor = {module: number for number, level in enumerate(floors()) for module in level}
    picture = Drawing(
        "Which module imports which, the highest floor first: imports go down, or stay on their floor",
        _LEFT + side + 60, _TOP + side + 10,
    )  # fmt: skip
    for row, name in enumerate(names):
        x, y = _LEFT + _CELL * (row + 0.5), _TOP + _CELL * (row + 0.5)
        picture.line(_LEFT, y, _LEFT + side, y)
        picture.line(x, _TOP, x, _TOP + side)
        picture.word(_LEFT - 8, y + 4, name, 'text-anchor="end"')
        picture.word(x + 4, _TOP - 8, name, f'transform="rotate(-55 {x + 4} {_TOP - 8})"')
        picture.word(x - 4, y + 4, "\\")
    for row, module in enumerate(modules):
        for target in found[module]:
            column = modules.index(target)
            place = (_LEFT + _CELL * (column + 0.5), _TOP + _CELL * (row + 0.5))
            picture.dot(*place, f"{names[row]} imports {names[column]}", hollow=floor[target] == floor[module])
    return picture


class ImportFloors(SphinxDirective):
    """The matrix of imports, and beneath it the same as a list."""

    def run(self) -> list[nodes.Node]:
        """Return the drawing and the list."""
        levels = floors()
        modules = [module for level in levels for module in level]
        found = imports(modules)
        items = nodes.enumerated_list(classes=["floors"], enumtype="arabic", prefix="", suffix=".")
        for level in levels:
            item = nodes.list_item()
            item += [_entry(module, found[module]) for module in level]
            items += item
        return [draw(modules, found).node(), items]


def _entry(module: str, imported: list[str]) -> nodes.paragraph:
    about = cleandoc(importlib.import_module(module).__doc__ or "").partition("\n\n")[0].replace("`", "")
    below = ", ".join(one.removeprefix("cladmop.") for one in imported) or "nothing of the package"
    return nodes.paragraph("", "", nodes.literal("", module), nodes.Text(f" {about} Imports: {below}."))


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the directive."""
    app.add_directive("import-floors", ImportFloors)
    return {"parallel_read_safe": True}
