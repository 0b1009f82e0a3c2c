"""Studies in a stream of JSON of any length: a list, JSON Lines, or pages, read in pieces with memory that stays flat.

A quote inside a JSON string is escaped, so the bytes ``{ "protocolSection" :`` are the beginning of a study and
nothing else: the stream is cut there, and whole runs of studies are decoded at once. A run that does not decode is
read again value by value, and a value that is no study is rejected with its offset.
"""

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator

import msgspec

from cladmop.errors import InputError
from cladmop.records.study import Study
from cladmop.sources.ctgov import UNREADABLE, Record, study_from_json, study_of
from cladmop.sources.rejects import Reject

STUDY_LIMIT = 64 * 2**20
"""Bytes that one study may have; the largest real one has about a twentieth."""
_PATIENCE = 16 * 2**20
"""Bytes without a study's beginning after which they are read value by value."""
_MARK = b"\xef\xbb\xbf"
_KEY = b'"protocolSection"'
_START = re.compile(rb'\{\s*"protocolSection"\s*:')
_BETWEEN = b" \t\r\n,"
_RECORD = msgspec.json.Decoder(Record)
_RECORDS = msgspec.json.Decoder(list[Record])
_VALUES = json.JSONDecoder()
_FRAME = re.compile(
    r"(?P<gap>[\s,]+)"
    r'|(?P<page>\{(?:\s*"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)\s*,)*\s*"studies"\s*:\s*\[)'
    r"|(?P<open>\[)"
    r"|(?P<close>\])"
    r'|(?P<end>(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)[\s,]*)*\})'
)
"""What stands around studies: separators, brackets of lists, and the fields of a page."""
_DEPTHS = {"gap": 0, "page": 2, "open": 1, "close": -1, "end": -1}
_NEXT_LINE = re.compile(r"\n(?=\{)")
_NCT_ID = re.compile(rb'"nctId"\s*:\s*"(NCT\d{8})"')
_TAIL = 256
"""Bytes in which a study's beginning may be cut by the end of a piece."""


