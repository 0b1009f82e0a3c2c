"""What a build will take is counted and measured on its own sources."""

import gzip
import json
import zipfile
from dataclasses import replace

import pytest

from cladmop.corpus.fetchable import weigh_query
from cladmop.corpus.forecast import TRIAL_BYTES, Rates, measure, weigh
from cladmop.corpus.manifest import BuildSettings
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import InputError, MissingArtefactError
from cladmop.sources.studies import SourceKind
from invented_registry import as_json, study, write_json_source, write_xml_source
from sources.registry_server import registry as serving

STUDIES = [study(number) for number in range(30)]
LINES = "".join(json.dumps(as_json(one)) + "\n" for one in STUDIES)


def list_of(path):
    return write_json_source(path / "list.json", STUDIES)


def gzipped(path):
    (path / "lines.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    return path / "lines.jsonl.gz"


def one_a_member(path):
    with zipfile.ZipFile(path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for one in STUDIES:
            archive.writestr(f"{one.nct_id}.json", json.dumps(as_json(one)))
    return path / "all.zip"


def folder(path):
    (path / "folder").mkdir()
    for part in range(3):
        write_json_source(path / "folder" / f"{part}.json", STUDIES[part::3])
    return path / "folder"


def fetched(path):
    (path / "pages").mkdir()
    write_json_source(path / "pages" / "page-000001.json", STUDIES)
    (path / "pages" / "fetch.json").write_text(json.dumps({"studies": 30, "complete": True}), encoding="utf-8")
    return path / "pages"


def legacy(path):
    return write_xml_source(path / "old.zip", STUDIES)


def tables(path):
    with zipfile.ZipFile(path / "aact.zip", "w") as archive:
        archive.writestr("x/studies.txt", "nct_id|title\n" + "".join(f"{one.nct_id}|x\n" for one in STUDIES))
    return path / "aact.zip"


@pytest.mark.parametrize("write", [list_of, gzipped, one_a_member, folder, fetched, legacy, tables])
def test_records_of_every_kind_are_counted(tmp_path, write):
    source = write(tmp_path)
    weight = weigh(source, None)
    assert weight.records == 30
    files = [source] if source.is_file() else list(source.iterdir())
    assert (weight.files, weight.bytes) == (len(files), sum(path.stat().st_size for path in files))


def test_the_head_of_a_long_file_stands_for_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("cladmop.corpus.forecast._HEAD", 8_000)
    path = tmp_path / "long.jsonl"
    path.write_text(LINES * 20, encoding="utf-8")
    assert weigh(path, SourceKind.JSON).records == pytest.approx(600, rel=0.1)


def test_what_is_damaged_counts_nothing_and_what_is_missing_is_an_error(tmp_path):
    damaged = tmp_path / "cut.jsonl.gz"
    damaged.write_bytes(b"\x1f\x8b no gzip")
    assert weigh(damaged, SourceKind.JSON).records == 0
    with pytest.raises(MissingArtefactError, match="nowhere"):
        weigh(tmp_path / "nowhere", None)
    with pytest.raises(InputError, match="no download of the registry"):
        weigh(write_xml_source(tmp_path / "x.zip", []), None)


def test_a_sample_is_read_resolved_and_judged(tmp_path):
    running = [replace(one, status="recruiting", nct_id=f"{one.nct_id[:-3]}9{one.nct_id[-2:]}") for one in STUDIES]
    path = write_json_source(tmp_path / "s.json", [*STUDIES, *running])
    approved = tmp_path / "approved.txt"
    approved.write_text("aspirin\ncaffeine\n", encoding="utf-8")
    rates = measure([(path, SourceKind.JSON)], BuildSettings(approved=approved), DrugResolver.default())
    assert rates.sample == 60
    assert rates.finished == 0.5
    assert min(rates.reading, rates.names, rates.judging, rates.approvals) > 0
    fewer = measure([(path, SourceKind.JSON)], BuildSettings(approved=approved), DrugResolver.default(), seconds=0)
    assert fewer.sample == 2  # the first is not timed


def test_workers_share_the_names_alone():
    rates = Rates(100, reading=0.001, names=0.004, judging=0.002, approvals=8.0, finished=0.5)
    assert rates.seconds(1000, 1) == pytest.approx(15.0)
    assert rates.seconds(1000, 4) == pytest.approx(6.0)
    assert rates.memory(1000) == 500 * TRIAL_BYTES


def test_a_query_is_weighed_by_its_count_and_first_studies():
    with serving([as_json(one) for one in STUDIES] * 50) as server:
        found = weigh_query(server.url, {})
        server.counts = False
        assert weigh_query(server.url, {}).studies is None
    assert (found.studies, found.sample, found.requests) == (1500, 100, 2)
    assert found.bytes_each == pytest.approx(len(LINES) / 30, rel=0.05)
    assert 0 < found.stored_each < found.bytes_each / 3
