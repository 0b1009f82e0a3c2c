"""Downloads and questions to a server that cuts connections, is busy, slow, or knows no ranges."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cladmop.errors import CorruptArtefactError, NetworkError, StorageError
from cladmop.http import PoliteClient, RefusedError, download
from cladmop.http.retry import CHUNK

CONTENT = bytes(range(256)) * 2000


class Server(ThreadingHTTPServer):
    """Serves CONTENT; each attribute is a way to misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.etag: str | None = '"v1"'
        self.ranges = True
        self.cuts: list[int] = []  # bytes to send before cutting the connection, one an answer
        self.refusals: list[tuple[int, dict[str, str]]] = []  # answers before any content
        self.asked: list[str | None] = []  # the Range header of each request
        self.chunked = False
        self.stalls: list[float] = []  # seconds before an answer
        self.refusal_body = b""
        self.agents: list[str | None] = []
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/data.csv"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        server.agents.append(self.headers.get("User-Agent"))
        server.paths.append(self.path)
        if server.stalls:
            threading.Event().wait(server.stalls.pop(0))
        self.close_connection = True
        if server.refusals:
            status, headers = server.refusals.pop(0)
            self.answer(status, headers, server.refusal_body)
            return
        if_range = self.headers.get("If-Range")
        headers = {"ETag": server.etag} if server.etag else {}
        if wanted and server.ranges and if_range in {None, server.etag}:
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            size = len(server.content)
            if first >= size:
                self.answer(416, {"Content-Range": f"bytes */{size}"}, b"")
                return
            headers["Content-Range"] = f"bytes {first}-{size - 1}/{size}"
            self.answer(206, headers, server.content[first:])
        else:
            self.answer(200, headers, server.content)

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not self.server.chunked:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        cut = self.server.cuts.pop(0) if body and self.server.cuts else len(body)
        with suppress(ConnectionError):  # a client that has seen enough hangs up
            self.wfile.write(body[:cut])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    monkeypatch.delenv("CLADMOP_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    return waits


def test_a_file_is_fetched_and_checked(server, tmp_path) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    dest = download(server.url, tmp_path / "new" / "data.csv", sha256=digest.upper(), expected_size=len(CONTENT))
    assert dest.read_bytes() == CONTENT
    assert [path.name for path in dest.parent.iterdir()] == ["data.csv"]


def test_a_cut_connection_is_resumed_by_range(server, tmp_path) -> None:
    server.cuts = [2 * CHUNK + 10, CHUNK + 20]  # bytes short of a whole chunk are asked for again
    assert download(server.url, tmp_path / "data.csv").read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={2 * CHUNK}-", f"bytes={3 * CHUNK}-"]


def test_a_killed_download_is_resumed(server, tmp_path) -> None:
    (tmp_path / "data.csv.part").write_bytes(CONTENT[:777])
    (tmp_path / "data.csv.part.version").write_text('"v1"')
    assert download(server.url, tmp_path / "data.csv").read_bytes() == CONTENT
    assert server.asked == ["bytes=777-"]


def test_a_whole_part_is_taken(server, tmp_path) -> None:
    (tmp_path / "data.csv.part").write_bytes(CONTENT)
    assert download(server.url, tmp_path / "data.csv").read_bytes() == CONTENT


def test_a_changed_file_is_fetched_anew(server, tmp_path) -> None:
    (tmp_path / "data.csv.part").write_bytes(b"old" * 100)
    (tmp_path / "data.csv.part.version").write_text('"v0"')
    assert download(server.url, tmp_path / "data.csv").read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_dropped(server, tmp_path) -> None:
    server.etag = None
    (tmp_path / "data.csv.part").write_bytes(CONTENT + b"more")
    assert download(server.url, tmp_path / "data.csv").read_bytes() == CONTENT


def test_a_server_without_ranges_is_asked_for_everything_again(server, tmp_path) -> None:
    server.ranges = False
    server.cuts = [2 * CHUNK, CHUNK]
    assert download(server.url, tmp_path / "data.csv").read_bytes() == CONTENT


def test_busy_servers_are_asked_again_after_the_time_they_name(server, tmp_path, slept) -> None:
    server.refusals = [
        (500, {}),
        (429, {"Retry-After": "7"}),
        (503, {"Retry-After": "9999"}),
        (429, {"Retry-After": formatdate(0, usegmt=True)}),
    ]
    assert download(server.url, tmp_path / "data.csv").read_bytes() == CONTENT
    assert slept == [1.0, 7.0, 120.0, 0.0]


def test_a_server_that_stays_busy_is_given_up_and_the_part_kept(server, tmp_path, slept, monkeypatch) -> None:
    server.cuts = [CHUNK]
    (tmp_path / "data.csv").write_bytes(b"former")

    def then_busy(seconds: float) -> None:
        slept.append(seconds)
        server.refusals = [(503, {})]

    monkeypatch.setattr("time.sleep", then_busy)
    with pytest.raises(NetworkError, match="HTTP 503"):
        download(server.url, tmp_path / "data.csv")
    assert (tmp_path / "data.csv").read_bytes() == b"former"
    assert (tmp_path / "data.csv.part").stat().st_size == CHUNK
    assert slept == [1.0, 2.0, 4.0, 8.0]


def test_a_refusal_is_not_repeated(server, tmp_path) -> None:
    server.refusals = [(404, {})]
    with pytest.raises(NetworkError, match="404"):
        download(server.url, tmp_path / "data.csv")
    assert len(server.asked) == 1
    assert not (tmp_path / "data.csv").exists()


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"expected_size": 5}])
def test_wrong_content_is_discarded(server, tmp_path, wrong) -> None:
    (tmp_path / "data.csv").write_bytes(b"former")
    with pytest.raises(CorruptArtefactError, match="right"):
        download(server.url, tmp_path / "data.csv", **wrong)
    assert (tmp_path / "data.csv").read_bytes() == b"former"
    assert not (tmp_path / "data.csv.part").exists()


