"""Any download of ClinicalTrials.gov as a stream of studies: its kind is recognised by content, or given."""

import zipfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from cladmop.errors import InputError
from cladmop.records.study import Study
from cladmop.sources.archives import opened
from cladmop.sources.json_files import JSON_SUFFIXES, json_files, read_json_file
from cladmop.sources.rejects import Reject
from cladmop.sources.xml import read_xml_zip

_AACT_TABLE = "studies.txt"
_ACCEPTED = (
    "accepted are a zip of XML records (AllPublicXML.zip), API version 2 studies as JSON, JSON Lines or pages "
    "(.json, .jsonl, .gz, .zip, or a folder of them), and an AACT archive of pipe-delimited files"
)


class SourceKind(StrEnum):
    """What a download of the registry is."""

    XML = "xml"
    """The legacy bulk archive: a zip of one XML file a study."""
    JSON = "json"
    """API version 2 studies: a download of the site, or the pages of a fetch."""
    AACT = "aact"
    """A daily export of AACT: a zip, or a folder, of pipe-delimited tables."""


def recognise(path: Path) -> SourceKind:
    """Return what kind of download a file or folder is, by its content.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is none of the kinds, which the message lists.
    """
    if path.is_dir():
        kind = SourceKind.AACT if (path / _AACT_TABLE).is_file() else SourceKind.JSON if json_files(path) else None
    else:
        with opened(path) as stream:
            begin = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
        kind = _kind_of_zip(path) if begin.startswith(b"PK") else _kind_of_text(begin)
    if kind is None:
        raise InputError(f"{path}: no download of the registry that is known; {_ACCEPTED}")
    return kind


def read_studies(path: Path, reject: Callable[[Reject], None], kind: SourceKind | None = None) -> Iterator[Study]:
    """Read the studies of a download, in its order.

    Parameters
    ----------
    path
        The file or folder.
    reject
        Told of every record that cannot be read; reading goes on behind it.
    kind
        What it is; recognised by content where not given.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is none of the kinds, or holds no record at all, sound or not.
    """
    met = 0

    def counted(one: Reject) -> None:
        nonlocal met
        met += 1
        reject(one)

    for study in _reader(kind or recognise(path))(path, counted):
        met += 1
        yield study
    if not met:
        raise InputError(f"{path}: no study in it; {_ACCEPTED}")


def _reader(kind: SourceKind) -> Callable[[Path, Callable[[Reject], None]], Iterator[Study]]:
    if kind is SourceKind.XML:
        return read_xml_zip
    if kind is SourceKind.JSON:
        return read_json_file
    from cladmop.sources.aact import read_aact

    return read_aact


def _kind_of_zip(path: Path) -> SourceKind | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.lower() for name in archive.namelist()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: not a zip archive, or cut ({error}); fetch it again") from error
    if any(name.rpartition("/")[2] == _AACT_TABLE for name in names):
        return SourceKind.AACT
    for kind, suffixes in ((SourceKind.XML, (".xml",)), (SourceKind.JSON, JSON_SUFFIXES)):
        if any(name.endswith(suffixes) for name in names):
            return kind
    return None


def _kind_of_text(begin: bytes) -> SourceKind | None:
    return SourceKind.JSON if begin[:1] in {b"[", b"{"} or begin.startswith(b"\x1f\x8b") else None
