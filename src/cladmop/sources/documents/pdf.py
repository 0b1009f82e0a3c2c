"""Lines of a PDF, by pypdf: text, place on the page, size and weight of its font."""

import io
import logging
import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cladmop.errors import InputError, MissingDependencyError
from cladmop.sources.documents.lines import Document, Line

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

MAX_PAGES = 2_000
"""Most pages that are read; the longest protocols have several hundred."""
MAX_CHARACTERS = 10_000_000
"""Most characters of text that are kept."""
_INFLATED = 30_000_000
"""Most bytes that one stream may unpack to: a page of text takes a few hundred thousand at most."""
_LIMITS: dict[str, Any] = {
    "maximum_declared_stream_length": _INFLATED,
    "array_based_stream_maximum_output_length": _INFLATED,
    "jbig2_maximum_output_length": _INFLATED,
    "lzw_maximum_output_length": _INFLATED,
    "run_length_maximum_output_length": _INFLATED,
    "zlib_maximum_output_length": _INFLATED,
    "brotli_maximum_output_length": _INFLATED,
    "image_maximum_buffer_size": _INFLATED,
    "stream_decoding_work_maximum_length": 2 * _INFLATED,
    # Images are never decoded, so its program must not run either.
    "jbig2dec_binary": None,
}
_FEWEST_LETTERS = 200
"""Letters in a whole document below which it holds pictures of pages, not text."""
UNREADABLE = "\ufffd"
"""Stands for a character that the file's fonts do not name."""
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_RAISED = re.compile(r"(?<=[\w)]) ?([\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)(?: (?=[/)]))?")
"""Raised digits, which another font sets apart: ``10 ⁹ /L``."""
_BOLD = ("bold", "black", "heavy", "semibold")
_FILE_TITLE = ("microsoft word", ".doc", ".pdf", ".htm", "untitled", "powerpoint")


def read_pdf(data: bytes, name: str, seconds: float) -> Document:
    """Read the lines of a PDF.

    Parameters
    ----------
    data
        The file.
    name
        What to call it in messages.
    seconds
        When to give up, looked at after each page.

    Raises
    ------
    InputError
        If it is no PDF, damaged, encrypted, too large in any way, or holds no text.
    MissingDependencyError
        If pypdf is not installed.
    """
    try:
        from pypdf import PdfReader, apply_configuration
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise MissingDependencyError(
            "PDF files need pypdf; install it with: pip install 'cladmop[documents]'"
        ) from error
    if b"%PDF-" not in data[:1024]:
        raise InputError(f"{name} is not a PDF (it does not begin with %PDF); give a PDF, Word or text file")
    try:
        with _no_log(), apply_configuration(**_LIMITS):
            reader = PdfReader(io.BytesIO(data))
            _unlock(reader, name)
            return _document(reader, name, time.monotonic() + seconds)
    except InputError:
        raise
    except PyPdfError as error:
        raise InputError(f"{name}: {_because(error)}") from error
    # A damaged file makes pypdf fail in many ways that its own error tree does not cover.
    except Exception as error:
        raise InputError(f"{name}: {_because(error)}") from error


def _because(error: Exception) -> str:
    from pypdf.errors import LimitReachedError

    if isinstance(error, LimitReachedError):
        return "this PDF unpacks to more than a protocol can hold, so it is not read; print it to a new PDF"
    return f"this PDF is damaged or unusual ({type(error).__name__}); print it to a new PDF, or save its text as .txt"


def _unlock(reader: "PdfReader", name: str) -> None:
    """Open a file that only restricts printing or copying; one with a password cannot be read."""
    from pypdf.errors import DependencyError

    if not reader.is_encrypted:
        return
    try:
        opened = bool(reader.decrypt(""))
    except (DependencyError, NotImplementedError):
        opened = False
    if not opened:
        raise InputError(f"{name} is encrypted; save a copy without password or restrictions, and give that")


