"""Legacy XML records and their archive: the scanner against another reader, and everything that can be broken."""

import datetime as dt
import re
import struct
import xml.etree.ElementTree as ET
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cladmop.errors import InputError, MissingArtefactError
from cladmop.records.study import Intervention, Study
from cladmop.sources import archives
from cladmop.sources.xml import _parse, read_xml_zip, study_from_xml
from cladmop.sources.xml_scanner import NotPlainError, scan

RECORD = """<clinical_study>
  <!-- This xml conforms to an XML Schema at:
    https://registry.example/public.xsd -->
  <required_header>
    <download_date>ClinicalTrials.gov processed this data on February 03, 2023</download_date>
    <link_text>Link to the record.</link_text>
    <url>https://registry.example/NCT09999999</url>
  </required_header>
  <id_info>
    <org_study_id>X-1</org_study_id>
    <secondary_id>NCT00000000</secondary_id>
    <nct_id>NCT09999999</nct_id>
    <nct_alias>NCT09999998</nct_alias>
  </id_info>
  <brief_title>Fever &amp; Chills in &#x395;&#913;</brief_title>
  <source>Nobody</source>
  <brief_summary>
    <textblock>
      What? All of it! The &lt;phase&gt; is told below.
    </textblock>
  </brief_summary>
  <overall_status>Active, not recruiting</overall_status>
  <why_stopped>
    Slow&#xD;
    accrual
  </why_stopped>
  <start_date type="Actual">January 5, 2001</start_date>
  <completion_date type="Anticipated">March 2003</completion_date>
  <primary_completion_date>December 31, 2002</primary_completion_date>
  <phase>Phase 1/Phase 2</phase>
  <study_type>Interventional</study_type>
  <has_expanded_access>No</has_expanded_access>
  <primary_outcome>
    <measure>Fever</measure>
  </primary_outcome>
  <enrollment type="Actual">12</enrollment>
  <condition>Fever</condition>
  <condition>Chills &lt; 3 days</condition>
  <arm_group>
    <arm_group_label>A</arm_group_label>
  </arm_group>
  <intervention>
    <intervention_type>Combination Product</intervention_type>
    <intervention_name>Coldol + patch</intervention_name>
    <description>Taken
      twice</description>
    <arm_group_label>A</arm_group_label>
    <other_name>CLD-1</other_name>
    <other_name>Cold&quot;ol</other_name>
  </intervention>
  <intervention>
    <intervention_type>Device</intervention_type>
    <intervention_name>Thermometer</intervention_name>
  </intervention>
  <eligibility>
    <study_pop>
      <textblock>
        Anyone
      </textblock>
    </study_pop>
    <sampling_method>Non-Probability Sample</sampling_method>
    <criteria>
      <textblock>
        Inclusion Criteria:&#xD;
&#xD;
          -  Age &gt;= 18 &amp; fit&#xD;
      </textblock>
    </criteria>
    <gender>All</gender>
  </eligibility>
  <location>
    <status>Recruiting</status>
  </location>
  <verification_date>May 2003</verification_date>
  <keyword>cold</keyword>
  <condition_browse>
    <!-- CAUTION:  assigned with an imperfect algorithm -->
    <mesh_term>Fever</mesh_term>
    <mesh_term>Chills</mesh_term>
  </condition_browse>
  <intervention_browse>
    <!-- CAUTION:  assigned with an imperfect algorithm -->
    <mesh_term>Coldol</mesh_term>
  </intervention_browse>
  <!-- Results have not yet been posted for this study -->
</clinical_study>

"""
STUDY = Study(
    nct_id="NCT09999999",
    title="Fever & Chills in \u0395\u0391",
    study_type="interventional",
    status="active not recruiting",
    why_stopped="Slow accrual",
    phase="Phase 1/Phase 2",
    start_date="2001-01-05",
    primary_completion_date="2002-12-31",
    completion_date="2003-03",
    verified_date="2003-05",
    version="2023-02-03",
    conditions=("Fever", "Chills < 3 days"),
    condition_terms=("Fever", "Chills"),
    interventions=(
        Intervention("combination product", "Coldol + patch", ("CLD-1", 'Cold"ol')),
        Intervention("device", "Thermometer"),
    ),
    intervention_terms=("Coldol",),
    criteria="\n        Inclusion Criteria:\n\n          -  Age >= 18 & fit\n      ",
)


