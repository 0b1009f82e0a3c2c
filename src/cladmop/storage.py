"""Atomic writes: a reader sees the whole artefact or none of it, also after kill -9 or on a full disk.

A place is a path of this machine, or a URL of any file system that fsspec knows (``s3://bucket/folder``), told by
``://``. Local ones stay paths.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cladmop.errors import (
    CladmopError,
    CorruptArtefactError,
    InputError,
    MissingArtefactError,
    MissingDependencyError,
    StorageError,
)

Place = Path | str
"""A local path, or a URL of a file system that fsspec knows."""
_BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"})
"""Stores without folders; to make one there would make a bucket that nobody asked for."""


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of ``path`` to write to; it takes the name ``path`` on success.

    Raises
    ------
    StorageError
        If the folder cannot be made or the disk is full; ``path`` keeps its former content.
    """
    with _naming(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        part = Path(name)
        try:
            part.chmod(0o644)
            yield part
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling folder to fill; it replaces the folder ``path`` on success.

    Raises
    ------
    StorageError
        If the folder cannot be made or the disk is full; ``path`` keeps its former content.
    """
    with _naming(path):
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        try:
            part.chmod(0o755)
            yield part
            _swap_folder(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Make the parent folder, and let what the system refuses name the path and the remedy."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except CladmopError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise StorageError(f"cannot write {path}: {reason}; free space or choose another folder") from error


def _swap_folder(part: Path, path: Path) -> None:
    for file in part.rglob("*"):
        if file.is_file():
            file.chmod(0o644)  # some writers keep their files to the owner
    if not path.exists():
        part.replace(path)
        return
    old = path.with_name(f".{path.name}.old-{os.getpid()}")
    path.replace(old)
    part.replace(path)
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 (any JSON value)
    """Write JSON atomically, keys in the given order, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Place) -> Any:  # noqa: ANN401 (any JSON value)
    """Read JSON.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    CorruptArtefactError
        If it is not UTF-8 JSON.
    """
    try:
        return json.loads(read_bytes(path).decode())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CorruptArtefactError(f"{path} is not valid JSON ({error}); make it again") from error


def is_remote(place: Place) -> bool:
    """Tell whether a place is a URL, which fsspec reads, rather than a path of this machine."""
    return "://" in str(place)


def as_place(text: str) -> Place:
    """Return what a user wrote as a path, or as the URL it is."""
    return text if is_remote(text) else Path(text)


def below(place: Place, *names: str) -> Place:
    """Return a place inside another."""
    if is_remote(place):
        return "/".join([str(place).rstrip("/"), *names])
    return Path(place).joinpath(*names)


def read_bytes(place: Place) -> bytes:
    """Return the content of a file.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    StorageError
        If a URL cannot be read.
    """
    try:
        if not is_remote(place):
            return Path(place).read_bytes()
        with _remote(place) as (files, path):
            content: bytes = files.cat_file(path)
            return content
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingArtefactError(f"no file {place}; check the path, or make it again") from error


def exists(place: Place) -> bool:
    """Tell whether a file is there."""
    if not is_remote(place):
        return Path(place).exists()
    with _remote(place) as (files, path):
        return bool(files.exists(path))


def list_files(place: Place) -> dict[str, int]:
    """Return the files below a place with their bytes, by their sorted names relative to it; none where it is not."""
    if not is_remote(place):
        found = {
            path.relative_to(place).as_posix(): path.stat().st_size for path in Path(place).rglob("*") if path.is_file()
        }
        return dict(sorted(found.items()))
    with _remote(place) as (files, path):
        files.invalidate_cache()
        about = files.find(path, detail=True)
        prefix = len(path.rstrip("/")) + 1
        return dict(sorted((name[prefix:], int(one["size"])) for name, one in about.items()))


def write_bytes(place: Place, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    if not is_remote(place):
        with atomic_file(Path(place)) as part:
            part.write_bytes(content)
        return
    try:
        with _remote(place) as (files, path):
            if str(place).partition("://")[0] not in _BUCKETS:
                files.makedirs(path.rpartition("/")[0], exist_ok=True)
            files.pipe_file(path, content)
    except FileNotFoundError as error:
        raise StorageError(f"cannot write {place}: {error}; make its bucket first, or check its name") from error


def remove(place: Place) -> None:
    """Remove a file, if it is there.

    Raises
    ------
    StorageError
        If it cannot be removed.
    """
    if not is_remote(place):
        Path(place).unlink(missing_ok=True)
        return
    with _remote(place) as (files, path), suppress(FileNotFoundError):
        files.rm_file(path)


@contextmanager
def _remote(place: Place) -> Iterator[tuple[Any, str]]:
    """Yield the file system of a URL and the path in it, and let what it refuses name the URL and the remedy."""
    try:
        from fsspec.core import url_to_fs

        yield url_to_fs(str(place))
    except (CladmopError, FileNotFoundError):
        raise
    except ImportError as error:
        raise MissingDependencyError(
            f"{place} needs a package that is not installed ({error}); run: pip install 'cladmop[cloud]'"
        ) from error
    except ValueError as error:
        raise InputError(f"{place} is no URL that can be read ({error}); give e.g. s3://bucket/folder") from error
    except Exception as error:
        # Each file system has errors of its own.
        raise StorageError(
            f"{place} cannot be reached: {error}; check its name, its endpoint (AWS_ENDPOINT_URL) and your access"
        ) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def free_bytes(folder: Path) -> int:
    """Return the bytes free on the disk that holds ``folder``, or its nearest parent that exists."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
