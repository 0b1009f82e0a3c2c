"""What a build will take, before it starts: records counted or sampled, seconds measured on a sample of them.

Names are counted as if none came twice beyond the sample, so that a long build takes less than is said.
"""

import json
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from cladmop.corpus.approvals import chosen_list, read_ingredients
from cladmop.corpus.heldout import HeldOut
from cladmop.corpus.manifest import BuildSettings
from cladmop.corpus.reading import NameReader
from cladmop.corpus.staging import files_of, screened
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import InputError
from cladmop.records import Intervention, Study
from cladmop.sources.json_files import JSON_SUFFIXES, json_files
from cladmop.sources.pages import MANIFEST
from cladmop.sources.studies import SourceKind, read_studies, recognise

TRIAL_BYTES = 9_000
"""Memory that a finished drug trial takes until its phase is written, measured on 26,520 of them."""
DISK_BYTES = 700
"""Disk that a record takes while and after a build, measured on the registry's sample of 6,168 records."""
_HEAD = 2**22
"""Bytes of a JSON or AACT file in which records are counted."""
_MARK = b'"protocolSection"'
_TABLE = "studies.txt"
_MOST = 2_000
"""Records of a sample at most."""
_UNKNOWN = Study(nct_id="", conditions=("no such ailment",), interventions=(Intervention("drug", "no such substance"),))
"""Asks every table, so that none is loaded while a clock runs."""
Item = TypeVar("Item")


@dataclass(frozen=True)
class Weight:
    """How much a source holds."""

    name: str
    kind: SourceKind
    files: int
    bytes: int
    records: int
    """Studies, about; exactly where an archive or a fetch lists them, and 0 where they cannot be counted."""


@dataclass(frozen=True)
class Rates:
    """What a record costs one process, measured."""

    sample: int
    """Records read for it."""
    reading: float
    """Seconds that reading a record takes."""
    names: float
    """Seconds that its drugs and diseases take, spread over all records read."""
    judging: float
    """Seconds that its criteria take, likewise."""
    approvals: float
    """Seconds that the list of approved ingredients takes, once."""
    finished: float
    """Share of the records that are of finished drug trials."""

    def seconds(self, records: int, workers: int) -> float:
        """Return what a build takes at most, when names are read by so many workers."""
        alone = (self.reading + self.judging) * records
        return alone + (self.approvals + self.names * records) / workers

    def memory(self, records: int) -> float:
        """Return the bytes that the records hold beside the sources of names."""
        return TRIAL_BYTES * self.finished * records


def weigh(source: Path, kind: SourceKind | None) -> Weight:
    """Return how much a source holds.

    Raises
    ------
    MissingArtefactError, InputError
        If there is no such file, or it is of no known kind.
    """
    kind = kind or recognise(source)
    sizes = [path.stat().st_size for path in files_of(source)]
    try:
        records = round(_records(source, kind))
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, ValueError):
        records = 0  # the build says what is wrong with it, and where
    return Weight(source.name, kind, len(sizes), sum(sizes), max(0, records))


def measure(
    sources: Sequence[tuple[Path, SourceKind]],
    settings: BuildSettings,
    resolver: DrugResolver,
    seconds: float = 1.0,
) -> Rates:
    """Read a sample of the sources, and resolve and judge it, each for a second at most.

    Parameters
    ----------
    sources
        Files or folders with their kinds, the largest first; of AACT nothing is read before all of it is unpacked.
    settings
        Whether near-duplicates are looked for, and the list of approved ingredients.
    resolver
        Names to structures.
    seconds
        How long each step may take, beside loading its tables.

    Raises
    ------
    CladmopError
        If a source or the list cannot be read.
    """
    names = NameReader(resolver)
    ingredients = sorted(read_ingredients(chosen_list(settings.approved)[0]))
    names.read(_UNKNOWN)
    sampled = chain.from_iterable(_studies(*source) for source in sources)
    records, reading = _timed(sampled, lambda _: None, seconds)
    judged = [(study, *screened(study)) for study in records]
    kept = [study for study, _, evidence in judged if evidence]
    finished = [study for study, drop, _ in judged if drop is None]
    resolved, naming = _timed(kept, names.read, seconds)
    asked, approving = _timed(ingredients, lambda name: names.substances([name]), seconds / 2)
    held_out = HeldOut([("", finished[0].criteria)] if settings.top is not None and finished else ())
    weighed, judging = _timed(finished, lambda study: _judge(study, held_out), seconds / 2)
    read = max(1, len(records))
    return Rates(
        sample=len(records),
        reading=reading / read,
        names=naming / max(1, len(resolved)) * len(kept) / read,
        judging=judging / max(1, len(weighed)) * len(finished) / read,
        approvals=approving / max(1, len(asked)) * len(ingredients),
        finished=len(finished) / read,
    )