def read(text):
    return study_from_xml(text.encode() if isinstance(text, str) else text, "x.xml")


def reference(data):
    """A second reader, that shares nothing with the first."""
    root = ET.fromstring(data)

    def line(path, where=root):
        found = where.find(path)
        return "" if found is None else (found.text or "").replace("\r", "").strip()

    def lines(path, where=root):
        return tuple(one.text.strip() for one in where.findall(path) if one.text and one.text.strip())

    def date(path):
        text = line(path)
        for read, written in (("%B %d, %Y", "%Y-%m-%d"), ("%B %Y", "%Y-%m")):
            try:
                return dt.datetime.strptime(text, read).replace(tzinfo=dt.UTC).strftime(written)
            except ValueError:
                continue
        return text

    def words(text):
        return re.sub(r"[^a-z]+", " ", text.lower()).strip()

    criteria = root.find("eligibility/criteria/textblock")
    processed = line("required_header/download_date").split("data on ")[1]
    return Study(
        nct_id=line("id_info/nct_id"),
        title=line("brief_title"),
        study_type=words(line("study_type")).replace(" patient registry", ""),
        status=words(line("overall_status")).replace("unknown status", "unknown"),
        why_stopped=re.sub(r"\s+", " ", line("why_stopped")),
        phase=line("phase").replace("N/A", ""),
        start_date=date("start_date"),
        primary_completion_date=date("primary_completion_date"),
        completion_date=date("completion_date"),
        verified_date=date("verification_date"),
        version=dt.datetime.strptime(processed, "%B %d, %Y").replace(tzinfo=dt.UTC).strftime("%Y-%m-%d"),
        conditions=lines("condition"),
        condition_terms=lines("condition_browse/mesh_term"),
        interventions=tuple(
            Intervention(
                words(line("intervention_type", one)), line("intervention_name", one), lines("other_name", one)
            )
            for one in root.findall("intervention")
        ),
        intervention_terms=lines("intervention_browse/mesh_term"),
        criteria="" if criteria is None else criteria.text.replace("\r", ""),
    )


def test_a_plain_record_is_scanned_whole() -> None:
    data = RECORD.encode()
    assert scan(data) == _parse(data, "x") == reference(data) == STUDY
    assert STUDY.trial().inclusion == ("Age >= 18 & fit",)


def test_the_scanner_equals_a_tree_on_real_records(shared_dir) -> None:
    with zipfile.ZipFile(shared_dir / "ctgov" / "AllPublicXML-sample.zip") as archive:
        records = [archive.read(name) for name in archive.namelist()]
    assert len(records) == 6108
    for data in records:
        assert scan(data) == reference(data)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("<phase>Phase 1/Phase 2</phase>", "<phase>N/A</phase>", {"phase": ""}),
        ("Active, not recruiting", "Unknown status", {"status": "unknown"}),
        ("Interventional", "Observational [Patient Registry]", {"study_type": "observational"}),
        ("Interventional", "Expanded Access", {"study_type": "expanded access"}),
        ("January 5, 2001", "5 Jan 2001", {"start_date": "5 Jan 2001"}),
        ("January 5, 2001", "Smarch 2001", {"start_date": "Smarch 2001"}),
        ("  <phase>Phase 1/Phase 2</phase>\n", "", {"phase": ""}),
        ("Age &gt;= 18 &amp; fit", "Age &amp;gt;= 18", {"criteria": STUDY.criteria.replace(">= 18 & fit", "&gt;= 18")}),
    ],
)
def test_other_values(old, new, change) -> None:
    assert old in RECORD
    data = RECORD.replace(old, new).encode()
    expected = {name: getattr(STUDY, name) for name in Study.__dataclass_fields__} | change
    assert scan(data) == _parse(data, "x") == Study(**expected)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<condition>Fever</condition>", "<condition><![CDATA[Fever]]></condition>"),
        ("<condition>Fever</condition>", "<condition>Fe<!-- no -->ver</condition>"),
        ("<condition>Fever</condition>", '<condition rank="1">Fever</condition>'),
        ("<condition>Fever</condition>", "<condition >Fever</condition >"),
        ("  <source>Nobody", "  <!-- <condition>Flu</condition> -->\n  <source>Nobody"),
        ("  <source>Nobody", "  <!--\n  <overall_status>Gone</overall_status> -->\n  <source>Nobody"),
        ("  <keyword>cold", "  <!-- a\n  <condition_browse>\n  </condition_browse> b -->\n  <keyword>cold"),
        ("  <source>Nobody", "  <?print <condition>?>\n  <source>Nobody"),
        ("  <source>Nobody", "  <source><![CDATA[\n  <overall_status>Gone</overall_status>]]>Nobody"),
        ("\n", "\r\n"),
        ("\n  <", "\n\t<"),
        ("<condition_browse>", "<condition_browse >"),
        ("<eligibility>", "<eligibility >"),
        ("<intervention>", "<intervention >"),
        ("<mesh_term>Coldol", "<mesh_term >Coldol"),
        ("<clinical_study>", "\ufeff<clinical_study>"),
        ("<clinical_study>", '<clinical_study rank="7">'),
        ("<clinical_study>", '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><clinical_study>'),
    ],
)
def test_other_forms_are_parsed(old, new) -> None:
    data = RECORD.replace(old, new).encode()
    with pytest.raises(NotPlainError):
        scan(data)
    assert read(data) == STUDY


