"""Eligibility criteria found in whole protocols, item for item."""

import io
import json
import re

import pytest

from cladmop.errors import InputError, MissingDependencyError
from cladmop.records import Disease, Drug, Phase
from cladmop.records.criteria import parse_criteria
from cladmop.sources.documents import Extraction, document_kind, read_document
from cladmop.sources.inputs import read_trials
from invented_documents import FILLER, Pdf, protocol_pdf

LONG = (
    "Patient has received at least one prior line of systemic therapy for stage IV non-small cell lung cancer, "
    "including but not limited to targeted therapy, and is now only considering further chemotherapy"
)
INCLUSION = [
    ("1.", "Age of 18 years or older at the time of consent", 0),
    ("2.", LONG, 0),
    ("3.", "Adequate organ function, defined by all of the following:", 0),
    ("a.", "Total bilirubin ≤ 1.5 x the upper limit of normal", 20),
    ("b.", "Platelets ≥ 100 x 10⁹/L without transfusion in the 2 weeks before", 20),
    ("4.", "Written informed consent", 0),
]
RISK = (
    "Condition number {0} that would make it unsafe to take part in this trial, in the judgement of the investigator, "
    "or that could disturb the evaluation of its results, version {0}"
)
EXCLUSION = [("•", RISK.format(number), 0) for number in range(1, 31)]


def texts(items):
    return tuple(text for _, text, _ in items)


@pytest.fixture(scope="module")
def protocol():
    return read_document(protocol_pdf(INCLUSION, EXCLUSION), "pdf")


def test_a_whole_protocol_gives_its_items_and_nothing_else(protocol) -> None:
    assert protocol.inclusion == texts(INCLUSION)
    assert protocol.exclusion == texts(EXCLUSION)
    assert protocol.title == "Invented Trial of Drug A"


def test_the_largest_lines_of_the_first_page_are_the_title_but_no_chapter() -> None:
    for first, title in (("A Trial of Drug A", "A Trial of Drug A in Gout"), ("1. SYNOPSIS", "")):
        pdf = Pdf(leading=26)
        pdf.line(first, size=20)
        pdf.line("in Gout" if title else "2. DESIGN", size=20)
        pdf.heading("4.1 Inclusion Criteria")
        for _ in range(4):
            pdf.paragraph(FILLER)
        assert read_document(pdf.bytes(), "pdf").title == title


def test_it_says_where_the_section_stood_and_what_else_there_was(protocol) -> None:
    assert re.fullmatch(r'pages \d+ to \d+, under "5.1 Inclusion Criteria"', protocol.where)
    start, stop = map(int, re.findall(r"\d+", protocol.where)[:2])
    assert stop - start >= 1, "items cross a page break"
    (synopsis,) = [warning for warning in protocol.warnings if "synopsis" in warning]
    assert "page 3" in synopsis
    assert "not taken" in synopsis
    assert any("'Phase II'" in warning and "'phase 2'" in warning for warning in protocol.warnings)
    assert len(protocol.warnings) == 2


def test_a_synopsis_is_taken_where_there_is_nothing_else_and_said() -> None:
    pdf = Pdf("CONFIDENTIAL", "Page {} of {}")
    pdf.heading("PROTOCOL SYNOPSIS")
    pdf.paragraph(FILLER)
    pdf.heading("Inclusion criteria:", size=10)
    pdf.paragraph("Adults with gout", marker="-")
    pdf.heading("Exclusion criteria:", size=10)
    pdf.paragraph("Any disease of the kidneys", marker="-")
    pdf.heading("Statistical methods:", size=10)
    pdf.paragraph(FILLER)
    pdf.break_page()
    pdf.heading("2 INTRODUCTION")
    pdf.paragraph(FILLER)
    found = read_document(pdf.bytes(), "pdf")
    assert (found.inclusion, found.exclusion) == (("Adults with gout",), ("Any disease of the kidneys",))
    assert "only a synopsis" in found.warnings[0]


