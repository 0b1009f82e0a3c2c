"""Names in docstrings and annotations that are no entry of the reference.

A name of one backtick means the entry that ends so. A name that has no entry stays text if Python can import it; any
other is a warning, which the strict build takes for an error. So a renamed class cannot leave a stale mention behind.
"""

import ast
import builtins
import importlib
import inspect
import pkgutil
import re
import sys
from functools import cache
from types import ModuleType

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import stringify_annotation

import cladmop

_ALIASES = {"np": "numpy", "pl": "polars", "dt": "datetime", "nn": "torch.nn"}
_LIBRARIES = ("typing", "numpy", "numpy.typing", "scipy.sparse", "sklearn.exceptions", "torch", "pathlib")
"""Where names stand that the package's annotations import for type checkers only."""
_ARRAY = re.compile(r"~numpy\.ndarray\[tuple\[~typing\.Any, \.\.\.\], ~numpy\.dtype\[([^\]]*)\]\]")
"""How Sphinx writes ``NDArray``."""
_TYPED = re.compile(r"^( *[\w*, ]+ : )(\S.*)$")
"""A parameter of a numpydoc section with its type, which is prose: ``y : array_like of shape (n,)``."""
_FOREIGN = frozenset({"model_config", "set_fit_request", "set_score_request"})
"""Members that pydantic and scikit-learn add, with docstrings that refer to their own pages."""


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement
) -> nodes.reference | nodes.TextElement | None:
    """Return a link to the one entry that ends in the name, or its text if the name exists; none if it does not."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].lstrip(".").partition("[")[0]
    entries = env.domains.python_domain.objects
    ends = {(entry.docname, entry.node_id) for name, entry in entries.items() if f".{name}".endswith(f".{target}")}
    if len(ends) == 1:
        page, anchor = ends.pop()
        return make_refnode(app.builder, node["refdoc"], page, anchor, text, target)
    places = (node.get("py:module") or "", node.get("py:class") or "")
    return text if exists(target, *places) else None


@cache
def exists(name: str, module: str = "", owner: str = "") -> bool:
    """Tell whether a name is Python's own, can be imported, or stands in a class or module of the package."""
    head, _, rest = name.partition(".")
    name = ".".join(filter(None, (_ALIASES.get(head, head), rest)))
    places = [*([module, f"{module}.{owner}"] if module else []), *_LIBRARIES]
    if hasattr(builtins, name) or any(map(_importable, [name, *(f"{place}.{name}" for place in places)])):
        return True
    return any(_has(found, name.split(".")) for found in _package())


def load(_app: Sphinx) -> None:
    """Import the package before autodoc does, which imports some modules twice."""
    _package()


@cache
def _package() -> list[ModuleType]:
    """Return every module of the package that this machine can import."""
    names = [one.name for one in pkgutil.walk_packages(cladmop.__path__, "cladmop.")]
    return [found for name in names if not name.endswith("__main__") and (found := _module(name))]


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except (ImportError, ValueError):
        return None


def _importable(path: str) -> bool:
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        if found := _module(".".join(parts[:cut])):
            return _has(found, parts[cut:])
    return False


def _has(found: object, names: list[str]) -> bool:
    for name in names:
        fields = getattr(found, "__annotations__", {})
        if not hasattr(found, name):
            return name in fields and name == names[-1]
        found = getattr(found, name)
    return True


def skip_foreign(_app: Sphinx, _what: str, name: str, *_rest: object) -> bool | None:
    """Leave out members that libraries add to classes."""
    return True if name in _FOREIGN else None


def make_exact(_app: Sphinx, page: nodes.document) -> None:
    """Let a short name mean what it means in its module; leave out that a class is an object, and ``bytes`` as text."""
    for line in list(page.findall(nodes.paragraph)):
        if line.astext() == "Bases: object":
            line.parent.remove(line)
    for node in list(page.findall(pending_xref)):
        if node.get("refdomain") != "py":
            continue
        target = node["reftarget"]
        if hasattr(builtins, target):
            node.replace_self(node.children)
        module = node.get("py:module") or ""
        meant = getattr(sys.modules.get(module), target, None)
        if inspect.isclass(meant) or inspect.isfunction(meant):
            node["reftarget"] = f"{meant.__module__}.{meant.__qualname__}"
        elif module:
            node["reftarget"] = _imported(module).get(target, target)


@cache
def _imported(module: str) -> dict[str, str]:
    """Return what the files of a module import from elsewhere, for type checkers only or not."""
    files = [found for found in _package() if f"{found.__name__}.".startswith(f"{module}.")]
    lines = [node for found in files for node in ast.walk(ast.parse(inspect.getsource(found)))]
    found = [(node.module, alias.name) for node in lines if isinstance(node, ast.ImportFrom) for alias in node.names]
    return {name: f"{source}.{name}" for source, name in found if source and source.startswith("cladmop.")}


_written: dict[str, list[str]] = {}


def keep(_app: Sphinx, what: str, name: str, _found: object, _options: object, lines: list[str]) -> None:
    """Remember the docstring of an attribute as it is written, and set types that are prose as code."""
    has_sections = any(line.strip() and set(line.strip()) == {"-"} for line in lines)
    if what in {"attribute", "data", "property"} and not has_sections:
        _written[name] = list(lines)
    elif has_sections:
        lines[:] = [_TYPED.sub(r"\1``\2``", line) for line in lines]


def restore(_app: Sphinx, _what: str, name: str, _found: object, _options: object, lines: list[str]) -> None:
    """Undo what napoleon does to it: it takes what stands before a colon for a type."""
    lines[:] = _written.pop(name, lines)


def shorten(
    _app: Sphinx, _what: str, _name: str, _found: object, _options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Write NumPy's aliases as the code writes them, not as the unions that they stand for."""

    def short(text: str | None) -> str | None:
        return text and _ARRAY.sub(r"~numpy.typing.NDArray[\1]", text.replace(_unfolded(), "~numpy.typing.ArrayLike"))

    return short(signature), short(returned)


@cache
def _unfolded() -> str:
    from numpy.typing import ArrayLike

    return stringify_annotation(ArrayLike, "smart")


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask here where Sphinx finds no entry."""
    app.connect("builder-inited", load)
    app.connect("missing-reference", resolve)
    app.connect("doctree-read", make_exact)
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("autodoc-process-docstring", keep, priority=100)
    app.connect("autodoc-process-docstring", restore, priority=900)
    app.connect("autodoc-process-signature", shorten)
    return {"parallel_read_safe": True}
