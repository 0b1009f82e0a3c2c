"""Paragraphs of a Word document, by python-docx: tables, content controls, lists and tracked changes included."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cladmop.errors import InputError, MissingDependencyError
from cladmop.sources.documents.archive import check_archive
from cladmop.sources.documents.lines import Document, Line

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_OLD_WORD = b"\xd0\xcf\x11\xe0"
_BREAKS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}
_GONE = {f"{_WORD}del", f"{_WORD}moveFrom", _FALLBACK}
"""Deleted by a tracked change, or the older copy of something that is there as well."""
_SYMBOLS = {
    0xB3: "≥", 0xA3: "≤", 0xB9: "≠", 0xB1: "±", 0xB0: "°",
    0x6D: "\u03bc", 0x61: "\u03b1", 0x62: "\u03b2", 0xB4: "\u00d7",
}  # fmt: skip
"""Characters of the Symbol font that criteria use."""
_DEEPEST_STYLE = 12


def read_word(data: bytes, name: str) -> Document:
    """Read the paragraphs of a Word document (.docx), those in tables included, as its reader sees them.

    Parameters
    ----------
    data
        The file.
    name
        What to call it in messages.

    Raises
    ------
    InputError
        If it is no Word document, damaged, encrypted or too large, or holds no text.
    MissingDependencyError
        If python-docx is not installed.
    """
    try:
        import docx
    except ImportError as error:
        raise MissingDependencyError(
            "Word files need python-docx; install it with: pip install 'cladmop[documents]'"
        ) from error
    if data.startswith(_OLD_WORD):
        raise InputError(f"{name} is an old or encrypted Word file; save it as .docx without a password")
    if not data.startswith(b"PK"):
        raise InputError(f"{name} is not a Word document (.docx); give a PDF, Word or text file")
    check_archive(data, name)
    try:
        word = docx.Document(io.BytesIO(data))
        lines = tuple(_lines(word))
        title = " ".join((word.core_properties.title or "").split())[:300]
    # A damaged package makes python-docx and lxml fail in many ways.
    except Exception as error:
        raise InputError(
            f"{name} is not a Word document that can be read ({type(error).__name__}); save it again as .docx"
        ) from error
    if not lines:
        raise InputError(f"{name} holds no text; give the criteria as a text file")
    return Document(lines, "paragraph", title)


def _lines(word: "WordDocument") -> Iterator[Line]:
    styles = _Styles(word)
    rows: dict[Any, int] = {}
    number = 0
    for paragraph in word.element.body.iter(f"{_WORD}p"):
        if any(parent.tag in _GONE for parent in paragraph.iterancestors()):
            continue
        number += 1
        level, depth, is_contents = styles.of(paragraph)
        if is_contents:
            continue
        row, cell = _cell(paragraph, rows)
        for index, text in enumerate(_text(paragraph).split("\n")):
            if text.strip():
                marker = "• " if depth and not level and index == 0 else ""
                bold = level > 0 or _is_bold(paragraph)
                yield Line(marker + " ".join(text.split()), number, depth, bold=bold, level=level, row=row, cell=cell)


def _cell(paragraph: Any, rows: dict[Any, int]) -> tuple[int, int]:  # noqa: ANN401 (lxml has no types)
    """Return the number of the outermost table row that the paragraph stands in and of its cell; zeros outside."""
    outermost = None
    for parent in paragraph.iterancestors(f"{_WORD}tc"):
        outermost = parent
    if outermost is None:
        return 0, 0
    row = outermost.getparent()
    return rows.setdefault(row, len(rows) + 1), 1 + sum(1 for _ in outermost.itersiblings(f"{_WORD}tc", preceding=True))


def _text(paragraph: Any) -> str:  # noqa: ANN401 (lxml has no types)
    """Return what the reader of a paragraph sees; text boxes in it are paragraphs of their own."""
    return "".join(_pieces(paragraph))


def _pieces(node: Any) -> Iterator[str]:  # noqa: ANN401 (lxml has no types)
    for child in node:
        tag = child.tag
        if tag in {f"{_WORD}t", f"{_MATH}t"}:
            yield child.text or ""
        elif tag in _BREAKS:
            yield _BREAKS[tag]
        elif tag == f"{_WORD}sym":
            yield _symbol(child.get(f"{_WORD}char") or "")
        elif tag not in _GONE and tag not in {f"{_WORD}p", f"{_WORD}pPr"} and not _is_hidden(child):
            yield from _pieces(child)


def _symbol(code: str) -> str:
    number = int(code, 16) & 0xFF if code else 0
    return _SYMBOLS.get(number, "•")


def _is_hidden(run: Any) -> bool:  # noqa: ANN401 (lxml has no types)
    return any(_is_on(mark) for mark in run.iterfind(f"{_WORD}rPr/{_WORD}vanish"))


def _is_on(mark: Any) -> bool:  # noqa: ANN401 (lxml has no types)
    return mark.get(f"{_WORD}val", "1") not in {"0", "false", "off"}


def _is_bold(paragraph: Any) -> bool:  # noqa: ANN401 (lxml has no types)
    """Tell whether every run with words is set bold."""
    runs = [run for run in paragraph.iter(f"{_WORD}r") if run.find(f"{_WORD}t") is not None]
    return bool(runs) and all(any(_is_on(mark) for mark in run.iterfind(f"{_WORD}rPr/{_WORD}b")) for run in runs)


class _Styles:
    """What the paragraph styles of one document mean: heading level, list, table of contents."""

    def __init__(self, word: "WordDocument") -> None:
        self._styles = {style.get(f"{_WORD}styleId"): style for style in word.styles.element.iter(f"{_WORD}style")}
        self._known: dict[str | None, tuple[int, int, bool]] = {}

    def of(self, paragraph: Any) -> tuple[int, int, bool]:  # noqa: ANN401 (lxml has no types)
        """Return the heading level, the depth in lists from 1 (0 outside), and whether it is a line of contents."""
        properties = paragraph.find(f"{_WORD}pPr")
        if properties is None:
            return 0, 0, False
        style = properties.find(f"{_WORD}pStyle")
        key = None if style is None else style.get(f"{_WORD}val")
        if key not in self._known:
            self._known[key] = self._read(key)
        level, depth, is_contents = self._known[key]
        own = _depth(properties)
        return level, depth if own is None else own, is_contents

    def _read(self, key: str | None) -> tuple[int, int, bool]:
        """Follow a style and what it is based on."""
        level, named_depth, depth = 0, 0, None
        for _ in range(_DEEPEST_STYLE):
            style = self._styles.get(key)
            if style is None:
                break
            named = style.find(f"{_WORD}name")
            words = ("" if named is None else named.get(f"{_WORD}val") or "").lower().split()
            if words[:1] == ["toc"]:
                return 0, 0, True
            if words[:1] == ["heading"] and len(words) > 1 and words[1].isdigit():
                level = level or int(words[1])
            if words[:1] == ["list"] and words[-1].isdigit():
                named_depth = named_depth or int(words[-1])
            properties = style.find(f"{_WORD}pPr")
            if depth is None and properties is not None:
                depth = _depth(properties)
            based = style.find(f"{_WORD}basedOn")
            key = None if based is None else based.get(f"{_WORD}val")
        # "List Bullet 2" is a first level of its own list.
        return level, max(depth, named_depth) if depth else 0, False


def _depth(properties: Any) -> int | None:  # noqa: ANN401 (lxml has no types)
    """Return the list depth that paragraph properties state, from 1; 0 for "no list", none where they say nothing."""
    numbering = properties.find(f"{_WORD}numPr")
    if numbering is None:
        return None
    identity, depth = numbering.find(f"{_WORD}numId"), numbering.find(f"{_WORD}ilvl")
    if identity is not None and identity.get(f"{_WORD}val") == "0":
        return 0
    return 1 + int(depth.get(f"{_WORD}val") or 0) if depth is not None else 1
