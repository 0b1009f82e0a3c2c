"""The page's files, read once and served from memory: a path that somebody asks for never reaches the disk."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Media types of the endings that are served; nothing else in the folder is."""


@dataclass(frozen=True)
class StaticFile:
    """One file of the page."""

    body: bytes
    media_type: str
    etag: str


def load_static() -> dict[str, StaticFile]:
    """Return the files of ``cladmop/server/static`` by their path in it, with ``/`` between folders."""
    folder = resources.files("cladmop.server") / "static"
    return dict(_files(folder, "")) if folder.is_dir() else {}


def _files(folder: Traversable, prefix: str) -> list[tuple[str, StaticFile]]:
    found = []
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if one.is_dir():
            found += _files(one, f"{prefix}{one.name}/")
            continue
        media_type = _TYPES.get(one.name[one.name.rfind(".") :])
        if media_type is not None:
            body = one.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:32]
            found.append((prefix + one.name, StaticFile(body, media_type, f'"{digest}"')))
    return found
