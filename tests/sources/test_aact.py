import builtins
import csv
import datetime as dt
import io
import random
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cladmop.errors import InputError, MissingArtefactError, MissingDependencyError, StorageError
from cladmop.records.study import Intervention, Study
from cladmop.sources import aact_files
from cladmop.sources.aact import read_aact

pytest.importorskip("duckdb")

HEADERS = {
    "studies.txt": (
        "nct_id", "brief_title", "study_type", "overall_status", "why_stopped", "phase", "enrollment",
        "start_month_year", "start_date", "primary_completion_month_year", "primary_completion_date",
        "completion_month_year", "completion_date", "verification_month_year", "verification_date",
    ),
    "eligibilities.txt": ("id", "nct_id", "gender", "criteria"),
    "interventions.txt": ("id", "nct_id", "intervention_type", "name", "description"),
    "intervention_other_names.txt": ("id", "nct_id", "intervention_id", "name"),
    "conditions.txt": ("id", "nct_id", "name", "downcase_name"),
    "browse_conditions.txt": ("id", "nct_id", "mesh_term", "downcase_mesh_term", "mesh_type"),
    "browse_interventions.txt": ("id", "nct_id", "mesh_term", "downcase_mesh_term", "mesh_type"),
}  # fmt: skip
CRITERIA = 'Inclusion Criteria:\n\n* "Stable" disease | any stage\n* Age >= 18\n\nExclusion Criteria:\n\n* None\n'
STUDIES = (
    Study(
        nct_id="NCT90000001",
        title='A "pivotal" study | part 1',
        study_type="interventional",
        status="completed",
        phase="PHASE1/PHASE2",
        start_date="2010-05",
        primary_completion_date="2011-02-28",
        completion_date="2011-06",
        verified_date="2012-01",
        version="2024-05-01",
        conditions=("Zoster", "Asthma"),
        condition_terms=("Herpes Zoster", "Asthma"),
        interventions=(
            Intervention("drug", "zilumab 5 mg", ("ZLM-1", "Zilu | Mab")),
            Intervention("combination product", "acmeol + device"),
        ),
        intervention_terms=("Antibodies",),
        criteria=CRITERIA,
    ),
    Study(
        nct_id="NCT90000002",
        study_type="observational",
        phase="",
        status="active not recruiting",
        version="2024-05-01",
        conditions=("Asthma",),
    ),
    Study(
        nct_id="NCT90000003",
        title="A stopped study",
        study_type="interventional",
        status="terminated",
        why_stopped="slow accrual | no funds",
        phase="PHASE3",
        start_date="2015-01-31",
        version="2024-05-01",
        interventions=(Intervention("drug", "placebo"),),
        criteria="any adult",
    ),
)


def tables(studies, *, old=False):
    """The rows of an archive, in the spelling of the years before 2024 or of those since."""
    rows = {name: [] for name in HEADERS}
    number = 0
    for study in studies:
        status, kind = study.status.upper().replace(" ", "_"), study.study_type.upper()
        phase = study.phase
        if old:
            status = {"active not recruiting": "Active, not recruiting"}.get(study.status, study.status.capitalize())
            kind, phase = study.study_type.capitalize(), study.phase.replace("PHASE", "Phase ")
        rows["studies.txt"].append(
            [study.nct_id, study.title, kind, status, study.why_stopped, phase or "N/A", "12", *dates(study)]
        )
        if study.criteria:
            text = study.criteria.replace("\n", "\r\n") if old else study.criteria
            rows["eligibilities.txt"].append([number, study.nct_id, "ALL", text])
        for one in study.interventions:
            number += 1
            kind = one.type.title() if old else one.type.upper().replace(" ", "_")
            rows["interventions.txt"].append([number, study.nct_id, kind, one.name, "as\nwritten"])
            for other in one.other_names:
                rows["intervention_other_names.txt"].append([1000 - number, study.nct_id, number, other])
        for file, names in {
            "conditions.txt": study.conditions,
            "browse_conditions.txt": study.condition_terms,
            "browse_interventions.txt": study.intervention_terms,
        }.items():
            for name in names:
                number += 1
                kinds = ["mesh-list"] if file.startswith("browse") else []
                rows[file].append([number, study.nct_id, name, name.lower(), *kinds])
        for file in ("browse_conditions.txt", "browse_interventions.txt"):
            rows[file].append([number + 1, study.nct_id, "Everything", "everything", "mesh-ancestor"])
    return rows


def dates(study):
    for text in (study.start_date, study.primary_completion_date, study.completion_date, study.verified_date):
        yield text
        yield last_day(text) if len(text) == 7 else text


