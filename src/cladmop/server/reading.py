"""Uploaded files to trials: one trial to look at, or many to score. Documents are parsed in a process of their own."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from cladmop.errors import InputError
from cladmop.records import Trial
from cladmop.server.bodies import Upload, check_size
from cladmop.server.errors import BusyError, MediaTypeError
from cladmop.server.portfolios import read_portfolio
from cladmop.server.settings import Limits

if TYPE_CHECKING:
    from cladmop.sources.documents import DocumentKind
    from cladmop.sources.inputs import TextKind

_DOCUMENTS: dict[str, "DocumentKind"] = {".pdf": "pdf", ".docx": "docx"}
_TABLES: dict[str, "TextKind"] = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_TEXTS = (".txt", ".md", ".text", "")
_THREADS = 2
_WAITING = 16
Answer = TypeVar("Answer")


class Reader:
    """Reads files in threads of its own, a bounded number at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="cladmop-reading")
        self._waiting = 0

    async def one(self, upload: Upload) -> tuple[Trial, list[str], bool]:
        """Return the trial of a file, remarks, and whether a person should confirm it.

        Raises
        ------
        InputError
            If the file cannot be read, or holds no trial or several.
        MediaTypeError
            If it is of another kind.
        BusyError
            If many files wait.
        """
        return await self._threaded(lambda: self._one(upload))

    async def many(self, upload: Upload) -> Sequence[Trial]:
        """Return the trials of a table.

        Raises
        ------
        InputError, MediaTypeError, BusyError
            As `one`.
        TooLargeError
            If it holds too many.
        """
        return await self._threaded(lambda: self._many(upload))

    def close(self) -> None:
        """Read nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _threaded(self, read: Callable[[], Answer]) -> Answer:
        if self._waiting >= _WAITING:
            raise BusyError(f"{self._waiting} files are being read already; try again in a while", 2)
        self._waiting += 1
        reading = asyncio.get_running_loop().run_in_executor(self._threads, read)
        # Counted until it is done, also when the caller has gone.
        reading.add_done_callback(self._done)
        return await asyncio.shield(reading)

    def _done(self, reading: "asyncio.Future[Any]") -> None:
        self._waiting -= 1
        # Looked at, so that asyncio does not report an error that nobody waited for.
        _ = reading.cancelled() or reading.exception()

    def _one(self, upload: Upload) -> tuple[Trial, list[str], bool]:
        table = _table_kind(upload)
        if table is not None:
            trials = self._table(upload, table)
            if len(trials) > 1:
                raise InputError(f"{len(trials)} trials in the file; upload it as a batch, or give one trial")
            return trials[0], [], False
        trial, warnings = self._document(upload, _document_kind(upload))
        check_size(trial, upload.name, self._limits)
        return trial, warnings, True

    def _many(self, upload: Upload) -> Sequence[Trial]:
        kind = _TABLES.get(upload.suffix)
        if kind is None:
            raise MediaTypeError("a batch is a file whose name ends in .csv, .json, .jsonl or .ndjson")
        return self._table(upload, kind)

    def _table(self, upload: Upload, kind: "TextKind") -> Sequence[Trial]:
        return read_portfolio(_decoded(upload), upload.name, kind, self._limits)

    def _document(self, upload: Upload, kind: "DocumentKind") -> tuple[Trial, list[str]]:
        from cladmop.sources.documents import read_document_guarded

        found = read_document_guarded(upload.data, kind, upload.name)
        return found.trial(), [*([f"criteria found on {found.where}"] if found.where else []), *found.warnings]


def _table_kind(upload: Upload) -> "TextKind | None":
    if upload.suffix in _TEXTS and upload.data.lstrip()[:1] in {b"{", b"["}:
        return "json"
    return _TABLES.get(upload.suffix)


def _document_kind(upload: Upload) -> "DocumentKind":
    """Return the kind of a document, by its first bytes where the name says nothing."""
    if upload.suffix in _DOCUMENTS:
        return _DOCUMENTS[upload.suffix]
    if upload.suffix not in _TEXTS:
        raise MediaTypeError(f"files ending in {upload.suffix} are not read; give PDF, DOCX, JSON, CSV or plain text")
    starts: dict[bytes, DocumentKind] = {b"%PDF-": "pdf", b"PK\x03\x04": "docx"}
    return next((kind for start, kind in starts.items() if upload.data.startswith(start)), "text")


def _decoded(upload: Upload) -> str:
    try:
        return upload.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{upload.name}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
