"""Documents that are damaged, empty, locked or made to exhaust their reader: one clear error, soon."""

import io
import logging
import struct
import time
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cladmop.errors import CladmopError, InputError
from cladmop.sources.documents import guarded, read_document, read_document_guarded
from cladmop.sources.documents.archive import MAX_MEMBERS
from invented_documents import FILLER, Pdf, assembled, pdf_file, protocol_pdf, stream

PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
)
ITEMS = [("1.", "Adults with gout of the knee", 0)]
DOCUMENT_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>{}<w:document '
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>{}</w:t></w:r></w:p>'
    "</w:body></w:document>"
)
DOCUMENT = DOCUMENT_XML.format("", "Inclusion Criteria: adults with gout of the knee")
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)


def word_file(document=DOCUMENT, more=()):
    """A minimal Word file, with further members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr("word/document.xml", document)
        for name, content in more:
            archive.writestr(name, content)
    return out.getvalue()


def error_of(data, kind):
    """Read, and return what the one error tree says against it, if anything."""
    try:
        read_document(data, kind)
    except CladmopError as error:
        return str(error)
    return ""


def refused(data, kind, match):
    started = time.monotonic()
    with pytest.raises(InputError, match=match) as caught:
        read_document(data, kind, "plan")
    assert time.monotonic() - started < 8
    assert "\n" not in str(caught.value)


def test_the_minimal_word_file_is_read() -> None:
    assert read_document(word_file(), "docx").inclusion == ("adults with gout of the knee",)


def test_a_scan_says_that_it_is_one() -> None:
    refused(pdf_file([b"0 0 100 100 re f"] * 3), "pdf", "holds no text on its 3 pages, so it is probably a scan")


def test_pages_without_text_are_told() -> None:
    pdf = Pdf()
    pdf.heading("4.1 Inclusion Criteria")
    for _ in range(3):
        pdf.paragraph(FILLER)
    pdf.break_page()
    assert "1 of 2 pages hold no text" in read_document(pdf.bytes(), "pdf").warnings[0]


def locked(password):
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(protocol_pdf(ITEMS, ITEMS, pages=6))))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_password_is_an_error_and_mere_restrictions_are_not() -> None:
    refused(locked("secret"), "pdf", "plan is encrypted; save a copy without password")
    assert read_document(locked(""), "pdf").inclusion == ("Adults with gout of the knee",)


def test_truncated_files_never_escape_the_error_tree() -> None:
    for data, kind in ((protocol_pdf(ITEMS, ITEMS, pages=6), "pdf"), (word_file(), "docx")):
        for part in (1, 10, 100, len(data) // 2, len(data) - 30):
            assert "\n" not in error_of(data[:part], kind)


@pytest.mark.parametrize(
    ("data", "kind", "match"),
    [
        (b"", "pdf", "not a PDF"),
        (b"GIF89a", "pdf", "not a PDF"),
        (b"%PDF-1.7\ngarbage", "pdf", "damaged or unusual"),
        (b"%PDF-1.4\n" + b"<<" * 50_000, "pdf", "damaged or unusual"),
        (b"", "docx", "not a Word document"),
        (b"PK\x03\x04garbage", "docx", "damaged or encrypted Word file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "docx", "old or encrypted Word file"),
        (b"\xff\xfe", "text", "is not UTF-8"),
        (b" \n ", "text", "is empty"),
        (b"x" * 20_000_001, "text", "20,000,001 bytes; at most 20,000,000"),
    ],
)
def test_what_is_no_document_is_refused(data, kind, match) -> None:
    refused(data, kind, match)


def test_another_zip_is_no_word_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(out.getvalue(), "docx", "not a Word document that can be read")


@pytest.mark.parametrize("name", ["word/media/image1.png", "word/footnotes.xml"])
def test_a_zip_bomb_is_refused_by_what_it_unpacks_to(name) -> None:
    refused(word_file(more=[(name, b"\0" * 160_000_000)]), "docx", "unpacks to more than 150 MB")


def test_a_zip_bomb_in_many_members_is_refused() -> None:
    more = [(f"word/media/{number}.png", b"\0" * 20_000_000) for number in range(8)]
    refused(word_file(more=more), "docx", "unpacks to more than 150 MB")
    refused(word_file(more=[(f"{number}", b"") for number in range(MAX_MEMBERS)]), "docx", "members")


def test_a_zip_bomb_that_states_a_small_size_is_refused() -> None:
    data = bytearray(word_file(more=[("word/media/a.png", b"\0" * 160_000_000)]))
    stated = struct.pack("<L", 160_000_000)
    while (place := data.find(stated)) >= 0:
        data[place : place + 4] = struct.pack("<L", 100)
    refused(bytes(data), "docx", "damaged or encrypted")


ENTITIES = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>'
SECRET = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("declaration", [ENTITIES, SECRET, "<!DOCTYPE html>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_any_parser(declaration, encoding) -> None:
    text = DOCUMENT_XML.format(declaration, "Inclusion Criteria: &a;").replace("UTF-8", encoding)
    refused(word_file(text.encode(encoding)), "docx", "document type or entities")


def test_encodings_that_could_hide_a_declaration_are_refused() -> None:
    text = DOCUMENT_XML.replace("UTF-8", "UTF-7").format("+ADwAIQ-DOCTYPE x+AD4-", "Inclusion Criteria: x")
    refused(word_file(text.encode()), "docx", "neither UTF-8 nor UTF-16")


def pdf_with(content):
    """A PDF of one page whose content stream is given, dictionary included."""
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return assembled([b"<< /Type /Catalog /Pages 2 0 R >>", pages, PAGE, content, b"<< >>", b"<< >>"])


def zeros(megabytes):
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(megabytes)) + packer.flush()


def test_a_pdf_bomb_is_refused_without_unpacking_it() -> None:
    packed = zeros(400)
    assert len(packed) < 500_000
    content = f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream"
    refused(pdf_with(content), "pdf", "unpacks to more than a protocol can hold")


def test_a_pdf_bomb_in_two_layers_is_refused() -> None:
    packed = zlib.compress(zeros(400), 9)
    filters = "/Filter [/FlateDecode /FlateDecode]"
    content = f"<< /Length {len(packed)} {filters} >>\nstream\n".encode() + packed + b"\nendstream"
    refused(pdf_with(content), "pdf", "unpacks to more than a protocol can hold")


def test_a_loop_of_pages_is_refused() -> None:
    pages = b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
    refused(assembled([b"<< /Type /Catalog /Pages 2 0 R >>", pages, *[b"<< >>"] * 4]), "pdf", "PDF")


def test_nothing_of_a_file_is_logged(caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        for data in (b"%PDF-1.7\nsecret words", protocol_pdf(ITEMS, ITEMS, pages=6)[:4000] + b"secret words"):
            with pytest.raises(InputError):
                read_document(data, "pdf")
    assert caplog.records == []


@pytest.mark.parametrize("kind", ["pdf", "docx", "text"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.binary(max_size=400), head=st.sampled_from([b"", b"%PDF-1.5\n", b"PK\x03\x04", b"Inclusion criteria:\n"])
)
def test_random_bytes_never_escape_the_error_tree(kind, data, head) -> None:
    assert "\n" not in error_of(head + data, kind)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6))
def test_damaged_protocols_never_escape_the_error_tree(cuts) -> None:
    data = bytearray(protocol_pdf(ITEMS, ITEMS, pages=6))
    for place, content in cuts:
        start = int(place * (len(data) - 9))
        data[start : start + len(content)] = content
    assert "\n" not in error_of(bytes(data), "pdf")


def test_the_guard_reads_as_the_reader_does() -> None:
    data = protocol_pdf(ITEMS, ITEMS, pages=6)
    assert read_document_guarded(data, "pdf", "plan.pdf") == read_document(data, "pdf", "plan.pdf")
    assert read_document_guarded(word_file(), "docx") == read_document(word_file(), "docx")


def test_the_guard_passes_an_error_on_with_the_callers_name() -> None:
    with pytest.raises(InputError, match=r"^plan\.pdf is not a PDF"):
        read_document_guarded(b"GIF89a", "pdf", "plan.pdf")
    with pytest.raises(InputError, match=r"^plan\.docx: no section with eligibility criteria"):
        read_document_guarded(word_file(DOCUMENT_XML.format("", FILLER)), "docx", "plan.docx")
    with pytest.raises(InputError, match="20,000,001 bytes"):
        read_document_guarded(b"x" * 20_000_001, "text")


def test_the_guard_ends_what_takes_too_long() -> None:
    """Pages that all show one stream of a megabyte of text cost minutes."""
    words = b"BT /F 10 Tf " + b"1 0 0 1 50 700 Tm (ab) Tj " * 40_000 + b" ET"
    kids = " ".join(["3 0 R"] * 1_500)
    pages = f"<< /Type /Pages /Kids [{kids}] /Count 1500 >>".encode()
    data = assembled([b"<< /Type /Catalog /Pages 2 0 R >>", pages, PAGE, stream(words), b"<< >>", b"<< >>"])
    started = time.monotonic()
    with pytest.raises(InputError, match=r"within 2 s and 512 MB|too slow"):
        read_document_guarded(data, "pdf", seconds=2)
    assert time.monotonic() - started < 8


def test_the_guard_bounds_memory() -> None:
    """Forty megabytes of small paragraphs make a tree many times as large."""
    body = "<w:p/>" * 5_000_000
    text = DOCUMENT_XML.format("", "x").replace("<w:body>", f"<w:body>{body}")
    started = time.monotonic()
    with pytest.raises(InputError, match=r"within 20 s and 256 MB|not a Word document"):
        read_document_guarded(word_file(text), "docx", megabytes=256)
    assert time.monotonic() - started < 30


def test_the_guard_hands_no_secret_on(monkeypatch) -> None:
    monkeypatch.setenv("CLADMOP_TOKEN", "secret")
    seen = {}

    def run(command, **options):
        seen.update(options)
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(guarded.subprocess, "run", run)
    with pytest.raises(InputError, match="no process could be started"):
        read_document_guarded(b"x", "text")
    assert "secret" not in seen["env"].values()
