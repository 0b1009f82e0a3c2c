"""From the bytes of a protocol to its eligibility criteria."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from cladmop.errors import InputError
from cladmop.records import Phase
from cladmop.records.criteria import Criteria, parse_criteria
from cladmop.records.headings import heading_of as side_of
from cladmop.sources.documents.extraction import Extraction
from cladmop.sources.documents.furniture import without_furniture
from cladmop.sources.documents.headings import heading_of, opens_criteria
from cladmop.sources.documents.joining import layout_of, paragraphs_of
from cladmop.sources.documents.lines import Document, Line
from cladmop.sources.documents.section import Choice, Section, choose

DocumentKind = Literal["pdf", "docx", "text"]
"""Kinds of documents that can be read."""
KINDS: dict[str, DocumentKind] = {".pdf": "pdf", ".docx": "docx"}
"""The kind by the ending of a file's name; text files have readers of their own."""
MAX_BYTES = 20_000_000
"""Largest document that is read."""
_SECONDS = 60.0
_LONG_SECTION = 15
"""Pages beyond which a section probably holds more than criteria."""
_LONG_ITEM = 2_000
"""Characters beyond which an item probably holds several."""
_TITLE = re.compile(
    r"(?:(?:protocol|study|trial|full|official|brief|short)\s+)*title\s*(?::|-|\u2013)\s*(?P<title>\S.{8,299})",
    re.IGNORECASE,
)
_PHASE = re.compile(
    r"\bphase\s+(?:I{1,3}|IV|[1-4])[ab]?(?:\s*[/-]\s*(?:phase\s+)?(?:I{1,3}|IV|[1-4])[ab]?)?\b", re.IGNORECASE
)
_TITLE_LINES = 60
"""Lines at the start of a document among which its title and phase are looked for."""
_COLUMNS = 12
"""Points to a column of indentation."""


def document_kind(path: Path) -> DocumentKind | None:
    """Return the kind of document that a file's name ends like, none for other files."""
    return KINDS.get(path.suffix.lower())


def read_document(data: bytes, kind: DocumentKind, name: str = "the document", seconds: float = _SECONDS) -> Extraction:
    """Find the eligibility criteria in a protocol or a part of one.

    A whole protocol may have a table of contents, running headers and footers, a synopsis that repeats the criteria
    (the body is preferred), and items that are cut by a page break. What was found should be shown to a person:
    `Extraction.where` and `Extraction.warnings` say where it stood and what to check. Drugs, conditions and the phase
    are not looked for.

    Files from strangers belong to `cladmop.sources.documents.guarded.read_document_guarded`.

    Parameters
    ----------
    data
        The file, at most `MAX_BYTES`.
    kind
        ``pdf``, ``docx``, or ``text`` in UTF-8.
    name
        What to call it in messages.
    seconds
        When to give up reading a PDF.

    Raises
    ------
    InputError
        If the file is too large, damaged, encrypted, a scan without text, or holds no eligibility section.
    MissingDependencyError
        If the package that reads its kind is not installed.
    """
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{name} has {len(data):,} bytes; at most {MAX_BYTES:,} are read, give the part with the criteria"
        )
    if kind == "text":
        return _read_text(data, name)
    if kind == "pdf":
        from cladmop.sources.documents.pdf import read_pdf

        document = read_pdf(data, name, seconds)
    elif kind == "docx":
        from cladmop.sources.documents.word import read_word

        document = read_word(data, name)
    else:
        raise InputError(f"{name}: {kind!r} is not a kind of document; use pdf, docx or text")
    document = without_furniture(document)
    choice = choose(document, name)
    lines = [line for section in choice.taken for line in document.lines[section.start : section.stop]]
    text = _pdf_text(lines, document) if document.unit == "page" else _word_text(lines)
    return _extraction(document, choice, parse_criteria(text), name)


