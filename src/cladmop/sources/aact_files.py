"""The files of an AACT archive, a zip or a folder, in parts that begin and end with a row."""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from cladmop.errors import InputError, MissingArtefactError, StorageError
from cladmop.storage import free_bytes

_PART = 1 << 25
"""Bytes of a part: what memory must hold of a file at once."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what is read of it."""

    name: str
    columns: tuple[str, ...]
    """Columns read, ``nct_id`` aside; a table without one of them is refused."""
    optional: tuple[str, ...] = ()
    """Columns read where they are there, and empty where they are not."""
    order: str = ""
    """Column that orders the rows of a study; ``id`` comes before it where it is there."""

    @property
    def file(self) -> str:
        """Name of the table's file."""
        return f"{self.name}.txt"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    size: int
    """Bytes, unpacked."""
    open: Callable[[], IO[bytes]]
    """Opens it for reading."""


@contextmanager
def opened(path: Path, tables: tuple[Table, ...]) -> Iterator[dict[str, Member]]:
    """Open an archive, a zip or a folder, and give the files of the tables by name.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is no zip, or lacks a table.
    """
    if path.is_dir():
        files = [file for file in path.iterdir() if file.is_file()]
        yield _wanted(path, tables, {file.name: Member(file.stat().st_size, _reader(file)) for file in files})
        return
    if not path.is_file():
        raise MissingArtefactError(f"no file {path}; check the path")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path} is no zip archive ({error}); fetch AACT's pipe-delimited files again") from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        members = {Path(info.filename).name: Member(info.file_size, _unpacker(archive, info)) for info in infos}
        yield _wanted(path, tables, members)


def _reader(file: Path) -> Callable[[], IO[bytes]]:
    return lambda: file.open("rb")


def _unpacker(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(info)


def _wanted(path: Path, tables: tuple[Table, ...], members: dict[str, Member]) -> dict[str, Member]:
    names = [table.file for table in tables]
    missing = [name for name in names if name not in members]
    if missing:
        raise InputError(f"{path} has no {missing[0]}; AACT's pipe-delimited files are {', '.join(names)} and others")
    return {name: members[name] for name in names}


def require_room(path: Path, members: dict[str, Member], folder: Path) -> None:
    """Check that the sorted tables, and the largest one twice more, fit into a folder.

    Raises
    ------
    StorageError
        If they do not.
    """
    sizes = [member.size for member in members.values()]
    needed, free = sum(sizes) + 2 * max(sizes), free_bytes(folder)
    if needed > free:
        raise StorageError(
            f"{path} needs {needed / 1e9:,.1f} GB in {folder.parent} while it is read, and {free / 1e9:,.1f} GB are "
            "free; free space, or set TMPDIR to a folder on a larger disk"
        )


class Part(NamedTuple):
    """Whole rows of a file, without its first line."""

    offset: int
    """Byte of the file at which they begin."""
    header: list[str]
    """The file's columns."""
    ending: bytes
    """What ends the file's lines."""
    data: bytes


def row_start(header: list[str]) -> re.Pattern[bytes]:
    """Return what a line matches that begins a row; the group is the study's id."""
    before = header.index("nct_id")
    return re.compile(rb'(?:[^|\n]*\|){%d}"?(NCT\d{8})"?(?=[|\r\n]|$)' % before)


def parts(path: Path, table: Table, member: Member) -> Iterator[Part]:
    """Read a file part by part; what a quote left open can spoil ends with the part.

    Raises
    ------
    InputError
        If it cannot be unpacked, or a column is missing.
    """
    try:
        with member.open() as stream:
            line = stream.readline(_PART)
            header = _header(path, table, line.decode("utf-8-sig", errors="replace"))
            ending = b"\r\n" if line.endswith(b"\r\n") else b"\n"
            start, offset, rest = row_start(header), len(line), b""
            while chunk := stream.read(_PART):
                data = rest + chunk
                cut = _last_start(data, start)
                yield Part(offset, header, ending, data[:cut])
                offset, rest = offset + cut, data[cut:]
            yield Part(offset, header, ending, rest)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise InputError(f"{path}: {table.file} cannot be unpacked ({error}); fetch the archive again") from error


def _header(path: Path, table: Table, line: str) -> list[str]:
    header = [name.strip().strip('"') for name in line.split("|")]
    missing = [name for name in ("nct_id", *table.columns) if name not in header]
    if missing:
        raise InputError(
            f"{path}: {table.file} has no column {missing[0]!r}; its first line names the columns, separated by |"
        )
    if len(set(header)) < len(header):
        raise InputError(f"{path}: {table.file} names a column twice in its first line; fetch the archive again")
    return header


def _last_start(data: bytes, start: re.Pattern[bytes]) -> int:
    """Return where the last row begins; the end where none is seen to."""
    end = data.rfind(b"\n")
    while end >= 0 and start.match(data, end + 1) is None:
        end = data.rfind(b"\n", 0, end)
    return end + 1 if end >= 0 else len(data)
