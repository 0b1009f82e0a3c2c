"""A Word file is a zip archive: what it unpacks to is counted before anything reads it."""

import io
import re
import zipfile
import zlib

from cladmop.errors import InputError

MAX_MEMBERS = 5_000
"""Most members of a Word file."""
MAX_UNPACKED = 150_000_000
"""Most bytes that all members together may unpack to."""
MAX_XML = 40_000_000
"""Most bytes of one member that is XML: a protocol of a thousand pages has a tenth."""
_CHUNK = 1 << 16
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{1,40})["']""")
_ENCODINGS = {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"utf-16", b"utf-16le", b"utf-16be"}
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
_XML = (".xml", ".rels")


def check_archive(data: bytes, name: str) -> None:
    """Unpack every member once, piece by piece, and refuse what could cost a reader memory or time.

    Sizes that the archive states are not trusted; archives inside it are not opened; nothing is written.

    Parameters
    ----------
    data
        The file.
    name
        What to call it in messages.

    Raises
    ------
    InputError
        If it is no zip archive, is damaged or encrypted, unpacks to too much, or holds XML with a document type
        or entities.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check(archive, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} is a damaged or encrypted Word file; open it in Word and save it again") from error


def _check(archive: zipfile.ZipFile, name: str) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise InputError(f"{name} has {len(members)} members; a Word file has at most {MAX_MEMBERS}")
    left = MAX_UNPACKED
    if sum(member.file_size for member in members) > left:
        raise _too_large(name)
    for member in members:
        is_xml = member.filename.lower().endswith(_XML)
        unpacked = _unpack(archive, member, min(left, MAX_XML) if is_xml else left, keep=is_xml)
        if unpacked is None:
            raise _too_large(name)
        size, content = unpacked
        left -= size
        if is_xml:
            _check_xml(content, name)


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int, *, keep: bool) -> tuple[int, bytes] | None:
    """Return the real size of a member, with its content if asked; none if it is above the limit."""
    size = 0
    kept = bytearray()
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                return None
            if keep:
                kept += chunk
    return size, bytes(kept)


def _check_xml(content: bytes, name: str) -> None:
    # Without zeros UTF-16 reads like ASCII; other encodings could hide a declaration.
    plain = content.replace(b"\0", b"")
    encoding = _ENCODING.search(plain[:400])
    if encoding is not None and encoding[1].lower() not in _ENCODINGS:
        raise InputError(f"{name} holds XML that is neither UTF-8 nor UTF-16; open it in Word and save it again")
    if any(mark in plain for mark in _DECLARATIONS):
        raise InputError(f"{name} holds XML with a document type or entities, which no Word file needs; it is not read")


def _too_large(name: str) -> InputError:
    return InputError(
        f"{name} unpacks to more than {MAX_UNPACKED // 1_000_000} MB, or {MAX_XML // 1_000_000} MB of text; "
        "it is not read"
    )