def last_day(month):
    first = dt.date.fromisoformat(f"{month}-01")
    return str((first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1))


def rendered(rows, quoting=csv.QUOTE_MINIMAL):
    """Every file's text; the order of rows in the file means nothing."""
    texts = {}
    for name, header in HEADERS.items():
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter="|", lineterminator="\n", quoting=quoting)
        writer.writerow(header)
        shuffled = list(rows[name])
        random.Random(1).shuffle(shuffled)
        writer.writerows(shuffled)
        texts[name] = stream.getvalue()
    return texts


def zipped(folder, texts, name="20240501_export_ctgov.zip"):
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in texts.items():
            archive.writestr(file, text)
    return path


def read(path):
    rejects = []
    return list(read_aact(path, rejects.append)), rejects


@pytest.mark.parametrize("old", [False, True])
def test_the_studies_come_back(tmp_path, old):
    studies, rejects = read(zipped(tmp_path, rendered(tables(STUDIES, old=old))))
    expected = [
        Study(**{**fields(study), "phase": study.phase.replace("PHASE", "Phase ") if old else study.phase})
        for study in STUDIES
    ]
    assert studies == expected
    assert rejects == []


def fields(study):
    return {name: getattr(study, name) for name in Study.__slots__}


def test_unpacked_files_are_the_same_archive(tmp_path):
    folder = tmp_path / "20240501_export"
    folder.mkdir()
    for name, text in rendered(tables(STUDIES)).items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    before = sorted(folder.iterdir())
    assert read(folder) == (list(STUDIES), [])
    assert sorted(folder.iterdir()) == before
    assert read(folder)[0][0].trial().drugs[0].other_names == ("ZLM-1", "Zilu | Mab")


def test_a_name_without_a_date_gives_no_version(tmp_path):
    studies, _ = read(zipped(tmp_path, rendered(tables(STUDIES)), "aact.zip"))
    assert {study.version for study in studies} == {""}


def test_every_mesh_term_is_kept_where_no_column_tells_them_apart(tmp_path):
    texts = rendered(tables(STUDIES))
    for name in ("browse_conditions.txt", "browse_interventions.txt"):
        texts[name] = "\n".join(line.rpartition("|")[0] for line in texts[name].splitlines())
    studies, _ = read(zipped(tmp_path, texts))
    assert studies[0].condition_terms == ("Herpes Zoster", "Asthma", "Everything")


def test_carriage_returns_marks_and_columns_in_another_order_are_read(tmp_path):
    texts = rendered(tables(STUDIES[1:]))
    texts["conditions.txt"] = "\ufeff" + "name|nct_id\r\nAsthma|NCT90000002\r\n"
    assert read(zipped(tmp_path, texts)) == (list(STUDIES[1:]), [])


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        ("conditions.txt", '7|NCT90000002|"open|open', "quote"),
        ("conditions.txt", '7|NCT90000002|"clo"sed|x', "quote"),
        ("eligibilities.txt", "7|NCT90000002|ALL", "too few fields"),
        ("interventions.txt", "7|NCT90000002|DRUG|a|b|c", "too many fields"),
        ("browse_conditions.txt", "7|NCT90000002|\udcff|a|mesh-list", "not UTF-8"),
    ],
)
def test_a_study_with_a_broken_row_is_passed_over_and_said(tmp_path, file, row, reason):
    texts = rendered(tables(STUDIES))
    lines = texts[file].splitlines(keepends=True)
    raw = {name: text.encode() for name, text in texts.items()}
    raw[file] = "".join([lines[0], *lines[1:], row, "\n"]).encode("utf-8", "surrogateescape")
    studies, rejects = read(zipped(tmp_path, raw))
    assert [study.nct_id for study in studies] == ["NCT90000001", "NCT90000003"]
    assert [reject.nct_id for reject in rejects] == ["NCT90000002"]
    assert reason in rejects[0].reason
    assert file in rejects[0].where


def many(count):
    return [Study(nct_id=f"NCT8{number:07d}", conditions=(f"condition {number}",)) for number in range(count)]


@pytest.mark.parametrize("place", [50, 1990, 1999])
def test_an_open_quote_loses_no_study_in_silence(tmp_path, place):
    studies = many(2000)
    texts = rendered(tables(studies))
    lines = texts["conditions.txt"].splitlines()
    broken = lines[place + 1].split("|")
    lines[place + 1] = "|".join([*broken[:2], f'"{broken[2]}', broken[3]])
    texts["conditions.txt"] = "\n".join(lines) + "\n"
    found, rejects = read(zipped(tmp_path, texts))
    rejected = [reject.nct_id for reject in rejects]
    assert len(set(rejected)) == len(rejected)
    assert sorted([study.nct_id for study in found] + rejected) == [study.nct_id for study in studies]
    assert all(study.conditions == studies[int(study.nct_id[4:])].conditions for study in found)
    assert broken[1] in rejected