def section(*paragraphs, heading="4.1 Inclusion Criteria", after="4.2 Exclusion Criteria", **pdf):
    """Read a short PDF with one section of given paragraphs: texts, or texts with their marker and left edge."""
    made = Pdf(**pdf)
    made.heading("4 STUDY POPULATION")
    for _ in range(6):
        made.paragraph(FILLER)
    made.heading(heading)
    for paragraph in paragraphs:
        text, marker, left = paragraph if isinstance(paragraph, tuple) else (paragraph, "", 0)
        made.paragraph(text, 72 + left, marker)
    made.heading(after)
    made.paragraph("Pregnancy or breast-feeding", marker="•")
    made.heading("4.3 Withdrawal criteria")
    made.paragraph(FILLER)
    return read_document(made.bytes(), "pdf")


def test_paragraphs_without_markers_are_told_apart_by_their_distance() -> None:
    assert section("Adults.", LONG, "Signed consent").inclusion == ("Adults.", LONG, "Signed consent")


@pytest.mark.parametrize("bullet", ["\uf0b7", "\uf0a7", "§", "Ø", "▪", "➢", "o", "\u2013", "•"])
def test_odd_bullets_are_bullets(bullet) -> None:
    assert section((f"Adults with {LONG}", bullet, 0), ("Signed consent", bullet, 0)).inclusion == (
        f"Adults with {LONG}",
        "Signed consent",
    )


def test_a_line_that_only_looks_like_an_item_continues_one() -> None:
    """A wrapped line may begin with a number and a point, or with a range."""
    pdf = Pdf()
    pdf.heading("4.1 Inclusion Criteria")
    pdf.line("• Total bilirubin of the blood, measured at screening by the local laboratory, of at most", 72)
    pdf.line("2. times the upper limit of normal, by the same laboratory and in the same week as the", 87)
    pdf.line("- 5 degrees rule says", 87)
    pdf.line("• Signed consent", 72)
    for _ in range(4):
        pdf.paragraph(FILLER)
    found = read_document(pdf.bytes(), "pdf")
    assert found.inclusion[0].endswith("of at most 2. times the upper limit of normal, by the same laboratory and in "
                                       "the same week as the - 5 degrees rule says")  # fmt: skip
    assert found.inclusion[1] == "Signed consent"


def test_numbers_of_subsections_are_dropped_and_do_not_end_the_section() -> None:
    found = section(("Adults with gout", "4.1.1", 0), ("Signed consent", "4.1.2", 0))
    assert found.inclusion == ("Adults with gout", "Signed consent")
    assert found.exclusion == ("Pregnancy or breast-feeding",)


def test_items_numbered_like_the_next_chapters_do_not_end_the_section() -> None:
    items = [(f"Condition number {number}", f"{number}.", 0) for number in range(1, 12)]
    assert section(*items).inclusion == tuple(text for text, _, _ in items)


def test_contents_without_dots_are_no_section_and_numbered_items_no_contents() -> None:
    pdf = Pdf("Version 3", "Page {}")
    pdf.heading("CONTENTS")
    for entry, page in (("1 OBJECTIVES", 2), ("3 PATIENT SELECTION", 3), ("3.1 Eligibility Criteria", 3),
                        ("3.2 Exclusion Criteria", 4), ("3.3 Inclusion of Women and Minorities", 4)):  # fmt: skip
        pdf.line(f"{entry} {page}")
    pdf.break_page()
    pdf.heading("1 OBJECTIVES")
    for _ in range(40):
        pdf.paragraph(FILLER)
    pdf.heading("3 PATIENT SELECTION")
    pdf.heading("3.1 Eligibility Criteria")
    grades = [f"Gout of grade {number}" for number in (1, 1, 2, 2, 3, 3)]
    for number, grade in enumerate(grades, start=1):
        pdf.paragraph(grade, marker=f"{number}.")
    pdf.heading("3.2 Exclusion Criteria")
    pdf.paragraph("Pregnancy", marker="1.")
    pdf.heading("3.3 Inclusion of Women and Minorities")
    pdf.paragraph(FILLER)
    found = read_document(pdf.bytes(), "pdf")
    assert (found.inclusion, found.exclusion) == (tuple(grades), ("Pregnancy",))
    assert found.warnings == ()


