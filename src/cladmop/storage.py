"""Atomic writes: a reader sees the whole artefact or none of it, also after kill -9 or on a full disk."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cladmop.errors import CladmopError, CorruptArtefactError, MissingArtefactError, StorageError


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


def read_json(path: Path) -> Any:  # noqa: ANN401 (any JSON value)
    """Read JSON.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    CorruptArtefactError
        If it is not UTF-8 JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingArtefactError(f"no file {path}; check the path, or make it again") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CorruptArtefactError(f"{path} is not valid JSON ({error}); make it again") from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def free_bytes(folder: Path) -> int:
    """Return the bytes free on the disk that holds ``folder``, or its nearest parent that exists."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
