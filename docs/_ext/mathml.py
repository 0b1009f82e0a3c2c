"""Formulas as MathML, which browsers draw themselves: no script, no network, and readable by a screen reader."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.math_block) -> None:
    number = f'<span class="equation-number">({node["number"]})</span>' if node["number"] else ""
    identity = f' id="equation-{node["label"]}"' if node["label"] else ""
    formula = tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="equation"{identity} tabindex="0">{formula}{number}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}