def _document(reader: "PdfReader", name: str, deadline: float) -> Document:
    pages = len(reader.pages)
    if pages > MAX_PAGES:
        raise InputError(f"{name} has {pages} pages; at most {MAX_PAGES} are read, give the part with the criteria")
    lines: list[Line] = []
    bare = 0
    characters = 0
    for number, page in enumerate(reader.pages, start=1):
        found = list(_lines_of(page, number))
        bare += not any(any(map(str.isalpha, line.text)) for line in found)
        characters += sum(len(line.text) for line in found)
        lines += found
        if characters > MAX_CHARACTERS or time.monotonic() > deadline:
            raise InputError(f"{name}: reading stopped at page {number}: more text than a protocol holds, or too slow")
    if sum(sum(map(str.isalpha, line.text)) for line in lines) < _FEWEST_LETTERS:
        raise InputError(
            f"{name} holds no text on its {pages} pages, so it is probably a scan; run a text recognition over it "
            "(for example ocrmypdf), or give the criteria as a text file"
        )
    return Document(tuple(lines), "page", _title(reader), tuple(_remarks(lines, bare, pages)))


def _remarks(lines: list[Line], bare: int, pages: int) -> Iterator[str]:
    if bare:
        yield f"{bare} of {pages} pages hold no text (pictures?): what stands there is not read"
    unreadable = sum(line.text.count(UNREADABLE) for line in lines)
    if unreadable:
        yield f"{unreadable} characters could not be read and stand as {UNREADABLE}: check the items"


def _title(reader: "PdfReader") -> str:
    metadata: Mapping[str, Any] = reader.metadata or {}
    title = " ".join(str(metadata.get("/Title") or "").split())
    return "" if any(mark in title.lower() for mark in _FILE_TITLE) else title[:300]


@dataclass
class _Growing:
    """A line under construction: the pieces that pypdf hands over until a line break."""

    text: str = ""
    left: float = 0.0
    height: float = 0.0
    sizes: dict[tuple[float, bool], int] = field(default_factory=dict)

    def add(self, text: str, place: tuple[float, float, float], font: str) -> None:
        """Add a piece at ``place``: left edge, baseline and font size."""
        if text.strip():
            if not self.text.strip():
                self.left, self.height = place[0], place[1]
            look = (place[2], any(word in font.lower() for word in _BOLD))
            self.sizes[look] = self.sizes.get(look, 0) + len(text.strip())
        self.text += text

    def line(self, page: int) -> Line | None:
        """Return the line, in the look of most of its characters; none if it is blank."""
        text = _RAISED.sub(r"\1", " ".join(_UNREADABLE.sub(UNREADABLE, self.text).split()))
        if not text:
            return None
        size, bold = max(self.sizes, key=self.sizes.__getitem__)
        return Line(text, page, self.left, self.height, size, bold)


def _lines_of(page: "PageObject", number: int) -> Iterator[Line]:
    growing = _Growing()
    done: list[Line | None] = []

    def visit(text: str, cm: list[float], tm: list[float], font: Mapping[str, Any] | None, size: float) -> None:
        nonlocal growing
        place = _place(cm, tm, size)
        name = str((font or {}).get("/BaseFont", ""))
        pieces = text.split("\n")
        growing.add(pieces[0], place, name)
        for piece in pieces[1:]:
            done.append(growing.line(number))
            growing = _Growing()
            growing.add(piece, place, name)

    page.extract_text(visitor_text=visit)
    done.append(growing.line(number))
    return (line for line in done if line is not None)


def _place(cm: list[float], tm: list[float], size: float) -> tuple[float, float, float]:
    """Return left edge, baseline and font size in points, as seen by a reader of text that is turned with its page."""
    a, b, c, d = (
        tm[0] * cm[0] + tm[1] * cm[2],
        tm[0] * cm[1] + tm[1] * cm[3],
        tm[2] * cm[0] + tm[3] * cm[2],
        tm[2] * cm[1] + tm[3] * cm[3],
    )
    x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
    y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
    along, up = math.hypot(a, b) or 1.0, math.hypot(c, d)
    # Coordinates along the writing direction and across it, whichever way the text is turned.
    return (x * a + y * b) / along, (y * a - x * b) / along, size * up


@contextmanager
def _no_log() -> Iterator[None]:
    """Keep pypdf's remarks, which may quote the file, out of every log."""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
