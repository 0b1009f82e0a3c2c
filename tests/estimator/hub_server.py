"""The few routes of the Hugging Face hub that fetching and uploading a model folder take, on this machine.

Files travel inside the commit (the hub's "regular" mode), as small ones do; large-file storage is not played.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_invented"
_REPOSITORY = r"(?P<repository>[\w.-]+/[\w.-]+)"


@dataclass
class Hub:
    """What the hub holds: per repository the commits, each with its files, and the branches."""

    address: str = ""
    commits: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    branches: dict[str, dict[str, str]] = field(default_factory=dict)
    cards: list[str] = field(default_factory=list)
    """Model cards that were sent to be checked."""
    messages: list[str] = field(default_factory=list)
    down: bool = False

    def commit(self, repository: str, branch: str, files: dict[str, bytes]) -> str:
        """Add a commit, and return its name."""
        known = self.commits.setdefault(repository, {})
        whole = {**known.get(self.branches.get(repository, {}).get(branch, ""), {}), **files}
        name = hashlib.sha1(b"".join(key.encode() + value for key, value in sorted(whole.items()))).hexdigest()
        known[name] = whole
        self.branches.setdefault(repository, {})[branch] = name
        return name

    def found(self, repository: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Return the commit of a branch or commit name, and its files."""
        name = self.branches.get(repository, {}).get(revision, revision)
        files = self.commits.get(repository, {}).get(name)
        return None if files is None else (name, files)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/api/validate-yaml":
            self.hub.cards.append(json.loads(body)["content"])
            return self._json({"errors": [], "warnings": []})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._json({"error": "Invalid username or password."}, 401)
        if self.path == "/api/repos/create":
            return self._create(json.loads(body))
        found = re.fullmatch(
            rf"/api/models/{_REPOSITORY}/(?P<what>preupload|commit)/(?P<branch>[^/?]+)(\?.*)?", self.path
        )
        if found and found["what"] == "commit":
            return self._commit(found["repository"], found["branch"], body)
        files = json.loads(body)["files"] if found else []
        return self._json(
            {"files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files]}
        )

    def _create(self, wanted):
        repository = f"{wanted.get('organization') or 'someone'}/{wanted['name']}"
        address = f"{self.hub.address}/{repository}"
        if repository in self.hub.branches:
            return self._json({"error": "exists", "url": address}, 409)
        self.hub.commit(repository, "main", {".gitattributes": b""})
        return self._json({"url": address})

    def _commit(self, repository, branch, body):
        if branch not in self.hub.branches[repository]:
            return self._missing("RevisionNotFound")
        files = {}
        for line in body.splitlines():
            one = json.loads(line)
            if one["key"] == "header":
                self.hub.messages.append(one["value"]["summary"])
            elif one["key"] == "file":
                files[one["value"]["path"]] = base64.b64decode(one["value"]["content"])
        name = self.hub.commit(repository, branch, files)
        return self._json(
            {"success": True, "commitOid": name, "commitUrl": f"{self.hub.address}/{repository}/commit/{name}"}
        )

    def do_GET(self):
        self._get(send=True)

    def do_HEAD(self):
        self._get(send=False)

    def _get(self, send):
        if self.hub.down:
            return self._json({"error": "down"}, 503)
        if found := re.fullmatch(rf"/api/models/{_REPOSITORY}(/revision/(?P<revision>[^/?]+))?(\?.*)?", self.path):
            return self._about(found["repository"], found["revision"] or "main")
        if found := re.fullmatch(rf"/api/models/{_REPOSITORY}/tree/(?P<revision>[^/?]+).*", self.path):
            held = self.hub.found(found["repository"], found["revision"])
            rows = [
                {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for path, content in (held[1] if held else {}).items()
            ]
            return self._json(rows)
        if found := re.fullmatch(rf"/{_REPOSITORY}/resolve/(?P<revision>[^/]+)/(?P<path>[^?]+)", self.path):
            return self._file(found, send)
        return self._missing("EntryNotFound")

    def _about(self, repository, revision):
        if repository not in self.hub.branches:
            return self._missing("RepoNotFound", 401)
        held = self.hub.found(repository, revision)
        if held is None:
            return self._missing("RevisionNotFound")
        siblings = [{"rfilename": path} for path in held[1]]
        about = {"_id": "0", "id": repository, "modelId": repository, "sha": held[0], "siblings": siblings}
        return self._json({**about, "private": False, "tags": [], "downloads": 0, "likes": 0})

    def _file(self, found, send):
        held = self.hub.found(found["repository"], found["revision"])
        if held is None or found["path"] not in held[1]:
            return self._missing("EntryNotFound")
        content = held[1][found["path"]]
        self.send_response(200)
        for name, value in {
            "Content-Length": str(len(content)),
            "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
            "X-Repo-Commit": held[0],
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if send:
            self.wfile.write(content)
        return None

    def _missing(self, code, http=404):
        self._json({"error": code}, http, {"X-Error-Code": code, "X-Error-Message": code})

    def _json(self, value, code=200, headers=None):
        content = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Serve an empty hub until the block ends."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
