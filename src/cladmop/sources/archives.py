"""Members of a zip archive, inflated from where they lie: fast, checked, never unpacked to disk."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from isal import isal_zlib

from cladmop.errors import InputError, MissingArtefactError

INFLATE_ERROR = cast("type[Exception]", isal_zlib.error)
"""What isal raises of damaged bytes; it declares its error as an instance."""
MEMBER_LIMIT = 64 * 2**20
"""Bytes that one record may have when inflated; the largest real one has about a twentieth."""
_LOCAL_HEADER = 30
_RAW_DEFLATE = -15
_READ = 2**20
_PIECE = 4 * 2**20


class Archive(NamedTuple):
    """An open zip archive."""

    stream: BinaryIO
    members: list[zipfile.ZipInfo]
    """Its members of the asked kinds, in the order of its directory."""


@contextmanager
def opened_archive(path: Path, suffixes: tuple[str, ...]) -> Iterator[Archive]:
    """Open a zip archive and list its members that have one of these suffixes, in lower or upper case.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is no zip archive, or has no such member.
    """
    with opened(path) as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
            raise InputError(f"{path}: not a zip archive, or cut ({error}); fetch it again") from error
        asked = [one for one in members if one.filename.lower().endswith(suffixes)]
        if not asked:
            raise InputError(f"{path}: no member named {' or '.join(f'*{suffix}' for suffix in suffixes)} in it")
        yield Archive(stream, asked)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it cannot be opened.
    """
    try:
        stream = path.open("rb", buffering=_READ)
    except FileNotFoundError as error:
        raise MissingArtefactError(f"no file {path}; check the path") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    with stream:
        yield stream


def inflated(stream: BinaryIO, member: zipfile.ZipInfo, where: str) -> bytes:
    """Return the bytes of a member, checked against its length and CRC-32.

    Raises
    ------
    InputError
        If it is encrypted, damaged, compressed otherwise than by deflate, or larger than `MEMBER_LIMIT`.
    """
    if max(member.file_size, member.compress_size) > MEMBER_LIMIT:
        raise InputError(f"{where}: {member.file_size:,} bytes; a record has at most {MEMBER_LIMIT:,}")
    raw = _compressed(stream, member, where, 0, member.compress_size)
    try:
        data = raw if member.compress_type == zipfile.ZIP_STORED else _inflate(raw, member.file_size + 1)
    except INFLATE_ERROR as error:
        raise InputError(f"{where}: damaged ({error}); fetch the archive again") from error
    if len(data) != member.file_size or isal_zlib.crc32(data) != member.CRC:
        raise InputError(f"{where}: damaged (its length or checksum is another); fetch the archive again")
    return data


def inflated_chunks(stream: BinaryIO, member: zipfile.ZipInfo, where: str) -> Iterator[bytes]:
    """Yield the bytes of a member of any size in pieces of at most a few megabytes; checked after the last.

    Raises
    ------
    InputError
        If it is encrypted, damaged, or compressed otherwise than by deflate.
    """
    place, crc, length = 0, 0, 0
    machine = None if member.compress_type == zipfile.ZIP_STORED else isal_zlib.decompressobj(_RAW_DEFLATE)
    try:
        while place < member.compress_size:
            raw = _compressed(stream, member, where, place, min(_READ, member.compress_size - place))
            place += len(raw)
            while raw:
                piece = raw if machine is None else machine.decompress(raw, _PIECE)
                raw = b"" if machine is None else machine.unconsumed_tail
                crc, length = isal_zlib.crc32(piece, crc), length + len(piece)
                yield piece
    except INFLATE_ERROR as error:
        raise InputError(f"{where}: damaged ({error}); fetch the archive again") from error
    if length != member.file_size or crc != member.CRC:
        raise InputError(f"{where}: damaged (its length or checksum is another); fetch the archive again")


def _inflate(raw: bytes, limit: int) -> bytes:
    return isal_zlib.decompressobj(_RAW_DEFLATE).decompress(raw, limit)


def _compressed(stream: BinaryIO, member: zipfile.ZipInfo, where: str, place: int, size: int) -> bytes:
    """Return bytes of a member as they are stored, from a place within it."""
    if member.flag_bits & 1:
        raise InputError(f"{where}: encrypted; give the archive without a password")
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise InputError(f"{where}: compressed by method {member.compress_type}; only deflate is read")
    try:
        stream.seek(member.header_offset)
        header = stream.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\3\4"):
            raise InputError(f"{where}: damaged (no header where the directory says); fetch the archive again")
        name_and_extra = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        stream.seek(name_and_extra + place, 1)
        raw = stream.read(size)
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f"{where}: cannot be read ({error})") from error
    if len(raw) < size:
        raise InputError(f"{where}: cut; fetch the archive again")
    return raw