def test_a_section_named_by_its_population_is_a_last_resort() -> None:
    pdf = Pdf()
    pdf.heading("4 STUDY POPULATION")
    pdf.paragraph("Adults with gout of the knee", marker="1.")
    pdf.heading("5 TREATMENT")
    for _ in range(4):
        pdf.paragraph(FILLER)
    assert read_document(pdf.bytes(), "pdf").inclusion == ("Adults with gout of the knee",)


def test_words_cut_at_line_ends_are_mended_by_the_words_of_the_document() -> None:
    pdf = Pdf()
    pdf.paragraph("Earlier treatment is allowed. A non-small tumour counts. Chemotherapy is treatment as well.")
    for _ in range(4):
        pdf.paragraph(FILLER)
    pdf.heading("4.1 Inclusion Criteria")
    pdf.line("• No earlier treat-", 72)
    pdf.line("ment of a non-", 87)
    pdf.line("small tumour by PD-1/", 87)
    pdf.line("PD-L1 or 3-", 87)
    pdf.line("5 cycles of chemo\u00ad", 87)
    pdf.line("therapy", 87)
    (item,) = read_document(pdf.bytes(), "pdf").inclusion
    assert item == "No earlier treatment of a non-small tumour by PD-1/PD-L1 or 3-5 cycles of chemotherapy"


def test_text_stays_text() -> None:
    items = (
        "<script>alert(1)</script> & <b>bold</b>",
        r"A backslash \( stays",
        "See Inclusion Criteria 5",
    )
    assert section(*((item, "•", 0) for item in items)).inclusion == items


def test_hebrew_is_read_from_right_to_left() -> None:
    said = "שלום עולם"
    assert section((said[::-1], "•", 0)).inclusion == (said,)


@pytest.mark.parametrize(
    ("inclusion", "exclusion"),
    [
        ("5.2. Inclusion criteria", "5.3. Exclusion criteria"),
        ("5.2 Key Inclusion Criteria:", "5.3 Key Exclusion Criteria:"),
        ("Section 5.2 Participant Inclusion Criteria", "Section 5.3 Participant Exclusion Criteria"),
        ("5.2 Criteria for Inclusion", "5.3 Criteria for Exclusion"),
        ("INCLUSION CRITERIA", "EXCLUSION CRITERIA"),
        ("5.2 Inclusion", "5.3 Exclusion"),
        ("5.2 Eligibility Criteria", "Exclusion Criteria"),
        ("5.2 Subject Inclusion Criteria (Part A)", "5.3 Subject Exclusion Criteria (Part A)"),
        ("5.2 Inclusion criteria for all cohorts", "5.3 Exclusion criteria for all cohorts"),
        ("5.2 Inclusion and Exclusion Criteria", "Exclusion criteria"),
    ],
)
def test_headings_of_many_kinds(inclusion, exclusion) -> None:
    found = section(("Adults with gout", "1.", 0), heading=inclusion, after=exclusion)
    assert found.inclusion[-1] == "Adults with gout"
    assert found.exclusion[-1] == "Pregnancy or breast-feeding"
    assert len(found.inclusion) + len(found.exclusion) <= 4


@pytest.mark.parametrize(
    "after",
    [
        "6 STUDY TREATMENT",
        "5.4 Lifestyle Considerations",
        "5.4 Screen Failures",
        "5.5 Strategies for Recruitment",
        "Withdrawal criteria",
    ],
)
def test_headings_that_end_the_section(after) -> None:
    pdf = Pdf()
    for heading, item in (("5.2 Inclusion Criteria", "Adults with gout"), ("5.3 Exclusion Criteria", "Pregnancy")):
        pdf.heading(heading)
        pdf.paragraph(item, marker="1.")
    pdf.heading(after)
    for _ in range(6):
        pdf.paragraph(FILLER)
    found = read_document(pdf.bytes(), "pdf")
    assert (found.inclusion, found.exclusion) == (("Adults with gout",), ("Pregnancy",))


