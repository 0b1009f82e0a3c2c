import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from cladmop.diseases.conditions import NO_MATCH, resolve_conditions
from cladmop.diseases.nlm import NlmLookup
from cladmop.errors import CorruptArtefactError, NetworkError
from cladmop.http import PoliteClient

WORDINGS = [
    ["K31.84", "Gastroparesis"],
    ["E11.43", "Type 2 diabetes mellitus with diabetic autonomic (poly)neuropathy"],
    ["Q61.19", "Other polycystic kidney, infantile type"],
    ["Q61.2", "Polycystic kidney, adult type"],
    ["XYZ", "Polycystic kidney"],
]


class Server(ThreadingHTTPServer):
    """Answers like the search: every wording that has all the words; each attribute is a way to misbehave."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.statuses = []  # answered first
        self.bodies = []  # sent instead

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/search"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(query)
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        terms = query["terms"].lower().split()
        found = [pair for pair in WORDINGS if all(term in " ".join(pair).lower() for term in terms)]
        body = json.dumps([len(found), [code for code, _ in found], None, found]).encode()
        if self.server.bodies:
            body = self.server.bodies.pop(0)
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def lookup(server, tmp_path):
    return NlmLookup(server.url, tmp_path, PoliteClient(interval=0, first_delay=0.01, timeout=5))


def test_the_wording_with_most_words_in_common_is_taken_not_the_first(server, lookup):
    found = lookup.match("polycystic  Kidney, adult")
    assert found.codes == ("Q61.2",)
    assert found.source == "nlm"
    assert found.score == pytest.approx(0.8)
    assert server.asked == [{"sf": "code,name", "terms": "polycystic Kidney, adult", "maxList": "200"}]


@pytest.mark.parametrize("name", ["neuropathy", "no such thing"])
def test_a_wording_with_little_in_common_is_not_taken(lookup, name):
    assert lookup.match(name) is NO_MATCH


@pytest.mark.parametrize("name", ["", "stage IV"])
def test_nothing_is_asked_without_a_word(server, lookup, name):
    assert lookup.match(name) is NO_MATCH
    assert server.asked == []


def test_answers_are_kept_with_their_date_and_found_again_offline(server, lookup, tmp_path, monkeypatch):
    found = lookup.match("gastroparesis")
    nothing = lookup.match("no such thing")
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    again = NlmLookup(server.url, tmp_path)
    assert found.codes == ("K31.8",)
    assert (again.match("Gastroparesis"), again.match("no such thing")) == (found, nothing)
    assert len(server.asked) == 2
    kept = [json.loads(file.read_text()) for file in tmp_path.iterdir()]
    assert {answer["query"] for answer in kept} == {"gastroparesis", "no such thing"}
    assert all(len(answer["date"]) == 10 for answer in kept)


def test_without_a_network_it_says_so(lookup, monkeypatch):
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    with pytest.raises(NetworkError, match="CLADMOP_OFFLINE"):
        lookup.match("gastroparesis")


def test_a_busy_server_is_asked_again(server, lookup):
    server.statuses = [503, 429]
    assert lookup.match("gastroparesis").codes == ("K31.8",)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "body", [b"{}", b"[1, 2]", b"<html>", b"[1, [], null, [[1, 2]]]", b'[1, [], null, [["A"]]]', b"["]
)
def test_what_is_no_answer_is_neither_used_nor_kept(server, lookup, tmp_path, body):
    server.bodies = [body] * 9
    with pytest.raises(NetworkError, match="the answer is not"):
        lookup.match("gastroparesis")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_kept_answer_is_named(lookup, tmp_path):
    lookup.match("gastroparesis")
    (file,) = tmp_path.iterdir()
    file.write_text("[]")
    with pytest.raises(CorruptArtefactError, match="delete it"):
        lookup.match("gastroparesis")


def test_only_names_without_a_match_are_looked_up(server, lookup):
    found = resolve_conditions(["asthma", "quokka bite"], (), lookup.match)
    assert [one.match.source for one in found.matches] == ["list", "none"]
    assert len(server.asked) == 1