def test_another_order_is_parsed() -> None:
    conditions = "  <condition>Fever</condition>\n  <condition>Chills &lt; 3 days</condition>\n"
    block = RECORD[RECORD.index("  <intervention>") : RECORD.index("  <eligibility>")]
    status = "  <overall_status>Active, not recruiting</overall_status>\n"
    start = '  <start_date type="Actual">January 5, 2001</start_date>\n'
    phase = "  <phase>Phase 1/Phase 2</phase>\n"
    for moved in (conditions, block, status, start, phase):
        without = RECORD.replace(moved, "")
        for place in ("  <verification_date>", "  <source>"):
            data = without.replace(place, moved + place).encode()
            with pytest.raises(NotPlainError):
                scan(data)
            assert read(data) == STUDY


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_other_encodings_are_parsed(encoding) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + RECORD.replace("Nobody", "Zoë").replace("Fever &", "Fiè &")
    assert read(text.encode(encoding)).title == "Fiè & Chills in \u0395\u0391"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (RECORD[:-400], "not well-formed XML .* it is cut: it has no </clinical_study>"),
        ("", "x.xml: not well-formed XML"),
        ("<html/>", "'html' is no study"),
        (RECORD.replace("    <nct_id>NCT09999999</nct_id>\n", ""), "nct_id is missing"),
        (RECORD.replace("<nct_id>NCT09999999", "<nct_id>12"), "nct_id: '12' is not an NCT id"),
        (RECORD.replace("<condition>Fever", "<condition>&fever;"), "undefined entity"),
        (RECORD.replace("<condition>Fever", "<condition>a & b"), "not well-formed"),
        (RECORD.replace("<condition>Fever", "<condition>&#0;"), "not well-formed"),
        (RECORD.replace("<condition>Fever", "<condition>\x07"), "not well-formed"),
        (RECORD.replace("Age &gt;=", "Age \x00"), "not well-formed"),
        (RECORD.replace("Thermometer", " "), "intervention_name is missing"),
        (RECORD.encode().replace(b"Thermometer", b"\xff"), "not well-formed"),
        ('<?xml version="1.0" encoding="nonsense"?>' + RECORD, "not well-formed XML"),
        ('<!DOCTYPE clinical_study [<!ENTITY a "b">]>\n' + RECORD, "document type 'clinical_study'"),
        ('<!DOCTYPE clinical_study SYSTEM "file:///etc/passwd">\n' + RECORD, "document type"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(data, message) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("x.xml: ")


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    title=TEXTS,
    conditions=st.lists(TEXTS, max_size=3),
    others=st.lists(TEXTS, max_size=3),
    criteria=TEXTS,
    references=st.sampled_from(["none", "decimal", "hexadecimal"]),
)
def test_any_text_is_read_as_a_tree_reads_it(title, conditions, others, criteria, references) -> None:
    def escaped(text):
        marks = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
        form = {"none": "{}", "decimal": "&#{};", "hexadecimal": "&#x{:x};"}[references]
        return "".join(marks.get(one) or (one if references == "none" else form.format(ord(one))) for one in text)

    record = RECORD.replace("Fever &amp; Chills in &#x395;&#913;", escaped(title))
    record = record.replace("    <other_name>CLD-1</other_name>\n", "")
    record = record.replace(
        "    <other_name>Cold&quot;ol</other_name>\n",
        "".join(f"    <other_name>{escaped(one)}</other_name>\n" for one in others),
    )
    record = record.replace(
        "  <condition>Chills &lt; 3 days</condition>\n",
        "".join(f"  <condition>{escaped(one)}</condition>\n" for one in conditions),
    )
    data = record.replace("Age &gt;= 18 &amp; fit", escaped(criteria)).encode()
    try:
        expected = _parse(data, "x")
    except InputError:
        return
    assert scan(data) == expected