def test_plain_text_of_one_look_is_enough() -> None:
    rows = ["3. OBJECTIVES", FILLER, "4. SELECTION OF PATIENTS", "4.1 Inclusion criteria", "1. Adults with gout",
            "2. Signed consent", "4.2 Exclusion criteria", "1. Pregnancy",
            "2. Gout of the knee", "3. Flu", "4. Cancer", "5. Allergy to Drug A", "4.3 Withdrawal", FILLER,
            "5. TREATMENT", FILLER]  # fmt: skip
    found = read_document("\n".join(rows).encode(), "text")
    assert found.inclusion == ("Adults with gout", "Signed consent")
    assert found.exclusion == ("Pregnancy", "Gout of the knee", "Flu", "Cancer", "Allergy to Drug A")
    assert found.where.startswith("lines 4 to 12")


def test_criteria_as_text_are_taken_whole() -> None:
    text = "Inclusion Criteria:\n\n* Adults\n* Consent\n\nExclusion Criteria:\n\n* Withdrawal of alcohol\n"
    found = read_document(text.encode(), "text")
    assert (found.inclusion, found.exclusion) == (("Adults", "Consent"), ("Withdrawal of alcohol",))
    assert found.warnings == ()
    assert "no heading" in read_document(b"Adults with gout", "text").warnings[0]


