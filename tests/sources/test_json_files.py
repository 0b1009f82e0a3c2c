"""JSON downloads in every form they come in, and everything that can be broken in them."""

import gzip
import json
import zipfile

import pytest

from cladmop.errors import InputError, MissingArtefactError
from cladmop.records.study import Intervention, Study
from cladmop.sources import json_files, json_stream
from cladmop.sources.ctgov import study_from_json
from cladmop.sources.json_files import read_json_file


def record(number, **protocol):
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{number:08}", "briefTitle": 'A "quoted" {"protocolSection": title'},
            "statusModule": {
                "statusVerifiedDate": "2025-11",
                "overallStatus": "ACTIVE_NOT_RECRUITING",
                "whyStopped": "too\n slow",
                "startDateStruct": {"date": "2024-12-16", "type": "ACTUAL"},
                "primaryCompletionDateStruct": {"date": "2026-09"},
                "completionDateStruct": {"date": "2026-10"},
            },
            "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE1", "PHASE2"]},
            "conditionsModule": {"conditions": ["Asthma", " "]},
            "armsInterventionsModule": {
                "interventions": [{"type": "COMBINATION_PRODUCT", "name": "X", "otherNames": ["X-1"]}]
            },
            "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* Äge \\>= 18"},
            **protocol,
        },
        "resultsSection": {"huge": [1.5e300, None, True]},
        "derivedSection": {
            "miscInfoModule": {"versionHolder": "2025-12-09"},
            "conditionBrowseModule": {"meshes": [{"id": "D1", "term": "Asthma"}]},
            "interventionBrowseModule": {"meshes": [{"id": "D2", "term": "Xanthine"}]},
        },
        "hasResults": False,
    }


RECORDS = [record(number) for number in range(1, 6)]
IDS = [f"NCT{number:08}" for number in range(1, 6)]
LIST = json.dumps(RECORDS).encode()


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def ids(path):
    rejects = []
    return [study.nct_id for study in read_json_file(path, rejects.append)], rejects


def test_every_field_is_read() -> None:
    assert study_from_json(json.dumps(record(7)).encode(), "x") == Study(
        nct_id="NCT00000007",
        title='A "quoted" {"protocolSection": title',
        study_type="interventional",
        status="active not recruiting",
        why_stopped="too slow",
        phase="PHASE1, PHASE2",
        start_date="2024-12-16",
        primary_completion_date="2026-09",
        completion_date="2026-10",
        verified_date="2025-11",
        version="2025-12-09",
        conditions=("Asthma",),
        condition_terms=("Asthma",),
        interventions=(Intervention("combination product", "X", ("X-1",)),),
        intervention_terms=("Xanthine",),
        criteria="Inclusion Criteria:\n\n* Äge \\>= 18",
    )
    without_phase = study_from_json(json.dumps(record(7, designModule={"phases": ["NA"]})).encode(), "x")
    assert without_phase.phase == ""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x: not valid JSON"),
        (b"3", "3 is not an object"),
        (b"{}", "no protocolSection"),
        (b'{"protocolSection": {}}', "identificationModule.nctId is missing"),
        (b'{"protocolSection": {"identificationModule": {"nctId": 7}}}', "nctId: 7 is not a text"),
        (b'{"protocolSection": {"designModule": {"phases": [null]}}}', r"phases\[0\]: None is not a text"),
        (b'{"protocolSection": {"conditionsModule": []}}', r"conditionsModule: \[\] is not an object"),
        (b'{"protocolSection": {"identificationModule": {"nctId": "\xff"}}}', "not valid JSON"),
        (b'{"protocolSection": {"identificationModule": {"nctId": "\\ud800"}}}', "not valid JSON"),
        (b'{"a": ' * 100_000, "not valid JSON"),
        (b'{"protocolSection": ' + b"[" * 100_000, "x: "),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(data, message) -> None:
    with pytest.raises(InputError, match=message) as caught:
        study_from_json(data, "x")
    assert "\n" not in str(caught.value)


