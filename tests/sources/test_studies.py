"""Any download is recognised by what it holds."""

import gzip
import json
import zipfile

import pytest

from cladmop.errors import InputError, MissingArtefactError
from cladmop.sources.studies import SourceKind, read_studies, recognise

RECORD = json.dumps({"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}}})
XML = "<clinical_study><id_info><nct_id>NCT00000001</nct_id></id_info></clinical_study>"


@pytest.fixture
def pack(tmp_path):
    def pack(name, data):
        path = tmp_path / "download"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, data)
        return path

    return pack


def test_kinds_are_recognised_by_content(pack, tmp_path) -> None:
    assert recognise(pack("a/NCT1.xml", XML)) is SourceKind.XML
    assert recognise(pack("ctg.json", RECORD)) is SourceKind.JSON
    assert recognise(pack("2025/studies.txt", "nct_id|phase\n")) is SourceKind.AACT
    path = tmp_path / "plain"
    for data in (RECORD.encode(), f"\ufeff \n[{RECORD}]".encode(), gzip.compress(RECORD.encode())):
        path.write_bytes(data)
        assert recognise(path) is SourceKind.JSON
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "page-000001.json.gz").write_bytes(gzip.compress(RECORD.encode()))
    assert recognise(folder) is SourceKind.JSON
    (folder / "studies.txt").write_text("nct_id|phase\n", encoding="utf-8")
    assert recognise(folder) is SourceKind.AACT


def test_studies_are_read_whatever_the_kind(pack, tmp_path) -> None:
    for name, data in (("a.xml", XML), ("a.json", RECORD)):
        (study,) = read_studies(pack(name, data), pytest.fail)
        assert study.nct_id == "NCT00000001"
    assert len(list(read_studies(pack("a.json", RECORD), pytest.fail, SourceKind.JSON))) == 1
    with pytest.raises(InputError, match=r"no member named \*\.xml"):
        list(read_studies(pack("a.json", RECORD), pytest.fail, SourceKind.XML))


def test_what_is_none_is_an_error_that_lists_the_kinds(pack, tmp_path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(b"nct_id,phase\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    for other in (path, empty, pack("a.csv", "x")):
        with pytest.raises(InputError, match=r"accepted are a zip of XML records .* AACT"):
            recognise(other)
    path.write_bytes(b"PK\3\4 cut")
    with pytest.raises(InputError, match="not a zip archive, or cut"):
        recognise(path)
    with pytest.raises(MissingArtefactError, match="no file"):
        recognise(tmp_path / "none")


def test_no_study_is_never_silent(tmp_path) -> None:
    path = tmp_path / "t.json"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="no study in it"):
        list(read_studies(path, pytest.fail))
    path.write_text("[3]", encoding="utf-8")
    rejects = []
    assert list(read_studies(path, rejects.append)) == []
    assert len(rejects) == 1
