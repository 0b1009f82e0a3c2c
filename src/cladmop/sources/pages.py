"""A folder of a registry's pages as they came: ``page-000001.json.gz`` onwards, and ``fetch.json``, how far it is.

A page is written before ``fetch.json`` counts it, so a killed fetch loses at most the page it was waiting for. A fetch
that starts again (newer data, a refused token) fills the folder ``renewal`` inside; its pages take the place of the
former ones only when all have come.
"""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any, cast

import msgspec
from isal import igzip, isal_zlib

from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError
from cladmop.progress import progress_bar
from cladmop.storage import atomic_file, write_json

MANIFEST = "fetch.json"
"""Name of the file that says what the pages are and how far the fetch has come."""
_RENEWAL = "renewal"
_GZIP = 31
"""zlib's window for a gzip header and checksum."""
_GZIP_ERROR = cast("type[Exception]", isal_zlib.error)
"""isal declares its error as an instance."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises of JSON that is none, or is not what it should be."""


class Plan(msgspec.Struct, frozen=True):
    """What is fetched."""

    source: str
    """Address of the API."""
    query: dict[str, str]
    """Query parameters, without those of paging."""
    page_size: int
    """Studies a page, at most."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder of pages is, and how far its fetch has come."""

    attribution: str
    """What the registry asks to be cited by."""
    plan: Plan
    api_version: str
    data_timestamp: str
    """When the registry last processed its data."""
    begun: str
    """Date of the first page, ``YYYY-MM-DD``."""
    total: int | None = None
    """Studies that the registry counts for the query; none before the first page, or if it does not say."""
    pages: int = 0
    studies: int = 0
    """Distinct NCT ids on the pages."""
    unidentified: int = 0
    """Records without a readable NCT id."""
    next_token: str | None = None
    """Token of the next page; none before the first and after the last."""
    complete: bool = False

    @property
    def all_came(self) -> bool:
        """Whether the last page is here."""
        return self.pages > 0 and self.next_token is None


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """One page of studies, each still JSON."""

    studies: list[msgspec.Raw]
    next_page_token: str | None = None
    total_count: int | None = None


class _Identification(msgspec.Struct, rename="camel"):
    nct_id: str


class _Protocol(msgspec.Struct, rename="camel"):
    identification_module: _Identification


class _Study(msgspec.Struct, rename="camel"):
    protocol_section: _Protocol


_PAGE = msgspec.json.Decoder(Page)
_STUDY = msgspec.json.Decoder(_Study)
_MANIFEST = msgspec.json.Decoder(Manifest)


class Seen:
    """Counts studies once, also where two pages hold the same."""

    def __init__(self) -> None:
        self.nct_ids: set[str] = set()
        self.unidentified = 0

    def add(self, page: Page) -> None:
        """Count the studies of a page."""
        for record in page.studies:
            try:
                self.nct_ids.add(_STUDY.decode(record).protocol_section.identification_module.nct_id)
            except UNREADABLE:
                self.unidentified += 1


def read_page(body: bytes) -> Page:
    """Return a page whose studies are not read yet.

    Raises
    ------
    InputError
        If it is not a JSON object with a list of ``studies``; the message says what it is, for people.
    """
    try:
        return _PAGE.decode(body)
    except UNREADABLE as error:
        raise InputError(f"not a page of studies ({error})") from error