FORMS = {
    "list.json": LIST,
    "pretty.json": json.dumps(RECORDS, indent=2).encode(),
    "tight.json": json.dumps(RECORDS, separators=(",", ":")).encode(),
    "marked.json": b"\xef\xbb\xbf" + LIST,
    "lines.jsonl": b"\n".join(json.dumps(one).encode() for one in RECORDS) + b"\n",
    "windows.ndjson": b"\r\n".join(json.dumps(one).encode() for one in RECORDS),
    "pretty.jsonl": b"\n".join(json.dumps(one, indent=1).encode() for one in RECORDS),
    "page.json": json.dumps({"totalCount": 5, "studies": RECORDS, "nextPageToken": "a"}).encode(),
    "end.json": json.dumps({"studies": RECORDS}, indent=2).encode(),
    "pages.jsonl": b"\n".join(json.dumps({"studies": part}).encode() for part in (RECORDS[:2], [], RECORDS[2:])),
    "order.json": json.dumps([dict(reversed(one.items())) for one in RECORDS]).encode(),
    "order.jsonl": b"\n".join(json.dumps(dict(reversed(one.items()))).encode() for one in RECORDS),
}


@pytest.mark.parametrize("size", [97, 1000, 2**20])
@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_however_it_is_cut_into_pieces(write, monkeypatch, name, size) -> None:
    monkeypatch.setattr(json_files, "_CHUNK", size)
    path = write(name, FORMS[name])
    assert ids(path) == (IDS, [])
    assert ids(write(f"{name}.gz", gzip.compress(FORMS[name]))) == (IDS, [])
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, FORMS[name])
    assert ids(path.with_suffix(".zip")) == (IDS, [])


def test_a_long_file_of_another_order_is_read_in_stretches(write, monkeypatch) -> None:
    monkeypatch.setattr(json_files, "_CHUNK", 1000)
    monkeypatch.setattr(json_stream, "_PATIENCE", 3000)
    for name in ("order.json", "order.jsonl"):
        assert ids(write(name, FORMS[name])) == (IDS, [])


def test_studies_equal_those_read_one_by_one(write, shared_dir) -> None:
    path = shared_dir / "ctgov" / "ctg-studies.json"
    expected = [study_from_json(json.dumps(one).encode(), "x") for one in json.loads(path.read_bytes())]
    assert list(read_json_file(path, pytest.fail)) == expected
    assert len(expected) == 60
    assert all(study.criteria and study.conditions and study.title and study.status for study in expected)


def test_a_folder_is_read_in_the_order_of_names(write, tmp_path) -> None:
    for number in (2, 1):
        write(f"b{number}.json", json.dumps([RECORDS[number]]))
    write("notes.txt", "?")
    assert ids(tmp_path) == (IDS[1:3], [])
    write("page-000002.json.gz", gzip.compress(json.dumps({"studies": RECORDS[4:]}).encode()))
    write("page-000001.json.gz", gzip.compress(json.dumps({"studies": RECORDS[3:4]}).encode()))
    assert ids(tmp_path) == (IDS[3:5], [])


def test_one_study_a_member(tmp_path) -> None:
    path = tmp_path / "studies.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(RECORDS):
            archive.writestr(f"x/{number}.json", json.dumps(one))
        archive.writestr("empty.json", "")
        archive.writestr("empty-list.json", "[]")
    found, rejects = ids(path)
    assert found == IDS
    assert [(one.where, one.reason) for one in rejects] == [(f"{path}: empty.json: byte 0", "empty")]


@pytest.mark.parametrize("form", ["list", "lines"])
@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("3", "3 is not an object"),
        ("{}", "no protocolSection"),
        (json.dumps(record(9, conditionsModule={"conditions": 3})), "conditionsModule.conditions: 3 is not a list"),
        (json.dumps(record(9)).replace("NCT00000009", "NCT9"), "'NCT9' is not an NCT id"),
        (json.dumps(record(9)).replace('"X"', "null"), r"interventions[0].name is missing"),
        (json.dumps(record(9))[:-300], "not valid JSON"),
        (json.dumps(record(9)).replace("1.5e+300", "9" * 5000), ""),
        (json.dumps(record(9)).replace("1.5e+300", "9" * 5000 + "x"), "not valid JSON"),
        (json.dumps(record(9)).replace("1.5e+300", "[" * 50_000), "nested too deeply"),
        (json.dumps(record(9)).replace("1.5e+300", "\x01"), "not valid JSON"),
        (json.dumps(record(9)).replace("Asthma", "\\ud800"), "not valid JSON"),
    ],
)
def test_a_broken_record_is_rejected_and_reading_goes_on(write, form, broken, reason) -> None:
    whole = [json.dumps(one) for one in RECORDS]
    parts = [*whole[:3], broken, *whole[3:]]
    text = "\n".join(parts) if form == "lines" else f"[{', '.join(parts)}]"
    found, rejects = ids(write("t.json", text))
    if not reason:
        assert (found, rejects) == ([*IDS[:3], "NCT00000009", *IDS[3:]], [])
        return
    assert found == IDS
    (reject,) = rejects
    assert reason in reject.reason
    assert reject.where.endswith(f"t.json: byte {text.index(broken, len(whole[0]) * 3)}")
    assert "\n" not in reject.reason


