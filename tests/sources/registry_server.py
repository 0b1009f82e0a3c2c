"""A server on this machine that answers like ClinicalTrials.gov's API version 2, and misbehaves when told to."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

KNOWN = {"pageSize", "pageToken", "countTotal", "format", "fields", "filter.advanced", "query.term"}


def study(number: int, **changes: object) -> dict:
    """One invented study; ``changes`` replace modules of its protocol section."""
    protocol = {
        "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": f"Invented study {number}, café"},
        "statusModule": {"overallStatus": "COMPLETED", "lastUpdatePostDateStruct": {"date": "2024-05-06"}},
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE1"]},
        "conditionsModule": {"conditions": ["Gout"]},
        "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "Metformin"}]},
        "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* stable disease at screening"},
    }
    derived = {"miscInfoModule": {"versionHolder": "2025-11-20"}}
    return {"protocolSection": {**protocol, **changes}, "derivedSection": derived, "hasResults": False}


@dataclass(frozen=True)
class Bad:
    """One way to answer wrongly."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # instead of the right one
    cut: int | None = None  # bytes sent before the connection is cut
    stall: float = 0.0  # seconds before the answer


class Registry(ThreadingHTTPServer):
    """Serves ``studies``; what it does wrong, and when, is set from outside."""

    daemon_threads = True

    def __init__(self, studies: list) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.studies = studies
        self.timestamp = "2025-11-20T09:00:05"
        self.bound_tokens = True  # a token of former data is refused, else the new data are paged from there
        self.counts = True  # totalCount is given
        self.empty_after: set[int] = set()  # numbers of pages that an empty page follows
        self.bad: dict[int, list[Bad]] = {}  # wrong answers to come, by number of the page
        self.bad_studies: list[Bad] = []  # wrong answers to come for single studies
        self.before: dict[int, Callable[[], None]] = {}  # what happens before a page is answered
        self.asked: list[tuple[float, str, dict[str, str]]] = []  # moment, path, parameters

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/v2"

    def pages_asked(self) -> list[int]:
        """Numbers of the pages asked for, in order."""
        return [_number(asked) for _, path, asked in self.asked if path.endswith("/studies")]

    def change(self, studies: list, timestamp: str = "2025-11-21T09:00:05") -> None:
        """Process new data."""
        self.studies, self.timestamp = studies, timestamp


def _token(parameters: dict[str, str], timestamp: str, number: int, offset: int, after_empty: bool) -> str:
    held = [_query(parameters), timestamp, number, offset, after_empty]
    return base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")


def _held(token: str) -> list:
    return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))


def _query(parameters: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in sorted(parameters.items()) if name != "pageToken"}


def _number(parameters: dict[str, str]) -> int:
    return _held(parameters["pageToken"])[2] if "pageToken" in parameters else 1


class _Handler(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        parameters = dict(parse_qsl(address.query))
        self.server.asked.append((time.monotonic(), address.path, parameters))
        route = address.path.removeprefix("/api/v2")
        if route == "/version":
            self.answer_json({"apiVersion": "2.0.3", "dataTimestamp": self.server.timestamp})
        elif route == "/studies":
            self.answer_page(parameters)
        elif route.startswith("/studies/"):
            self.answer_study(route.rpartition("/")[2])
        else:
            self.answer(404, b"no such endpoint")

    def answer_page(self, parameters: dict[str, str]) -> None:
        server = self.server
        unknown = sorted(set(parameters) - KNOWN)
        if unknown:
            self.answer(400, f"`{unknown[0]}` is unknown parameter".encode())
            return
        number = _number(parameters)
        server.before.pop(number, lambda: None)()
        offset, after_empty = 0, False
        if "pageToken" in parameters:
            query, timestamp, _, offset, after_empty = _held(parameters["pageToken"])
            if query != _query(parameters) or (server.bound_tokens and timestamp != server.timestamp):
                self.answer(400, b"invalid token")
                return
        empty = number - 1 in server.empty_after and not after_empty
        size = 0 if empty else min(1000, int(parameters.get("pageSize", "10")))
        page: dict[str, object] = {"studies": server.studies[offset : offset + size]}
        if server.counts and number == 1 and parameters.get("countTotal") == "true":
            page["totalCount"] = len(server.studies)
        if empty or offset + size < len(server.studies):
            page["nextPageToken"] = _token(parameters, server.timestamp, number + 1, offset + size, empty)
        waiting = server.bad.get(number, [])
        self.answer_json(page, waiting.pop(0) if waiting else None)

    def answer_study(self, nct_id: str) -> None:
        known = {one["protocolSection"]["identificationModule"]["nctId"]: one for one in self.server.studies}
        bad = self.server.bad_studies.pop(0) if self.server.bad_studies else None
        if nct_id in known:
            self.answer_json(known[nct_id], bad)
        else:
            self.answer(404, f"NCT number {nct_id} not found".encode())

    def answer_json(self, value: object, bad: Bad | None = None) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        if bad is None:
            self.answer(200, body)
            return
        time.sleep(bad.stall)
        self.answer(bad.status, body if bad.body is None else bad.body, bad.headers, bad.cut)

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None) -> None:
        self.close_connection = True
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        with suppress(ConnectionError):  # whoever asked may have left
            self.end_headers()
            self.wfile.write(body[:cut])

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def registry(studies: list) -> Iterator[Registry]:
    """Run a server for a while."""
    with Registry(studies) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()