def _timed(items: Iterable[Item], work: Callable[[Item], object], seconds: float) -> tuple[list[Item], float]:
    """Return the items that were worked on within a time, and the time it took, as if all were like those timed.

    The first one is not timed: it opens the source, and loads what all of them need.
    """
    coming = iter(islice(items, _MOST))
    done = list(islice(coming, 1))
    for item in done:
        work(item)
    start = time.perf_counter()
    for item in coming:
        work(item)
        done.append(item)
        if time.perf_counter() - start > seconds:
            break
    spent = time.perf_counter() - start
    return done, spent * len(done) / max(1, len(done) - 1)


def _studies(source: Path, kind: SourceKind) -> Iterator[Study]:
    return read_studies(source, lambda _: None, kind)


def _judge(study: Study, held_out: HeldOut) -> None:
    with suppress(InputError):  # such a record is dropped, and costs no less
        study.trial()
    held_out.resembles(study.criteria)


def _records(source: Path, kind: SourceKind) -> float:
    """Return about how many records a source has."""
    if kind is SourceKind.XML:
        return len(_members(source, (".xml",)))
    if kind is SourceKind.AACT:
        return _lines(source)
    if source.is_file():
        return _in_archive(source) if zipfile.is_zipfile(source) else _in_json(source)
    fetched = source / MANIFEST
    if fetched.is_file():
        return int(json.loads(fetched.read_bytes()).get("studies") or 0)
    return sum(_in_json(path) for path in json_files(source))


def _members(source: Path, suffixes: tuple[str, ...]) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(source) as archive:
        return [one for one in archive.infolist() if one.filename.lower().endswith(suffixes)]


def _in_json(path: Path) -> float:
    """Count records in the head of a JSON file, zipped or not, and take the rest to be like it."""
    with path.open("rb") as stream:
        raw = stream.read(_HEAD)
    text = zlib.decompressobj(31).decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    return text.count(_MARK) * path.stat().st_size / max(1, len(raw))


def _in_archive(source: Path) -> float:
    """Count records in the head of an archive's first JSON file, and take the rest to be like it."""
    members = _members(source, JSON_SUFFIXES)
    with zipfile.ZipFile(source) as archive, archive.open(members[0]) as stream:
        head = stream.read(_HEAD)
    return head.count(_MARK) * sum(one.file_size for one in members) / max(1, len(head))


def _lines(source: Path) -> float:
    """Count the lines in the head of AACT's table of studies, and take the rest to be like it."""
    if source.is_dir():
        with (source / _TABLE).open("rb") as stream:
            return _scaled(stream.read(_HEAD), (source / _TABLE).stat().st_size)
    table = next(one for one in _members(source, (_TABLE,)) if one.filename.rpartition("/")[2].lower() == _TABLE)
    with zipfile.ZipFile(source) as archive, archive.open(table) as stream:
        return _scaled(stream.read(_HEAD), table.file_size)


def _scaled(head: bytes, size: int) -> float:
    return head.count(b"\n") * size / max(1, len(head)) - 1  # the first line names the columns