def test_offline_makes_no_request(server, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    with pytest.raises(NetworkError, match="CLADMOP_OFFLINE"):
        download(server.url, tmp_path / "data.csv")
    assert server.asked == []


def test_no_server_and_no_address_are_one_clear_error(tmp_path, slept) -> None:
    with pytest.raises(NetworkError, match="no connection"):
        download("http://127.0.0.1:9/data.csv", tmp_path / "data.csv")
    assert len(slept) == 4
    with pytest.raises(NetworkError, match="no web address"):
        download("data.csv", tmp_path / "data.csv")


def test_a_place_that_cannot_be_written_is_a_storage_error(server, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        download(server.url, tmp_path / "file" / "data.csv")


@pytest.fixture
def client() -> PoliteClient:
    return PoliteClient(interval=0.0, timeout=0.2)


def test_an_answer_is_returned_whole(server, client) -> None:
    assert client.get(server.url, {"a": "1 2"}) == CONTENT
    assert server.agents == ["cladmop"]
    assert server.paths == ["/data.csv?a=1+2"]


def test_a_host_is_asked_once_an_interval_by_all_clients_together(server, monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    moments = []
    monkeypatch.setattr(PoliteClient, "_body", lambda *_: moments.append(now[0]) or b"")
    first, second = PoliteClient(interval=3.0), PoliteClient(interval=3.0)
    first.get(server.url)
    second.get(server.url)
    now[0] += 1.0
    first.get(server.url)
    now[0] += 50.0
    first.get(server.url)
    assert moments == [100.0, 103.0, 106.0, 156.0]


def test_retries_are_paced_too(server, slept, monkeypatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    server.refusals = [(429, {"Retry-After": "0"})]
    PoliteClient(interval=3.0).get(server.url)
    assert slept == [0.0, 3.0]


def test_a_busy_server_is_asked_again(server, client, slept) -> None:
    server.refusals = [(500, {}), (429, {"Retry-After": "7"}), (408, {}), (425, {})]
    assert client.get(server.url) == CONTENT
    assert slept == [1.0, 7.0, 4.0, 8.0]


def test_a_busy_server_is_given_up(server, client, slept) -> None:
    server.refusals = [(503, {})] * 9
    with pytest.raises(NetworkError, match=r"HTTP 503 .*\(3 attempts\)"):
        client.get(server.url, attempts=3)
    assert len(server.asked) == 3
    assert slept == [1.0, 2.0]


def test_a_cut_and_a_slow_answer_are_asked_for_again(server, client, slept) -> None:
    server.cuts = [1000]
    server.stalls = [0.5]
    assert client.get(server.url) == CONTENT
    assert len(slept) == 2


def test_a_slow_server_is_named_so(server, client) -> None:
    server.stalls = [0.5]
    with pytest.raises(NetworkError, match=r"no answer within 0\.2 s"):
        client.get(server.url, attempts=1)


def test_a_defective_answer_is_asked_for_again(server, client, slept) -> None:
    verdicts = ["odd", ""]
    assert client.get(server.url, defect=lambda _: verdicts.pop(0)) == CONTENT
    with pytest.raises(NetworkError, match="always odd"):
        client.get(server.url, attempts=2, defect=lambda _: "always odd")
    assert slept == [1.0, 1.0]


def test_a_refusal_names_status_and_what_the_server_says(server, client) -> None:
    server.refusals = [(400, {})]
    server.refusal_body = b"`pageSize` is\n wrong"
    with pytest.raises(RefusedError, match=r"HTTP 400 .*`pageSize` is wrong.*check") as caught:
        client.get(server.url)
    assert (caught.value.status_code, caught.value.detail) == (400, "`pageSize` is wrong")
    assert len(server.asked) == 1


def test_an_answer_beyond_the_limit_is_refused(server) -> None:
    assert PoliteClient(interval=0.0, limit=len(CONTENT)).get(server.url) == CONTENT
    with pytest.raises(NetworkError, match="more than is taken"):
        PoliteClient(interval=0.0, limit=len(CONTENT) - 1).get(server.url)


def test_a_polite_client_is_silent_offline(server, client, monkeypatch) -> None:
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    with pytest.raises(NetworkError, match=r"no network.*CLADMOP_OFFLINE"):
        client.get(server.url)
    assert server.asked == []


def test_no_server_is_one_clear_error(client) -> None:
    with pytest.raises(NetworkError, match="no network, or no connection"):
        client.get("http://127.0.0.1:9/x", attempts=2)
    with pytest.raises(NetworkError, match="no web address"):
        client.get("x")