@pytest.fixture
def archive(tmp_path):
    """Write an archive of named members; a list of rejects goes with it."""

    def write(members, **options):
        path = tmp_path / "records.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as opened:
            for name, data in members.items():
                opened.writestr(name, data)
        return path

    return write


def numbered(number):
    return RECORD.replace("NCT09999999", f"NCT{number:08}")


def ids(path):
    rejects = []
    return [study.nct_id for study in read_xml_zip(path, rejects.append)], rejects


def test_an_archive_is_read_in_its_order(archive) -> None:
    path = archive({"b/NCT2.xml": numbered(2), "Contents.txt": "?", "a/NCT1.XML": numbered(1)})
    assert ids(path) == (["NCT00000002", "NCT00000001"], [])
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr("NCT3.xml", numbered(3), zipfile.ZIP_STORED)
    assert ids(path) == (["NCT00000002", "NCT00000001", "NCT00000003"], [])


def test_damaged_members_are_rejected_and_reading_goes_on(archive) -> None:
    path = archive({f"NCT{number}.xml": numbered(number) for number in range(1, 8)} | {"no.xml": "<html/>"})
    with zipfile.ZipFile(path) as opened:
        infos = {info.filename: info for info in opened.infolist()}
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\1\2")

    def entry(name):
        return data.index(name.encode(), directory) - 46

    data[infos["NCT1.xml"].header_offset + 300] ^= 0xFF
    data[entry("NCT2.xml") + 8] |= 1  # encrypted
    struct.pack_into("<H", data, entry("NCT3.xml") + 10, 12)  # bzip2
    struct.pack_into("<L", data, entry("NCT4.xml") + 24, 2**31)  # length
    struct.pack_into("<L", data, entry("NCT5.xml") + 16, 1)  # checksum
    struct.pack_into("<L", data, entry("NCT6.xml") + 42, infos["NCT6.xml"].header_offset + 3)  # place
    path.write_bytes(data)
    found, rejects = ids(path)
    assert found == ["NCT00000007"]
    reasons = ["damaged", "encrypted", "compressed by method 12", "bytes; a record has at most", "damaged", "damaged"]
    assert len(rejects) == 7
    for number, (reject, reason) in enumerate(zip(rejects, [*reasons, "'html' is no study"], strict=True), start=1):
        assert reason in reject.reason
        assert reject.where == f"{path}: {'no' if number == 7 else f'NCT{number}'}.xml"
        assert reject.nct_id is None
        assert "\n" not in reject.reason


def test_a_bomb_is_not_inflated(archive) -> None:
    path = archive({"NCT00000009.xml": b"0" * (archives.MEMBER_LIMIT + 1), "NCT1.xml": numbered(1)})
    found, rejects = ids(path)
    assert found == ["NCT00000001"]
    assert "at most" in rejects[0].reason
    assert rejects[0].nct_id == "NCT00000009"
    data = bytearray(path.read_bytes())
    struct.pack_into(
        "<L", data, data.index(b"NCT00000009.xml", data.index(b"PK\1\2")) - 46 + 24, 1000
    )  # a false length
    path.write_bytes(data)
    assert "its length" in ids(path)[1][0].reason


def test_what_is_no_archive_is_an_error(archive, tmp_path) -> None:
    path = archive({"NCT1.xml": numbered(1)})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="not a zip archive, or cut"):
        ids(path)
    with pytest.raises(InputError, match=r"no member named \*\.xml"):
        ids(archive({"a.txt": "?"}))
    with pytest.raises(MissingArtefactError, match="no file"):
        ids(tmp_path / "none.zip")
    with pytest.raises(InputError, match="cannot read"):
        ids(tmp_path)
