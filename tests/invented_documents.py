"""Invented protocols as PDF and Word files: pages, fonts and zips are written here, so that tests own every byte."""

import io
import zlib
from dataclasses import dataclass, field
from textwrap import wrap

WIDE = 92
"""Characters in a full line of the PDFs' body text, which is set in Courier-like widths."""


@dataclass
class Page:
    """Lines of one page: text, left edge, baseline, size, bold."""

    lines: list[tuple[str, float, float, float, bool]] = field(default_factory=list)


class Pdf:
    """Sets text on pages from the top down, with running header and footer, and starts new pages by itself."""

    def __init__(self, header="", footer="", title="", leading=13.0):
        self.header, self.footer, self.title, self.leading = header, footer, title, leading
        self.pages = []
        self.break_page()

    def break_page(self):
        self.pages.append(Page())
        self.y = 740.0

    def line(self, text, left=72.0, size=10.0, bold=False, gap=0.0):
        self.y -= gap
        if self.y < 80:
            self.break_page()
        self.pages[-1].lines.append((text, left, self.y, size, bold))
        self.y -= self.leading

    def heading(self, text, size=12.0):
        self.line(text, size=size, bold=True, gap=8)

    def paragraph(self, text, left=72.0, marker="", width=WIDE, gap=6.0):
        """Set a paragraph whose later lines hang below its text."""
        columns = width - round((left - 72) / 5)
        indent = 15.0 if marker else 0.0
        for number, row in enumerate(wrap(text, columns - round(indent / 5), break_on_hyphens=False) or [""]):
            first = number == 0
            self.line(f"{marker} {row}" if first and marker else row, left if first else left + indent, gap=gap * first)

    def bytes(self, compress=True):
        """Return the file; one font of 8 bits whose Unicode table covers whatever was set."""
        characters = sorted({one for page in self._whole() for text, *_ in page.lines for one in text})
        codes = {one: number + 1 for number, one in enumerate(characters)}
        table = "\n".join(f"<{code:02x}> <{one.encode('utf-16-be').hex()}>" for one, code in codes.items())
        unicode_table = (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <ff> "
            f"endcodespacerange {len(codes)} beginbfchar\n{table}\nendbfchar endcmap end end"
        )
        contents = ["\n".join(self._show(line, codes) for line in page.lines).encode() for page in self._whole()]
        return pdf_file(contents, unicode_table.encode(), self.title, compress=compress)

    def _whole(self):
        for number, page in enumerate(self.pages, start=1):
            extra = [(self.header, 72.0, 780.0, 9.0, False)] if self.header else []
            if self.footer:
                extra.append((self.footer.format(number, len(self.pages)), 260.0, 40.0, 9.0, False))
            yield Page([*extra, *page.lines])

    @staticmethod
    def _show(line, codes):
        text, left, y, size, bold = line
        coded = "".join(f"{codes[one]:02x}" for one in text)
        return f"BT /{'B' if bold else 'F'} {size} Tf 1 0 0 1 {left} {y} Tm <{coded}> Tj ET"


def pdf_file(contents, unicode_table=b"", title="", *, compress=True):
    """Put page contents into a PDF file."""
    widths = " ".join(["500"] * 256)
    first_page = 7
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(len(contents)))
    font = "<< /Type /Font /Subtype /TrueType /BaseFont /{} /FirstChar 0 /LastChar 255 /Widths [{}] /ToUnicode 5 0 R >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        font.format("Courier", widths).encode(),
        font.format("Courier-Bold", widths).encode(),
        stream(unicode_table, compress=compress),
        f"<< /Title ({title}) >>".encode(),
    ]
    for number, content in enumerate(contents):
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {first_page + 2 * number + 1} 0 R "
            "/Resources << /Font << /F 3 0 R /B 4 0 R >> >> >>".encode(),
            stream(content, compress=compress),
        ]
    return assembled(objects)


def stream(data, *, compress=True):
    packed = zlib.compress(data, 9) if compress else data
    kind = " /Filter /FlateDecode" if compress else ""
    return f"<< /Length {len(packed)}{kind} >>\nstream\n".encode() + packed + b"\nendstream"


def assembled(objects):
    """Number PDF objects and write their table."""
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{offset:010d} 00000 n \n" for offset in offsets).encode())
    out.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{start}\n%%EOF".encode())
    return out.getvalue()


FILLER = (
    "The sponsor will review the data of this part of the trial on a regular basis, and the investigators will be told "
    "of every change. Participants who meet the inclusion criteria may be asked to return for further visits."
)


def protocol_pdf(inclusion, exclusion, *, pages=30, synopsis=True):
    """A protocol with contents, synopsis, running lines and numbered sections; items are (marker, text, left)."""
    pdf = Pdf("CONFIDENTIAL   Protocol ABC-123, version 2.0", "Page {} of {}", title="Invented Trial of Drug A")
    pdf.line("A Phase II Study of Drug A in Adults", size=20, bold=True)
    pdf.break_page()
    pdf.heading("TABLE OF CONTENTS")
    for entry, page in (("1 SYNOPSIS", 3), ("5 STUDY POPULATION", 20), ("5.1 Inclusion Criteria", 20),
                        ("5.2 Exclusion Criteria", 21), ("5.3 Lifestyle Considerations", 22),
                        ("6 STUDY TREATMENT", 23)):  # fmt: skip
        pdf.line(f"{entry} {'.' * (70 - len(entry))} {page}")
    pdf.break_page()
    if synopsis:
        pdf.heading("1 SYNOPSIS")
        pdf.heading("Inclusion criteria", size=10)
        pdf.paragraph("Adults with the disease in short", marker="•")
        pdf.heading("Exclusion criteria", size=10)
        pdf.paragraph("Everything else in short", marker="•")
        pdf.heading("Statistical methods", size=10)
        pdf.paragraph(FILLER)
    for number in range(2, 5):
        pdf.break_page()
        pdf.heading(f"{number} CHAPTER")
        while len(pdf.pages) < pages * number // 8:
            pdf.paragraph(FILLER)
    pdf.break_page()
    pdf.heading("5 STUDY POPULATION")
    pdf.paragraph(FILLER)
    for heading, items in (("5.1 Inclusion Criteria", inclusion), ("5.2 Exclusion Criteria", exclusion)):
        pdf.heading(heading)
        for marker, text, left in items:
            pdf.paragraph(text, 72 + left, marker)
    pdf.heading("5.3 Lifestyle Considerations")
    pdf.paragraph("No grapefruit.")
    pdf.heading("6 STUDY TREATMENT")
    while len(pdf.pages) < pages:
        pdf.paragraph(FILLER)
    return pdf.bytes()