class StudyStream:
    """Reads the studies of one stream.

    Parameters
    ----------
    where
        Name of the stream, for messages.
    reject
        Told of every value that is no study, with the offset of its first byte.
    """

    def __init__(self, where: str, reject: Callable[[Reject], None]) -> None:
        self._where = where
        self._reject = reject
        self._offset = 0
        self._depth = 0
        self._lost = False

    def read(self, chunks: Iterable[bytes]) -> Iterator[Study]:
        """Yield the studies of a stream that comes in pieces of any length.

        Where the stream itself fails (a damaged archive raises `InputError`), that is rejected too, and it ends.
        """
        buffer = b""
        defects: list[str] = []
        for chunk in _until_failure(chunks, defects):
            buffer += chunk
            if self._offset == 0 and buffer.startswith(_MARK):
                buffer = buffer[len(_MARK) :]
                self._offset = len(_MARK)
            buffer = yield from self._advance(buffer)
        if not self._lost:
            yield from self._values(buffer, final=True)
        if defects:
            self._refuse(self._offset, defects[0].removeprefix(f"{self._where}: "))
        elif self._depth and not self._lost:
            self._refuse(self._offset, "it ends within its list of studies: the file is cut; fetch it again")
        elif self._offset == 0:
            self._refuse(0, "empty")

    def _advance(self, buffer: bytes) -> Generator[Study, None, bytes]:
        """Yield the studies that are whole in a buffer; return the rest of it."""
        last = _last_start(buffer)
        if last > 0 or (last == 0 and self._lost):
            first = 0 if _START.match(buffer) else _first_start(buffer)
            if self._lost:
                self._offset += first
                self._lost = False
            else:
                yield from self._values(buffer[:first], final=True)
            yield from self._run(buffer[first:last])
            return buffer[last:]
        if self._lost:
            self._offset += max(len(buffer) - _TAIL, 0)
            return buffer[-_TAIL:]
        if len(buffer) < _PATIENCE:
            return buffer
        buffer = yield from self._values(buffer, final=False)
        if len(buffer) > STUDY_LIMIT:
            self._refuse(self._offset, f"no study ends within {STUDY_LIMIT:,} bytes", buffer)
            self._lost = True
            self._offset += len(buffer) - _TAIL
            return buffer[-_TAIL:]
        return buffer

    def _run(self, run: bytes) -> Iterator[Study]:
        """Yield the studies of a run: at once where all are sound, else one by one."""
        body = run.rstrip(_BETWEEN)
        try:
            records = _RECORDS.decode(b"[%b]" % body) if self._depth else _RECORD.decode_lines(body)
            studies = [study_of(record, self._where) for record in records]
        except (*UNREADABLE, InputError):
            places = [found.start() for found in _START.finditer(run)]
            for place, after in zip(places, [*places[1:], len(run)], strict=True):
                yield from self._values(run[place:after], final=True)
        else:
            self._offset += len(run)
            yield from studies

    def _values(self, data: bytes, *, final: bool) -> Generator[Study, None, bytes]:
        """Yield the studies of a stretch value by value; return what may go on behind it (nothing where final)."""
        text = data.decode("utf-8", "surrogateescape")
        begin, at = self._offset, 0
        while at < len(text):
            end = self._frame_end(text, at)
            if end is None:
                end, reason = _value_end(text, at)
                if reason and not final:
                    break
                value = _bytes(text[at:end])
                if reason:
                    self._refuse(self._offset, reason, value)
                else:
                    yield from self._value(value)
            self._offset += len(_bytes(text[at:end]))
            at = end
        return data[self._offset - begin :]

    def _frame_end(self, text: str, at: int) -> int | None:
        """Return where a separator, a bracket of a list or a part of a page ends; none where a value begins."""
        found = _FRAME.match(text, at)
        if found is None:
            return None
        depth = self._depth + _DEPTHS[found.lastgroup or "gap"]
        if depth < 0:
            return None
        self._depth = depth
        return found.end()

    def _value(self, value: bytes) -> Iterator[Study]:
        where = f"{self._where}: byte {self._offset}"
        try:
            study = study_from_json(value, where)
        except InputError as error:
            self._refuse(self._offset, str(error).removeprefix(f"{where}: "), value)
        else:
            yield study

    def _refuse(self, offset: int, reason: str, value: bytes = b"") -> None:
        found = _NCT_ID.search(value)
        self._reject(Reject(f"{self._where}: byte {offset}", found[1].decode() if found else None, reason))


def _until_failure(chunks: Iterable[bytes], defects: list[str]) -> Iterator[bytes]:
    """Yield pieces until one cannot be had, and note why."""
    try:
        yield from chunks
    except InputError as error:
        defects.append(str(error))


def _first_start(buffer: bytes) -> int:
    found = _START.search(buffer)
    assert found is not None  # the last beginning was found before
    return found.start()


def _last_start(buffer: bytes) -> int:
    """Return where the last study of a buffer begins, or -1."""
    at = buffer.rfind(_KEY)
    while at >= 0:
        brace = buffer.rfind(b"{", 0, at)
        found = _START.match(buffer, brace) if brace >= 0 else None
        if found and found.end() > at:
            return brace
        at = buffer.rfind(_KEY, 0, at)
    return -1


def _value_end(text: str, at: int) -> tuple[int, str]:
    """Return where a JSON value ends; where it is broken, the next line that may begin another, and why."""
    try:
        return _VALUES.raw_decode(text, at)[1], ""
    except json.JSONDecodeError as error:
        reason = f"not valid JSON ({error.msg}, {error.pos - at} characters on)"
    except ValueError:
        reason = "not valid JSON (a number of thousands of digits)"
    except RecursionError:
        reason = "nested too deeply to be a study"
    line = _NEXT_LINE.search(text, at + 1)
    return line.end() if line else len(text), reason


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