class PageFolder:
    """The pages of one query in one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def manifest(self) -> Manifest | None:
        """Return what is known of the folder; none if nothing was begun in it.

        Raises
        ------
        CorruptArtefactError
            If ``fetch.json`` cannot be read.
        InputError
            If it holds pages, but no ``fetch.json``.
        """
        path = self.path / MANIFEST
        try:
            return _MANIFEST.decode(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            if any(self.path.glob("page-*.json.gz")):
                raise InputError(f"{self.path} holds pages, but no {MANIFEST}; choose another folder") from None
            return None
        except UNREADABLE as error:
            raise CorruptArtefactError(f"{path} cannot be read ({error}); choose another folder") from error

    def page(self, number: int) -> Path:
        """Return the path of a page, counted from 1."""
        return self.path / f"page-{number:06d}.json.gz"

    def sweep(self) -> None:
        """Remove the half-written files of a killed fetch."""
        for path in (*self.path.glob(".page-*.part"), *self.path.glob(f".{MANIFEST}.*.part")):
            path.unlink(missing_ok=True)

    def begin(self, plan: Plan, api_version: str, data_timestamp: str) -> Manifest:
        """Empty the folder of an earlier fetch and note what is to come."""
        for path in self.path.glob("page-*.json.gz"):
            path.unlink()
        manifest = Manifest(
            attribution=f"ClinicalTrials.gov, processed on {data_timestamp[:10]}",
            plan=plan,
            api_version=api_version,
            data_timestamp=data_timestamp,
            begun=dt.datetime.now(dt.UTC).date().isoformat(),
        )
        self._write(manifest)
        return manifest

    def add(self, manifest: Manifest, body: bytes, page: Page, seen: Seen) -> Manifest:
        """Save one more page, then count it."""
        number = manifest.pages + 1
        with atomic_file(self.page(number)) as part:
            part.write_bytes(igzip.compress(body, mtime=0))
        seen.add(page)
        return self.note(
            manifest,
            total=page.total_count if number == 1 else manifest.total,
            pages=number,
            studies=len(seen.nct_ids),
            unidentified=seen.unidentified,
            next_token=page.next_page_token,
        )

    def note(self, manifest: Manifest, **changes: Any) -> Manifest:  # noqa: ANN401 (any field of a manifest)
        """Write what has changed."""
        changed = msgspec.structs.replace(manifest, **changes)
        self._write(changed)
        return changed

    def seen(self, manifest: Manifest) -> Seen:
        """Read the saved pages and return the studies on them.

        Raises
        ------
        MissingArtefactError, CorruptArtefactError
            If a page is missing or damaged.
        """
        seen = Seen()
        with progress_bar("reading saved pages", manifest.pages, "pages") as bar:
            for number in range(1, manifest.pages + 1):
                seen.add(_saved_page(self.page(number)))
                bar.advance()
        return seen

    def has_all_pages(self, manifest: Manifest) -> bool:
        """Tell whether every page that the manifest counts is there."""
        return all(self.page(number).is_file() for number in range(1, manifest.pages + 1))

    @property
    def renewal(self) -> "PageFolder":
        """Where a fetch that starts again puts its pages until all have come."""
        return PageFolder(self.path / _RENEWAL)

    def take_renewal(self) -> None:
        """Put a complete renewal in the place of the former pages; an incomplete one stays.

        Killed in the middle, it goes on when it is called again.
        """
        renewal = self.renewal
        new = renewal.manifest()
        if new is None or not new.complete:
            return
        old = self.manifest()
        if old is not None and old.complete:
            self.note(old, complete=False)
        for number in range(1, new.pages + 1):
            if renewal.page(number).is_file():
                renewal.page(number).replace(self.page(number))
        wanted = {self.page(number) for number in range(1, new.pages + 1)}
        for path in self.path.glob("page-*.json.gz"):
            if path not in wanted:
                path.unlink()
        self._write(new)
        shutil.rmtree(renewal.path)

    def _write(self, manifest: Manifest) -> None:
        write_json(self.path / MANIFEST, msgspec.to_builtins(manifest))


def _saved_page(path: Path) -> Page:
    try:
        return read_page(isal_zlib.decompress(path.read_bytes(), wbits=_GZIP))
    except FileNotFoundError as error:
        raise MissingArtefactError(f"no file {path}; fetch it again") from error
    except (OSError, InputError, _GZIP_ERROR) as error:
        raise CorruptArtefactError(f"{path} is damaged ({error}); fetch it again") from error