def test_invalid_utf_8_is_rejected(write) -> None:
    data = LIST.replace(b"NCT00000003", b"NCT0000000\xff")
    found, rejects = ids(write("t.json", data))
    assert found == [*IDS[:2], *IDS[3:]]
    assert "not valid JSON" in rejects[0].reason
    assert rejects[0].nct_id is None


@pytest.mark.parametrize("cut", [1, 2, 50, 400])
@pytest.mark.parametrize("name", ["list.json", "page.json", "end.json"])
def test_a_cut_file_is_said_to_be_cut(write, name, cut) -> None:
    found, rejects = ids(write(name, FORMS[name].rstrip()[:-cut]))
    assert len(found) >= 4
    assert found == IDS[: len(found)]
    assert rejects
    if len(found) == 4:
        assert rejects[0].nct_id == IDS[4]
    else:
        assert "cut" in rejects[-1].reason or "JSON" in rejects[-1].reason


def test_damaged_archives_give_what_they_hold(write, tmp_path) -> None:
    data = json.dumps([record(number) for number in range(1, 2000)]).encode()
    packed = gzip.compress(data)
    found, rejects = ids(write("t.json.gz", packed[: len(packed) // 2]))
    assert "gzip stream is cut" in rejects[-1].reason
    assert 100 < len(found) < 1999
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", data)
        archive.writestr("b.json", LIST)
    damaged = bytearray(path.read_bytes())
    damaged[len(packed) // 2] ^= 0xFF
    path.write_bytes(damaged)
    found, rejects = ids(path)
    assert found[-5:] == IDS
    assert "damaged" in rejects[-1].reason


def test_a_study_without_end_is_passed_over(write, monkeypatch) -> None:
    monkeypatch.setattr(json_files, "_CHUNK", 1000)
    monkeypatch.setattr(json_stream, "_PATIENCE", 4000)
    monkeypatch.setattr(json_stream, "STUDY_LIMIT", 20_000)
    huge = json.dumps(record(9)).replace("Asthma", "x" * 50_000)
    parts = [json.dumps(one) for one in RECORDS]
    found, rejects = ids(write("t.json", f"[{', '.join([*parts[:2], huge, *parts[2:]])}]"))
    assert found == IDS
    assert [(one.nct_id, one.reason) for one in rejects] == [("NCT00000009", "no study ends within 20,000 bytes")]


def test_what_cannot_be_read_at_all(write, tmp_path) -> None:
    with pytest.raises(MissingArtefactError, match="no file"):
        ids(tmp_path / "none.json")
    with pytest.raises(InputError, match=r"no file named \*\.json"):
        ids(tmp_path)
    assert ids(write("t.json", ""))[1][0].reason == "empty"
    assert "ends within" in ids(write("t.json", "["))[1][0].reason
    assert "not valid JSON" in ids(write("t.json", "hello"))[1][0].reason
    assert "ends within" in ids(write("t.json", "[" * 10_000))[1][0].reason
    assert ids(write("t.json", "[]")) == ([], [])


def test_pages_of_a_fetch_that_was_cut_are_refused(write, tmp_path) -> None:
    (tmp_path / "fetch.json").write_text('{"complete": false}', encoding="utf-8")
    (tmp_path / "page-000001.json").write_text('{"studies": []}', encoding="utf-8")
    with pytest.raises(InputError, match="not complete"):
        list(read_json_file(tmp_path, [].append))