def _read_text(data: bytes, name: str) -> Extraction:
    """Read criteria as text, or find them in the text of a whole protocol."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: byte {error.start} is not UTF-8 text; give a PDF, a Word file (.docx) or UTF-8 text"
        ) from error
    rows = text.splitlines()
    lines = tuple(Line(row.strip(), number) for number, row in enumerate(rows, start=1) if row.strip())
    if not lines:
        raise InputError(f"{name} is empty; give eligibility criteria")
    document = Document(lines, "line")
    headings = [line for line in lines if opens_criteria(line)]
    if not headings or headings[0] in lines[:3]:
        remark = "no heading of inclusion or exclusion criteria: all of the text is taken as inclusion criteria"
        section = Section(0, len(lines), "", (), 0, in_synopsis=False, has_exclusion=True, is_ended=True)
        document = Document(lines, "line", remarks=() if headings else (remark,))
        return _extraction(document, Choice((section,), ()), parse_criteria(text), name)
    document = without_furniture(document)
    choice = choose(document, name)
    spans = [(document.lines[one.start].place, document.lines[one.stop - 1].place) for one in choice.taken]
    kept = [_without_number(row) for start, stop in spans for row in rows[start - 1 : stop]]
    return _extraction(document, choice, parse_criteria("\n".join(kept)), name)


def _without_number(row: str) -> str:
    line = Line(row.strip() or "-", 1)
    return heading_of(line).title if opens_criteria(line) else row


def _pdf_text(lines: Sequence[Line], document: Document) -> str:
    """Return the lines of a PDF as paragraphs, indented as they stand on the page."""
    paragraphs = paragraphs_of(lines, layout_of(document.lines))
    edge = min(paragraph.left for paragraph in paragraphs)
    return "\n\n".join(
        _paragraph(paragraph.text, min(40, round((paragraph.left - edge) / _COLUMNS))) for paragraph in paragraphs
    )


def _word_text(lines: Sequence[Line]) -> str:
    """Return the paragraphs of a Word document, lists indented; a number in a cell of its own joins its text."""
    joined: list[tuple[str, int]] = []
    held = ""
    for line in lines:
        if line.row and line.cell == 1 and re.fullmatch(r"\(?\w{1,3}[.)]?", line.text):
            held = f"{line.text.strip('().')}. "
            continue
        joined.append((held + line.text, int(2 * line.left)))
        held = ""
    return "\n\n".join(_paragraph(text, depth) for text, depth in joined)


def _paragraph(text: str, column: int) -> str:
    line = Line(text, 1, bold=True)
    if opens_criteria(line, weak=True):
        title = heading_of(line).title
        # "Selection Criteria" and "Study Population" say nothing of the side, and are no criteria.
        return title if side_of(title, marked=False) is not None or ":" in title.rstrip(": ") else ""
    # A document's backslashes are no markdown escapes.
    return " " * column + text.replace("\\", "\\\\")


def _extraction(document: Document, choice: Choice, criteria: Criteria, name: str) -> Extraction:
    if not (criteria.inclusion or criteria.exclusion):
        raise InputError(f"{name}: the eligibility section holds no criteria; give them as a text file")
    title = _title(document)
    return Extraction(
        inclusion=criteria.inclusion,
        exclusion=criteria.exclusion,
        title=title,
        where="; ".join(_where(document, section) for section in choice.taken),
        warnings=(*_section_warnings(document, choice), *_item_warnings(criteria), *_phase_hint(title, document)),
    )


def _where(document: Document, section: Section) -> str:
    places = [document.lines[section.start].place, document.lines[section.stop - 1].place]
    span = f"{document.unit} {places[0]}" if places[0] == places[1] else f"{document.unit}s {places[0]} to {places[1]}"
    return f'{span}, under "{section.heading[:80]}"' if section.heading else span


def _section_warnings(document: Document, choice: Choice) -> list[str]:
    warnings = list(document.remarks)
    if choice.taken[0].in_synopsis:
        warnings.append("only a synopsis with criteria was found: the full criteria may say more")
    for section in choice.left:
        place = _where(document, section)
        kind = "a synopsis that also lists criteria was" if section.in_synopsis else "further criteria were"
        warnings.append(f"{kind} found on {place}, and not taken")
    for section in choice.taken:
        if not section.is_ended:
            warnings.append("no heading ends the section: it was read to the end of the document")
        length = document.lines[section.stop - 1].place - document.lines[section.start].place
        if document.unit == "page" and length >= _LONG_SECTION:
            warnings.append(f"the section is {length + 1} pages long and may hold more than criteria")
    return warnings


def _item_warnings(criteria: Criteria) -> list[str]:
    warnings = []
    for side, items in (("inclusion", criteria.inclusion), ("exclusion", criteria.exclusion)):
        if not items:
            warnings.append(f"no {side} criteria found")
        warnings += [
            f"{side} item {number} has {len(item):,} characters: it may hold several"
            for number, item in enumerate(items, start=1)
            if len(item) > _LONG_ITEM
        ]
    return warnings


def _phase_hint(title: str, document: Document) -> list[str]:
    for text in (title, *(line.text for line in document.lines[:_TITLE_LINES])):
        match = _PHASE.search(text)
        if match is not None:
            phase = Phase.parse(match[0].replace("-", "/"), where="title")
            return [f"the document says {match[0]!r}: if that is this trial's phase, give {phase.value!r}"]
    return []


def _title(document: Document) -> str:
    """Return the title that the metadata or a line ``Title: ...`` states, or the first page's largest lines."""
    if document.title:
        return document.title
    front = document.lines[:_TITLE_LINES]
    for line in front:
        match = _TITLE.match(line.text)
        if match is not None:
            return match["title"].strip()
    if document.unit == "line":
        return ""
    if document.unit == "paragraph":
        return "" if front[0].level else front[0].text[:300]
    front = tuple(line for line in front if line.place == front[0].place)
    largest = max(line.size for line in front)
    usual = sorted(line.size for line in document.lines)[len(document.lines) // 2]
    titles = [line for line in front if line.size == largest]
    # A page that begins a chapter has no title.
    if largest <= 1.1 * usual or any(heading_of(line).number or opens_criteria(line) for line in titles):
        return ""
    return " ".join(line.text for line in titles)[:300]
