"""The registry's API against a server on this machine: nothing lost, nothing doubled, and clear words."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.errors import CorruptArtefactError, InputError, NetworkError
from cladmop.http import PoliteClient
from cladmop.sources.api import RegistryApi, corpus_query, looks_like_nct_id, version_of
from cladmop.sources.pages import Seen, read_page
from sources.registry_server import Bad, registry, study

STUDIES = [study(number) for number in range(1, 21)]
QUERY = {"filter.advanced": "AREA[Phase]PHASE1"}
SIZE = 3  # seven pages


@pytest.fixture(autouse=True)
def online(monkeypatch, home):
    monkeypatch.delenv("CLADMOP_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    with registry(list(STUDIES)) as running:
        yield running


@pytest.fixture
def said():
    return []


@pytest.fixture
def api(server, said):
    client = PoliteClient(interval=0.0, timeout=0.3, first_delay=0.01)
    return RegistryApi(server.url, interval=1.0, client=client, say=said.append)


@pytest.fixture
def fetch(api, tmp_path):
    return lambda query=QUERY, page_size=SIZE: api.fetch(tmp_path / "raw", query, page_size=page_size)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "raw"


def pages(folder):
    return sorted(path.name for path in folder.glob("page-*.json.gz"))


def ids(folder):
    """NCT ids on all pages, in order, each as often as it is there."""
    found = []
    for name in pages(folder):
        page = json.loads(gzip.decompress((folder / name).read_bytes()))
        found += [one["protocolSection"]["identificationModule"]["nctId"] for one in page["studies"]]
    return found


def served(server):
    return [one["protocolSection"]["identificationModule"]["nctId"] for one in server.studies]


def manifest(folder):
    return json.loads((folder / "fetch.json").read_text(encoding="utf-8"))


def check_whole(server, folder, result):
    """The folder holds exactly what the server has, once."""
    assert ids(folder) == served(server)
    assert (result.studies, result.timestamp) == (len(server.studies), server.timestamp)
    assert pages(folder) == [f"page-{number:06d}.json.gz" for number in range(1, result.pages + 1)]
    assert sorted(path.name for path in folder.iterdir()) == ["fetch.json", *pages(folder)]
    assert manifest(folder)["complete"] is True
    assert manifest(folder)["data_timestamp"] == server.timestamp


def test_the_version_is_told(api):
    assert api.version() == ("2.0.3", "2025-11-20T09:00:05")


def test_a_query_is_saved_page_by_page_as_it_came(server, fetch, folder, said):
    result = fetch()
    check_whole(server, folder, result)
    assert result.pages == 7
    held = manifest(folder)
    assert held["attribution"] == "ClinicalTrials.gov, processed on 2025-11-20"
    assert held["plan"] == {"source": server.url, "query": QUERY, "page_size": SIZE}
    assert (held["total"], held["unidentified"], held["api_version"]) == (20, 0, "2.0.3")
    assert said == ["20 studies of 2025-11-20T09:00:05, 3 of them here: 6 more requests, at least 1 min"]
    raw = gzip.decompress((folder / "page-000001.json.gz").read_bytes())
    assert "café".encode() in raw, "bytes as they came"


def test_all_parameters_but_the_token_are_equal_between_pages(server, fetch):
    fetch()
    asked = [parameters for _, path, parameters in server.asked if path.endswith("/studies")]
    assert "pageToken" not in asked[0]
    assert len({parameters.pop("pageToken", None) for parameters in asked}) == 7
    assert all(parameters == {**QUERY, "pageSize": "3", "countTotal": "true"} for parameters in asked)


def test_equal_answers_give_equal_bytes(server, api, tmp_path):
    for name in ("a", "b"):
        api.fetch(tmp_path / name, QUERY, page_size=SIZE)
    assert (tmp_path / "a" / "page-000001.json.gz").read_bytes()[4:8] == bytes(4), "no time of day"
    for name in (*pages(tmp_path / "a"), "fetch.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_an_empty_page_is_not_the_end(server, fetch, folder):
    server.empty_after = {1, 4}
    result = fetch()
    check_whole(server, folder, result)
    assert result.pages == 9


def test_a_query_without_studies_is_complete(server, fetch, folder):
    server.studies = []
    assert fetch() == (1, 0, server.timestamp)
    check_whole(server, folder, fetch())


BAD = {
    "busy": [Bad(429, {"Retry-After": "0"}), Bad(503)],
    "failing": [Bad(500), Bad(500)],
    "slow": [Bad(stall=0.6)],
    "cut": [Bad(cut=100)],
    "not JSON": [Bad(body=b"<html>maintenance</html>"), Bad(body=b"")],
    "cut without notice": [Bad(body=json.dumps({"studies": STUDIES}).encode()[:500])],
    "no studies": [Bad(body=b'{"error": "internal"}')],
    "studies of another kind": [Bad(body=b'{"studies": {"a": 1}}')],
    "not an object": [Bad(body=b"[]")],
    "not UTF-8": [Bad(body=b"\xff\xfe")],
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("page", [1, 4, 7])
def test_a_wrong_answer_is_asked_for_again(server, fetch, folder, kind, page):
    server.bad = {page: list(BAD[kind])}
    check_whole(server, folder, fetch())
    asked = server.pages_asked()
    assert asked == sorted(asked)
    assert asked.count(page) == 1 + len(BAD[kind])


def test_the_time_that_a_busy_server_names_is_waited(server, fetch):
    server.bad = {2: [Bad(429, {"Retry-After": "1"})]}
    fetch()
    moments = [moment for moment, path, parameters in server.asked if "pageToken" in parameters]
    assert moments[1] - moments[0] > 0.9


def test_the_interval_is_held(server, tmp_path):
    RegistryApi(server.url, interval=0.05).fetch(tmp_path / "raw", QUERY, page_size=SIZE)
    moments = [moment for moment, _, _ in server.asked]
    assert len(moments) == 9
    assert moments[-1] - moments[0] > 0.05 * 7.5


def test_a_page_that_stays_malformed_is_named_and_all_before_it_kept(server, fetch, folder):
    server.bad = {4: [Bad(body=b"oops")] * 5}
    with pytest.raises(NetworkError, match=r"page 4: .*not a page of studies.*3 pages are kept"):
        fetch()
    assert ids(folder) == served(server)[:9]
    assert manifest(folder)["complete"] is False
    (folder / "page-000004.json.gz").write_bytes(b"written, but not yet counted, when killed")
    check_whole(server, folder, fetch())
    assert server.pages_asked() == [1, 2, 3, 4, 4, 4, 4, 4, 4, 5, 6, 7]


def test_a_page_that_names_itself_as_the_next_ends(server, fetch):
    token = "same"
    server.bad = {1: [Bad(body=json.dumps({"studies": [], "nextPageToken": token}).encode())]}
    with pytest.raises(NetworkError, match="page 2"):
        fetch()


def test_a_refused_token_starts_again(server, fetch, folder, said):
    server.bad = {3: [Bad(400, body=b"invalid token")]}
    check_whole(server, folder, fetch())
    assert server.pages_asked() == [1, 2, 3, 1, 2, 3, 4, 5, 6, 7]
    assert any("refuses the token" in line and "starting again from page one" in line for line in said)


@pytest.mark.parametrize("bound", [True, False])
@pytest.mark.parametrize("size", [4, 20, 26])
def test_new_data_in_the_middle_start_again(server, fetch, folder, said, bound, size):
    server.bound_tokens = bound
    server.before = {3: lambda: server.change([study(number) for number in range(2, 2 + size)])}
    check_whole(server, folder, fetch())
    assert any("starting again from page one" in line for line in said)


def test_data_that_never_rest_are_given_up(server, fetch, folder):
    days = iter(range(10, 30))

    def change():
        server.change(server.studies, f"2026-01-{next(days)}T00:00:00")
        server.before = {2: change}

    server.before = {2: change}
    with pytest.raises(NetworkError, match="changed during each of 4 fetches"):
        fetch()
    assert ids(folder) == served(server)[:3]


def test_a_folder_that_is_up_to_date_is_left_alone(server, fetch, folder, said):
    first = fetch()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    server.asked.clear()
    assert fetch() == first
    assert [path for _, path, _ in server.asked] == ["/api/v2/version"]
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert "nothing to do" in said[-1]


def test_former_pages_stay_until_newer_data_have_all_come(server, fetch, folder):
    fetch()
    former = ids(folder)
    server.change([study(number) for number in range(5, 15)])
    server.bad = {3: [Bad(500)] * 5}
    with pytest.raises(NetworkError, match="page 3"):
        fetch()
    assert ids(folder) == former
    assert manifest(folder)["complete"] is True
    server.asked.clear()
    check_whole(server, folder, fetch())
    assert server.pages_asked() == [3, 4], "the renewal goes on where it was"


def test_a_renewal_killed_while_it_takes_its_place_is_finished(server, fetch, folder, monkeypatch):
    fetch()
    server.change([study(number) for number in range(5, 15)])
    replace, moved = Path.replace, []

    def die(path, to):
        if path.parent.name == "renewal" and path.name.startswith("page-"):
            moved.append(path)
            if len(moved) == 3:
                raise KeyboardInterrupt
        return replace(path, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            fetch()
    assert manifest(folder)["complete"] is False
    server.asked.clear()
    check_whole(server, folder, fetch())
    assert server.pages_asked() == []


def test_studies_are_counted_once_and_unreadable_ones_apart(server, fetch, folder, said):
    server.studies = [study(1), study(2), study(1), {"protocolSection": None}, 5, study(3)]
    result = fetch(page_size=2)
    assert result.studies == 3
    assert (manifest(folder)["studies"], manifest(folder)["unidentified"]) == (3, 2)
    assert any("2 records have no readable NCT id" in line for line in said)
    assert any("counts 6 studies, its pages held 5" in line for line in said)


def test_a_registry_that_does_not_count_is_fetched_too(server, fetch, folder, said):
    server.counts = False
    check_whole(server, folder, fetch())
    assert manifest(folder)["total"] is None
    assert "does not say how many" in said[0]


def test_a_folder_of_another_query_is_refused(server, fetch, folder):
    fetch()
    before = ids(folder)
    for other in ({"query": {"query.term": "gout"}}, {"page_size": 4}):
        with pytest.raises(InputError, match="choose another folder"):
            fetch(**other)
    (folder / "fetch.json").unlink()
    with pytest.raises(InputError, match=r"no fetch\.json"):
        fetch()
    (folder / "fetch.json").write_text("{", encoding="utf-8")
    with pytest.raises(CorruptArtefactError, match=r"fetch\.json"):
        fetch()
    assert ids(folder) == before


def test_a_wrong_query_is_the_users_to_mend(server, fetch):
    with pytest.raises(InputError, match=r"`filter\.phase` is unknown parameter"):
        fetch({"filter.phase": "PHASE1"})
    with pytest.raises(InputError, match="'pageToken' is set by the fetch itself"):
        fetch({"pageToken": "x"})
    for size in (0, 1001):
        with pytest.raises(InputError, match=f"page size {size}"):
            fetch(page_size=size)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_a_damaged_page_is_found_and_all_fetched_again(server, fetch, folder, said, damage):
    server.bad = {6: [Bad(500)] * 5}
    with pytest.raises(NetworkError):
        fetch()
    damage(folder / "page-000002.json.gz")
    check_whole(server, folder, fetch())
    assert any("page-000002" in line for line in said)


def test_a_missing_page_of_a_complete_folder_is_found(server, fetch, folder):
    fetch()
    (folder / "page-000005.json.gz").unlink()
    check_whole(server, folder, fetch())


PROGRAM = """
import sys
from pathlib import Path
from cladmop.http import PoliteClient
from cladmop.sources.api import RegistryApi
RegistryApi(sys.argv[1], client=PoliteClient(interval=0.0)).fetch(
    Path(sys.argv[2]), {"filter.advanced": "AREA[Phase]PHASE1"}, page_size=3
)
"""


@pytest.mark.parametrize("page", [1, 5])
def test_a_killed_fetch_goes_on_where_it_was(server, fetch, folder, page):
    reached, killed = threading.Event(), threading.Event()

    def hang():
        reached.set()
        killed.wait(30)

    server.before = {page: hang}
    running = subprocess.Popen([sys.executable, "-c", PROGRAM, server.url, str(folder)])
    try:
        assert reached.wait(60)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
        killed.set()
    assert ids(folder) == served(server)[: SIZE * (page - 1)]
    for name in (".page-000009.json.gz.abc.part", ".fetch.json.abc.part"):
        (folder / name).write_bytes(b"half-written when killed")
    check_whole(server, folder, fetch())
    assert server.pages_asked() == sorted([*range(1, 8), page]), "only the page it waited for is asked for again"


def test_offline_asks_nothing(server, api, fetch, monkeypatch):
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    for ask in (fetch, api.version, lambda: api.study("NCT00000001")):
        with pytest.raises(NetworkError, match=r"no network.*CLADMOP_OFFLINE"):
            ask()
    assert server.asked == []


def test_a_study_is_fetched_once_and_its_copy_kept(server, api, home, said):
    body = api.study("nct00000007")
    assert json.loads(body) == STUDIES[6]
    (copy,) = home.rglob("NCT00000007.json")
    assert copy.read_bytes() == body
    assert copy.parent.parent == home / "registry", "another server's copies lie apart"
    assert said == []
    assert api.study("NCT00000007") == body
    assert len(server.asked) == 1
    assert "0 days ago" in said[-1]


def age(path, days):
    moment = time.time() - days * 86400
    os.utime(path, (moment, moment))


def test_an_old_copy_is_renewed_or_its_age_is_said(server, api, tmp_path, said, monkeypatch):
    former = api.study("NCT00000001", cache=tmp_path)
    path = tmp_path / "NCT00000001.json"
    server.studies[0] = study(1, conditionsModule={"conditions": ["Asthma"]})
    age(path, 6)
    assert api.study("NCT00000001", cache=tmp_path) == former
    age(path, 8)
    renewed = api.study("NCT00000001", cache=tmp_path)
    assert b"Asthma" in renewed
    age(path, 30)
    server.bad_studies = [Bad(500)] * 3
    assert api.study("NCT00000001", cache=tmp_path) == renewed
    assert "30 days ago" in said[-1]
    assert "HTTP 500" in said[-1]
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    assert api.study("NCT00000001", cache=tmp_path) == renewed


def test_a_damaged_copy_is_fetched_again(server, api, tmp_path):
    (tmp_path / "NCT00000001.json").write_bytes(b'{"protocolSection": {"identif')
    assert json.loads(api.study("NCT00000001", cache=tmp_path)) == STUDIES[0]


def test_a_malformed_study_is_asked_for_again_and_never_kept(server, api, tmp_path):
    server.bad_studies = [Bad(body=b"<html>"), Bad(body=b"[]")]
    assert json.loads(api.study("NCT00000001", cache=tmp_path)) == STUDIES[0]
    server.bad_studies = [Bad(body=b"<html>")] * 3
    with pytest.raises(NetworkError, match="not JSON"):
        api.study("NCT00000002", cache=tmp_path)
    assert not (tmp_path / "NCT00000002.json").exists()


def test_an_unknown_and_a_malformed_id_are_input_errors(server, api):
    with pytest.raises(InputError, match="NCT99999999 is not registered"):
        api.study("NCT99999999")
    for text in ("NCT123", "01234567", "NCT012345678", ""):
        with pytest.raises(InputError, match="NCT and eight digits"):
            api.study(text)
    assert len(server.asked) == 1


def test_without_a_network_the_way_out_is_said(tmp_path):
    api = RegistryApi("http://127.0.0.1:9/api/v2", client=PoliteClient(interval=0.0, first_delay=0.0))
    with pytest.raises(NetworkError, match=r"no network.*download the record as JSON.*give that file"):
        api.study("NCT01234567")
    with pytest.raises(NetworkError, match="no network"):
        api.fetch(tmp_path / "raw", QUERY)
    assert not (tmp_path / "raw").exists()


def test_a_version_that_is_none_is_a_network_error(server, api):
    client = PoliteClient(interval=0.0, first_delay=0.0)
    with pytest.raises(NetworkError, match="HTTP 404"):
        RegistryApi(f"{server.url}/nowhere", client=client).version()
    with pytest.raises(NetworkError, match="the answer is"):
        RegistryApi(f"{server.url}/studies?", client=client).version()


def test_the_corpus_query_names_phases_as_the_api_does():
    query = corpus_query(["PHASE2", "PHASE3"])
    assert query["filter.advanced"] == "AREA[StudyType]INTERVENTIONAL AND (AREA[Phase]PHASE2 OR AREA[Phase]PHASE3)"
    assert query["fields"] == "protocolSection,derivedSection"
    with pytest.raises(InputError, match=r"'phase 2'.*PHASE2"):
        corpus_query(["phase 2"])
    with pytest.raises(InputError, match="no phase"):
        corpus_query([])


def test_an_id_is_told_from_a_file_name():
    assert [looks_like_nct_id(text) for text in ("NCT01234567", "nct1", "NCT", "NCT1.json", "a/NCT01234567")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_version_of_a_record_is_said():
    assert version_of(study(1)) == "version of 2025-11-20, last updated on 2024-05-06"
    assert version_of({"protocolSection": {}}) == "version of an unknown date, last updated on an unknown date"
    with pytest.raises(InputError, match="statusModule"):
        version_of({"protocolSection": {"statusModule": 5}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["protocolSection", "nctId", "x"]), inner),
    max_leaves=20,
)


@given(st.lists(JSON), st.none() | st.text())
def test_any_records_on_a_page_are_counted(records, token):
    page = read_page(json.dumps({"studies": records, "nextPageToken": token}).encode())
    assert page.next_page_token == token
    seen = Seen()
    seen.add(page)
    assert seen.unidentified + len(seen.nct_ids) == len(records)


@given(st.data())
def test_mutated_bytes_are_a_page_or_a_clear_error(data):
    body = bytearray(json.dumps({"studies": STUDIES[:2], "nextPageToken": "t", "totalCount": 2}).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError):  # anything else fails the test
        Seen().add(read_page(bytes(body)))
