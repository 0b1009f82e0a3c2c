"""PubChem, played by a local server that is busy, slow, wrong and right."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote

import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs.pubchem import PubChem
from cladmop.drugs.resolve import DrugKind, DrugResolver
from cladmop.errors import CorruptArtefactError, NetworkError
from cladmop.http import PoliteClient

ROW = {"CID": 1, "SMILES": "CCO", "InChIKey": "K", "Title": "Inventol"}
NOT_FOUND = (404, {"Fault": {"Code": "PUGREST.NotFound", "Message": "No CID found"}})
BUSY = (503, {"Fault": {"Code": "PUGREST.ServerBusy"}})


def found(*rows):
    return 200, {"PropertyTable": {"Properties": list(rows)}}


@pytest.fixture
def site(monkeypatch):
    """A server whose answers by name are set by the test; each name's answers come in turn, the last again."""
    monkeypatch.delenv("CLADMOP_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        answers: ClassVar[dict[str, list]] = {}
        asked: ClassVar[list[str]] = []
        times: ClassVar[list[float]] = []

        def do_GET(self):
            name = unquote(self.path.split("/compound/name/")[1].split("/property/")[0])
            self.asked.append(name)
            self.times.append(time.monotonic())
            turns = self.answers.get(name, [NOT_FOUND])
            status, body = turns.pop(0) if len(turns) > 1 else turns[0]
            if status is None:
                self.connection.close()
                return
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        Handler.url = f"http://127.0.0.1:{server.server_address[1]}/rest/pug"
        yield Handler
        server.shutdown()
        thread.join()


@pytest.fixture
def pubchem(site, tmp_path):
    return PubChem(site.url, tmp_path / "answers.sqlite", PoliteClient(interval=0.0, first_delay=0.01))


@pytest.mark.parametrize("key", ["SMILES", "ConnectivitySMILES", "IsomericSMILES", "CanonicalSMILES"])
def test_an_answer_is_kept_whatever_the_structure_is_called(site, pubchem, tmp_path, key):
    site.answers["inventol"] = [found({"CID": 1, key: "CCO", "Title": "Inventol"})]
    for source in (pubchem, pubchem, PubChem(site.url, tmp_path / "answers.sqlite")):
        answer = source.find("inventol")
        assert answer is not None
        assert (answer.smiles, answer.name, len(answer.date)) == ("CCO", "inventol", 10)
    assert site.asked == ["inventol"]


def test_that_there_is_none_is_kept_too(site, pubchem):
    assert pubchem.find("unknownol") is None
    assert pubchem.find("unknownol") is None
    assert site.asked == ["unknownol"]


def test_a_refusal_in_pubchems_own_lay_out_is_read(site, pubchem):
    said = b'{\n  "Fault": {\n    "Code": "PUGREST.NotFound",\n    "Message": "No CID found",\n'
    site.answers["unknownol"] = [(404, said + b'    "Details": ["' + b"x" * 500 + b'"]\n  }\n}\n')]
    assert pubchem.find("unknownol") is None
    assert pubchem.find("unknownol") is None
    assert site.asked == ["unknownol"]


@pytest.mark.parametrize("first", [BUSY, (500, b"oops"), (None, b"")])
def test_a_busy_or_broken_server_is_asked_again(site, pubchem, first):
    site.answers["inventol"] = [first, first, found(ROW)]
    assert pubchem.find("inventol") is not None
    assert len(site.asked) >= 3


def test_a_server_that_stays_busy_is_an_error_and_nothing_is_kept(site, pubchem):
    site.answers["inventol"] = [BUSY]
    with pytest.raises(NetworkError, match="503"):
        pubchem.find("inventol")
    site.answers["inventol"] = [found(ROW)]
    assert pubchem.find("inventol") is not None


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>"),
        (200, {"x": 1}),
        (404, b"nginx"),
        (403, {"Fault": {"Code": "PUGREST.Forbidden"}}),
        (200, {"PropertyTable": {"Properties": [{}]}}),
    ],
)
def test_other_answers_are_refused(site, pubchem, answer):
    site.answers["inventol"] = [answer]
    with pytest.raises(NetworkError, match="check the address"):
        pubchem.find("inventol")


def test_two_substances_of_one_name_are_none(site, pubchem):
    site.answers["ambigol"] = [found(ROW, ROW | {"SMILES": "CCCO"})]
    site.answers["racemol"] = [found(ROW | {"SMILES": "C[C@H](N)O"}, ROW | {"SMILES": "C[C@@H](N)O"})]
    assert pubchem.find("ambigol") is None
    assert pubchem.find("racemol") is not None


def test_names_that_may_mean_anything_are_not_asked(site, pubchem):
    assert [pubchem.find(name) for name in ("abc", "placebo", "tablet", "some vaccine", "12345")] == [None] * 5
    assert site.asked == []


def test_requests_keep_their_distance(site, tmp_path):
    source = PubChem(site.url, tmp_path / "answers.sqlite", PoliteClient(interval=0.1))
    for name in ("first name", "second name", "third name"):
        source.find(name)
    PubChem(site.url, tmp_path / "others.sqlite", PoliteClient(interval=0.1)).find("fourth name")
    gaps = [later - earlier for earlier, later in zip(site.times, site.times[1:], strict=False)]
    assert min(gaps) > 0.08


def test_offline_only_kept_answers_are_given(site, pubchem, monkeypatch):
    site.answers["inventol"] = [found(ROW)]
    pubchem.find("inventol")
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    assert pubchem.find("inventol") is not None
    with pytest.raises(NetworkError, match="CLADMOP_OFFLINE"):
        pubchem.find("otherol")


def test_damaged_answers_are_named(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(CorruptArtefactError, match="delete it"):
        PubChem(store=tmp_path / "answers.sqlite")


def test_only_what_no_other_source_knows_is_asked(site, pubchem):
    site.answers["inventol"] = [found(ROW)]
    resolver = DrugResolver({}, {"knownol": "CCCO"}, sources=[pubchem])
    assert resolver.resolve("knownol 5 mg + inventol tablets + Placebo")[1].source == "pubchem"
    assert resolver.resolve("herbumab")[0].kind is DrugKind.BIOLOGIC
    assert site.asked == ["inventol"]
