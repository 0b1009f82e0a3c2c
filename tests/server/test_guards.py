"""Limits of size, time and number, over raw connections where a client misbehaves."""

import contextlib
import json
import socket
import threading
import time

import httpx
import pytest

from cladmop.server.guards import POLICY
from cladmop.server.settings import Limits, Settings
from serving import TRIAL, running

BODY = json.dumps(TRIAL).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def talk(port, *pieces, pause=0.0, seconds=10):
    """Send pieces, then read until the server closes; return the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        got = b""
        while chunk := connection.recv(65_536):
            got += chunk
            head, mark, body = got.partition(b"\r\n\r\n")
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if mark and length and len(body) >= int(length[0].split(b":")[1]):
                break
        return got


def code_of(answer):
    return int(answer.split(b" ", 2)[1])


@pytest.fixture
def small(fake):
    limits = Limits(json_bytes=2_000, body_seconds=0.5, header_seconds=0.5, requests=2, connections=8, stop_seconds=5)
    with running(fake, Settings(port=0, limits=limits)) as served:
        yield served


def test_every_answer_has_the_security_headers(small):
    for path in ("/health", "/nothing", "/static/none.js", "/predict"):
        headers = small.client.get(path).headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "server" not in headers


def test_a_body_is_refused_by_its_declared_length_before_it_is_sent(small):
    answer = talk(small.port, HEAD + b"Content-Length: 5000000000\r\n\r\n")
    assert code_of(answer) == 413
    assert b"5,000,000,000 bytes" in answer
    assert b"2,000 here at most" in answer


def test_a_body_of_no_declared_length_is_counted(small):
    chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
    answer = talk(small.port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 30)
    assert code_of(answer) == 413
    assert b"connection: close" in answer.lower()


def test_a_large_body_that_is_sent_whole_still_reads_its_answer(small):
    answer = small.client.post("/predict", content=b" " * 5_000_000, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_a_slow_body_is_given_up(small):
    answer = talk(small.port, HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode(), BODY[:10], pause=0.1)
    assert code_of(answer) == 408
    assert b"0.5 s" in answer


def test_slow_headers_are_given_up(small):
    begin = time.monotonic()
    answer = talk(small.port, b"GET /hea", b"lth HTTP/1.1\r\n", b"Host: localhost\r\n", pause=0.1)
    assert code_of(answer) == 408
    assert time.monotonic() - begin < 3


def test_headers_dripping_in_a_second_request_are_given_up_as_well(small):
    with socket.create_connection(("127.0.0.1", small.port), timeout=10) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        got = b""
        while not got.endswith(b"}"):
            got += connection.recv(65_536)
        connection.settimeout(0.05)
        begin, got = time.monotonic(), b""
        while not got and time.monotonic() - begin < 5:
            with contextlib.suppress(TimeoutError):
                connection.sendall(b"G" if time.monotonic() - begin < 0.01 else b"E")
                got = connection.recv(65_536)
        assert code_of(got) == 408


def test_what_is_not_http_is_answered_in_json(small):
    answer = talk(small.port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n")
    assert code_of(answer) == 400
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]
    assert b"nosniff" in answer


def test_headers_without_end_are_refused(small):
    answer = talk(small.port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000)
    assert code_of(answer) == 400


def test_a_cut_request_leaves_the_service_well(small, fake):
    for piece in (b"POST", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", small.port), timeout=5) as connection:
            connection.sendall(piece)
    assert small.client.post("/predict", json=TRIAL).status_code == 200
    assert fake.calls == [1]


def test_too_many_connections_are_refused(small):
    held = [socket.create_connection(("127.0.0.1", small.port), timeout=5) for _ in range(12)]
    answers = [code_of(connection.recv(65_536)) for connection in held[8:]]
    for connection in held:
        connection.close()
    assert answers == [429] * 4


def test_more_work_than_may_be_done_at_one_time_is_refused(small, fake):
    fake.go.clear()
    answers = []

    def ask():
        answers.append(httpx.post(f"http://127.0.0.1:{small.port}/predict", json=TRIAL, timeout=30))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert fake.begun.wait(10)
    while len(_active(small)) < 2:
        time.sleep(0.02)
    refused = small.client.post("/predict", json=TRIAL)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert small.client.get("/health").status_code == 200
    fake.go.set()
    for thread in threads:
        thread.join(20)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert small.client.post("/predict", json=TRIAL).status_code == 200


def _active(served):
    text = served.client.get("/metrics").text
    line = next(line for line in text.splitlines() if line.startswith("cladmop_requests_active "))
    # Without the one that asks.
    return range(int(float(line.split()[1])) - 1)


def test_nobody_computes_for_a_client_that_hung_up(small, fake):
    fake.go.clear()
    first = threading.Thread(target=small.client.post, args=("/predict",), kwargs={"json": TRIAL})
    first.start()
    assert fake.begun.wait(10)
    request = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    with socket.create_connection(("127.0.0.1", small.port), timeout=5) as connection:
        connection.sendall(request)
        time.sleep(0.3)
    time.sleep(0.3)
    fake.go.set()
    first.join(10)
    assert small.client.post("/predict", json=TRIAL).status_code == 200
    assert fake.calls == [1, 1]


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost", 200), ("LOCALHOST:80", 200), ("127.0.0.1:1", 200), ("[::1]:8000", 200), ("evil.example", 421),
        ("localhost.evil.example", 421), ("10.0.0.7", 421), ("[::1", 421), ("", 421), ("here.example", 200),
    ],
)  # fmt: skip
def test_requests_for_another_host_are_refused(fake, host, code):
    with running(fake, Settings(port=0, allowed_hosts=("here.example",))) as served:
        answer = talk(served.port, f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert code_of(answer) == code


def test_pages_of_other_sites_are_refused(small):
    assert small.client.post("/predict", json=TRIAL, headers={"Origin": "https://evil.example"}).status_code == 403
    assert small.client.post("/predict", json=TRIAL, headers={"Origin": "null"}).status_code == 403
    own = f"http://localhost:{small.port}"
    assert small.client.post("/predict", json=TRIAL, headers={"Origin": own}).status_code == 200


def test_without_the_token_only_the_page_and_the_health_are_open(fake):
    token = "0123456789abcdef0123"
    with running(fake, Settings(port=0, token=token)) as served:
        for path in ("/model", "/metrics", "/openapi.json", "/batch/x", "/nothing"):
            assert served.client.get(path).status_code == 401, path
        for given in ("", "Bearer", f"Bearer {token}x", f"Basic {token}", token, "Bearer \xff"):
            headers = {"Authorization": given.encode("latin-1")}
            refused = served.client.post("/predict", json=TRIAL, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert (
            served.client.post("/predict", json=TRIAL, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        )
        assert served.client.get("/health").status_code == 200
        assert served.client.get("/static/nothing").status_code == 404
        assert served.client.get("/").status_code != 401


def test_large_bodies_in_memory_are_bounded_together(fake):
    limits = Limits(total_bytes=1_500)
    with running(fake, Settings(port=0, limits=limits)) as served:
        held = socket.create_connection(("127.0.0.1", served.port), timeout=5)
        held.sendall(HEAD + b"Content-Length: 1500\r\n\r\n" + b" " * 1400)
        time.sleep(0.3)
        refused = served.client.post("/predict", json=TRIAL)
        assert refused.status_code == 429
        held.close()
        time.sleep(0.3)
        assert served.client.post("/predict", json=TRIAL).status_code == 200


def test_running_requests_are_finished_when_it_stops(fake):
    with running(fake) as served:
        fake.go.clear()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(served.client.post("/predict", json=TRIAL)))
        asking.start()
        assert fake.begun.wait(10)
        served.stop()
        time.sleep(0.5)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", served.port), timeout=5).close()
        fake.go.set()
        asking.join(20)
        assert answers[0].status_code == 200


def test_a_client_that_does_not_read_its_answer_is_cut(fake):
    with running(fake, Settings(port=0, limits=Limits(send_seconds=0.5))) as served:
        trials = [{**TRIAL, "title": "t" * 50_000}] * 200
        name = served.client.post("/batch", files={"file": ("a.json", json.dumps(trials).encode())}).json()["id"]
        while served.client.get(f"/batch/{name}").json()["done"] < 200:
            time.sleep(0.05)
        whole = len(served.client.get(f"/batch/{name}/result?format=jsonl").content)
        assert whole > 10_000_000
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.settimeout(10)
            connection.connect(("127.0.0.1", served.port))
            connection.sendall(f"GET /batch/{name}/result?format=jsonl HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(1.5)
            got = 0
            with contextlib.suppress(ConnectionError):
                while chunk := connection.recv(65_536):
                    got += len(chunk)
        assert got < whole
