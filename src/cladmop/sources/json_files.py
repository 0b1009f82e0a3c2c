"""ClinicalTrials.gov's JSON downloads: lists, JSON Lines and pages, as they are, gzipped, zipped, or in a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from isal import igzip

from cladmop.errors import InputError
from cladmop.progress import Bar, progress_bar
from cladmop.records.study import Study
from cladmop.sources.archives import INFLATE_ERROR, inflated_chunks, opened, opened_archive
from cladmop.sources.json_stream import StudyStream
from cladmop.sources.pages import MANIFEST
from cladmop.sources.rejects import Reject
from cladmop.storage import read_json

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
"""Names of JSON files; each may be followed by ``.gz``."""
_PAGES = "page-*.json*"
_CHUNK = 2**18
"""Bytes read at a time; larger pieces cost page faults with every copy."""


def read_json_file(path: Path, reject: Callable[[Reject], None]) -> Iterator[Study]:
    """Read API version 2 studies from a file or folder.

    - JSON: a list of studies, one study a line, or pages ``{"studies": [...]}``; a file of any size.
    - The same under gzip, or as members of a zip archive.
    - A folder of such files, read in the order of their names; where it holds pages of a fetch (``page-*.json.gz``),
      nothing else in it.

    Parameters
    ----------
    path
        The file or folder.
    reject
        Told of every value that is no study, and of every damaged file or member, once each; reading goes on behind it.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it cannot be opened, or a folder or archive holds no JSON file.
    """
    if path.is_dir():
        for file in _files(path):
            yield from read_json_file(file, reject)
        return
    with opened(path) as stream:
        magic = stream.read(4)
    if magic == b"PK\3\4":
        yield from _read_zip(path, reject)
        return
    with opened(path) as stream, progress_bar(f"read {path.name}", path.stat().st_size, "bytes") as bar:
        chunks = _gunzipped(stream, str(path)) if magic[:2] == b"\x1f\x8b" else _chunks(stream, str(path))
        yield from StudyStream(str(path), reject).read(_watched(chunks, stream, bar))


def json_files(folder: Path) -> list[Path]:
    """Return the JSON files of a folder by name: the pages of a fetch, or where there are none all files of JSON."""
    names = tuple(f"{suffix}{end}" for suffix in JSON_SUFFIXES for end in ("", ".gz"))
    pages = sorted(folder.glob(_PAGES))
    return pages or sorted(one for one in folder.iterdir() if one.name.lower().endswith(names) and one.is_file())


def _require_whole(folder: Path) -> None:
    """Refuse the pages of a fetch that was cut: a part of the registry is no sample of it."""
    manifest = folder / MANIFEST
    if manifest.is_file() and not read_json(manifest).get("complete"):
        raise InputError(f"{folder}: the fetch is not complete; run `cladmop corpus fetch {folder}` again to go on")


def _files(folder: Path) -> list[Path]:
    _require_whole(folder)
    files = json_files(folder)
    if not files:
        raise InputError(f"{folder}: no file named {' or '.join(f'*{suffix}' for suffix in JSON_SUFFIXES)} in it")
    return files


def _read_zip(path: Path, reject: Callable[[Reject], None]) -> Iterator[Study]:
    with opened_archive(path, JSON_SUFFIXES) as archive:
        total = sum(member.compress_size for member in archive.members)
        with progress_bar(f"read {path.name}", total, "bytes") as bar:
            for member in archive.members:
                where = f"{path}: {member.filename}"
                yield from StudyStream(where, reject).read(inflated_chunks(archive.stream, member, where))
                bar.advance(member.compress_size)


def _chunks(stream: BinaryIO, where: str) -> Iterator[bytes]:
    try:
        while chunk := stream.read(_CHUNK):
            yield chunk
    except OSError as error:
        raise InputError(f"{where}: cannot be read ({error.strerror or error})") from error


def _gunzipped(stream: BinaryIO, where: str) -> Iterator[bytes]:
    try:
        with igzip.IGzipFile(fileobj=stream) as gunzipped:  # type: ignore[no-untyped-call] # isal gives no types
            while chunk := gunzipped.read(_CHUNK):
                yield chunk
    except (OSError, EOFError, INFLATE_ERROR) as error:
        raise InputError(f"{where}: its gzip stream is cut or damaged ({error}); fetch it again") from error


def _watched(chunks: Iterator[bytes], stream: BinaryIO, bar: Bar) -> Iterator[bytes]:
    """Pass pieces on, and move the bar by what was read of the file."""
    place = 0
    for chunk in chunks:
        yield chunk
        bar.advance(stream.tell() - place)
        place = stream.tell()