def word(build, **properties):
    docx = pytest.importorskip("docx")
    document = docx.Document()
    for name, value in properties.items():
        setattr(document.core_properties, name, value)
    build(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def build_word(document) -> None:
    document.sections[0].header.paragraphs[0].text = "CONFIDENTIAL"
    document.add_heading("Protocol Synopsis", 1)
    table = document.add_table(rows=0, cols=2)
    for left, right in (("Inclusion criteria", "Adults in short form"), ("Exclusion criteria", "All others, in short"),
                        ("Duration", "Two years of treatment in all")):  # fmt: skip
        cells = table.add_row().cells
        cells[0].text, cells[1].text = left, right
    document.add_heading("Study population", 1)
    document.add_paragraph(FILLER)
    document.add_heading("Inclusion Criteria", 2)
    document.add_paragraph("Participants must meet all of these.")
    document.add_paragraph("Age of 18 years or older", style="List Number")
    document.add_paragraph("Organ function:", style="List Number")
    document.add_paragraph("Bilirubin ≤ 1.5 x ULN", style="List Bullet 2")
    document.add_heading("Exclusion Criteria", 2)
    table = document.add_table(rows=0, cols=2)
    for number, text in enumerate(("Pregnancy", "Gout of the knee"), start=1):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = f"{number}.", text
    document.add_heading("Lifestyle considerations", 2)
    document.add_paragraph(FILLER)


def test_a_word_protocol_with_styles_and_tables() -> None:
    found = read_document(word(build_word, title="An invented trial"), "docx")
    assert found.inclusion == ("Participants must meet all of these.", "Age of 18 years or older", "Organ function:",
                               "Bilirubin ≤ 1.5 x ULN")  # fmt: skip
    assert found.exclusion == ("Pregnancy", "Gout of the knee")
    assert found.title == "An invented trial"
    assert found.where.endswith('under "Inclusion Criteria"')
    assert any("synopsis" in warning for warning in found.warnings)


def test_word_text_is_what_a_reader_sees() -> None:
    """Inserted text is read; deleted and hidden text is not; symbols keep their meaning."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    runs = (
        '<w:ins w:id="1" w:author="a"><w:r><w:t xml:space="preserve">Adults </w:t></w:r></w:ins>'
        '<w:del w:id="2" w:author="a"><w:r><w:delText>Children </w:delText></w:r></w:del>'
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
        '<w:r><w:sym w:font="Symbol" w:char="F0B3"/><w:t xml:space="preserve"> 18 years</w:t></w:r>'
    )

    def build(document) -> None:
        document.add_heading("Inclusion Criteria", 2)
        paragraph = parse_xml(f"<w:p {nsdecls('w')}>{runs}</w:p>")
        content = parse_xml(f"<w:sdt {nsdecls('w')}><w:sdtContent/></w:sdt>")
        content[0].append(paragraph)
        document.element.body.insert(1, content)
        document.add_heading("Exclusion Criteria", 2)
        document.add_paragraph("Pregnancy or breast-feeding")

    found = read_document(word(build), "docx")
    assert found.inclusion == ("Adults ≥ 18 years",)


def test_no_section_is_an_error_that_says_what_was_looked_for() -> None:
    pdf = Pdf()
    for _ in range(5):
        pdf.paragraph(FILLER)
    with pytest.raises(
        InputError, match="no section with eligibility criteria found; looked for the headings Inclusion"
    ):
        read_document(pdf.bytes(), "pdf", "plan.pdf")


def test_an_extraction_survives_json_and_becomes_a_trial(protocol) -> None:
    assert Extraction.from_json(json.loads(json.dumps(protocol.to_json()))) == protocol
    trial = protocol.trial(["aspirin", " "], ["gout"], Phase.PHASE_2)
    assert (trial.drugs, trial.diseases, trial.phase) == (
        (Drug(name="aspirin"),),
        (Disease(name="gout"),),
        Phase.PHASE_2,
    )
    assert trial.inclusion == protocol.inclusion
    with pytest.raises(InputError):
        Extraction.from_json({"inclusion": []})


def test_read_trials_reads_documents(tmp_path) -> None:
    path = tmp_path / "Protocol.PDF"
    path.write_bytes(protocol_pdf(INCLUSION, EXCLUSION[:3], pages=8))
    (trial,) = read_trials(path, drugs=["aspirin"], phase="2")
    assert (trial.inclusion, trial.phase, trial.drugs) == (texts(INCLUSION), Phase.PHASE_2, (Drug(name="aspirin"),))
    assert document_kind(path) == "pdf"
    assert document_kind(tmp_path / "x.txt") is None


@pytest.mark.parametrize(("kind", "package"), [("pdf", "pypdf"), ("docx", "docx")])
def test_a_missing_package_names_the_extra(monkeypatch, kind, package) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cladmop\[documents\]'"):
        read_document(b"%PDF-", kind)


def blocks(text):
    """Paragraphs of the registry's markdown: depth, marker, text."""
    for row in text.splitlines():
        match = re.match(r"(\s*)([*]|\d+\.|[a-z]\.)?\s*(.*)", row)
        if row.strip():
            yield len(match[1]), match[2] or "", re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", match[3])


def test_real_criteria_come_back_item_for_item(shared_dir) -> None:
    """The criteria of real trials, set as protocols: a marker that the text shows twice is the one difference."""
    studies = json.loads((shared_dir / "ctgov" / "ctg-studies.json").read_text(encoding="utf-8"))
    same = 0
    for study in studies[::3]:
        text = study["protocolSection"]["eligibilityModule"]["eligibilityCriteria"]
        sides = {"inclusion": [], "exclusion": []}
        side = "inclusion"
        for depth, marker, words in blocks(text):
            heading = re.fullmatch(r"(inclusion|exclusion)(?: criteria)?\s*:?", words, re.IGNORECASE)
            if heading and not marker:
                side = heading[1].lower()
            else:
                sides[side].append(("•" if marker == "*" else marker, words, 5 * depth))
        found = read_document(protocol_pdf(sides["inclusion"], sides["exclusion"], pages=7), "pdf")
        expected = parse_criteria(text)
        same += (found.inclusion, found.exclusion) == (expected.inclusion, expected.exclusion)
    assert same >= len(studies[::3]) - 1