def test_a_second_row_and_a_wrong_id_are_said(tmp_path):
    rows = tables(STUDIES)
    rows["studies.txt"].append(rows["studies.txt"][0])
    rows["studies.txt"].append(["N1", *rows["studies.txt"][0][1:]])
    studies, rejects = read(zipped(tmp_path, rendered(rows)))
    assert [study.nct_id for study in studies] == [study.nct_id for study in STUDIES]
    assert sorted((reject.nct_id or "", reject.reason) for reject in rejects) == [
        ("", "nct_id: 'N1' is not an NCT id; it is NCT and eight digits"),
        ("NCT90000001", "a second row of this study; one of them is read"),
    ]


@pytest.mark.parametrize("name", HEADERS)
def test_a_missing_table_is_named(tmp_path, name):
    texts = rendered(tables(STUDIES))
    del texts[name]
    with pytest.raises(InputError, match=f"has no {name}"):
        read(zipped(tmp_path, texts))


@pytest.mark.parametrize(("file", "column"), [("studies.txt", "overall_status"), ("conditions.txt", "nct_id")])
def test_a_missing_column_is_named(tmp_path, file, column):
    texts = rendered(tables(STUDIES))
    texts[file] = texts[file].replace(column, "other", 1)
    with pytest.raises(InputError, match=f"{file} has no column '{column}'"):
        read(zipped(tmp_path, texts))


def test_what_is_no_archive_is_refused(tmp_path):
    with pytest.raises(MissingArtefactError, match="no file"):
        read(tmp_path / "absent.zip")
    text = tmp_path / "text.zip"
    text.write_text("no zip")
    with pytest.raises(InputError, match="no zip archive"):
        read(text)
    whole = zipped(tmp_path, rendered(tables(STUDIES)))
    data = bytearray(whole.read_bytes())
    data[60:90] = bytes(30)
    whole.write_bytes(data)
    with pytest.raises(InputError, match="cannot be unpacked"):
        read(whole)


def test_an_empty_table_of_studies_gives_none(tmp_path):
    assert read(zipped(tmp_path, rendered(tables([])))) == ([], [])


def test_the_temporary_folder_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = zipped(tmp_path, rendered(tables(STUDIES)))
    studies = read_aact(path, [].append)
    next(studies)
    assert list((tmp_path / "temporary").iterdir())
    studies.close()
    assert not list((tmp_path / "temporary").iterdir())
    with pytest.raises(InputError):
        read(zipped(tmp_path, {"studies.txt": ""}, "broken.zip"))
    assert not list((tmp_path / "temporary").iterdir())


def test_a_full_disk_is_said_before_anything_is_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(aact_files, "free_bytes", lambda folder: 100)
    with pytest.raises(StorageError, match=r"needs .* GB .* TMPDIR"):
        read(zipped(tmp_path, rendered(tables(STUDIES))))


def test_without_duckdb_the_extra_is_named(tmp_path, monkeypatch):
    known = builtins.__import__

    def absent(name, *arguments, **keywords):
        if name == "duckdb":
            raise ImportError(name)
        return known(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cladmop\[corpus\]'"):
        read(tmp_path)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_any_text_survives(texts):
    studies = [
        Study(nct_id=f"NCT7{number:07d}", title=title.strip(), criteria=criteria.replace("\r", ""))
        for number, (title, criteria) in enumerate(texts)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = zipped(Path(folder), rendered(tables(studies), csv.QUOTE_ALL), "aact.zip")
        assert read(path) == (studies, [])


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_damaged_archives_never_lose_a_study_in_silence(data):
    studies = many(6)
    texts = rendered(tables(studies))
    name = data.draw(st.sampled_from(["studies.txt", "conditions.txt"]))
    text = bytearray(texts[name].encode())
    first = text.index(b"\n") + 1
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(first, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from([b'"', b"|", b"\n", b"\xff", b""])
        )
    with tempfile.TemporaryDirectory() as folder:
        try:
            found, rejects = read(zipped(Path(folder), {**texts, name: bytes(text)}))
        except InputError:
            return
    said = {study.nct_id for study in found} | {reject.nct_id for reject in rejects}
    assert all(study.nct_id in said for study in studies) or None in said or name == "studies.txt"
