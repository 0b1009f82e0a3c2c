"""Measure how fast registry files are read, beside a plain loop, and how much memory it takes.

    python benchmarks/registry_parsing.py --xml AllPublicXML-sample.zip --json ctg-studies.json --work FOLDER

A sample is repeated to the size of a registry: members of the archive keep their compressed bytes under new names, the
JSON list its records. Both are read whole; the plain loop (`xml.etree`, `json.load`) reads a part of it that fits into
memory, and builds the same `Study`. Times are of one core. Prints a Markdown table.
"""
# ruff: noqa: INP001 (a script, not a package)

import argparse
import json
import multiprocessing
import resource
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar
from xml.etree import ElementTree as ET

from cladmop.records.study import Intervention, Study
from cladmop.sources.archives import inflated, opened_archive
from cladmop.sources.json_files import read_json_file
from cladmop.sources.rejects import Reject
from cladmop.sources.spelling import iso_date, plain_words, stated_phase, study_type
from cladmop.sources.xml import read_xml_zip

PLAIN_JSON_RECORDS = 6_000
"""Records of the list that the plain loop loads whole."""
_CHUNK = 2**20
T = TypeVar("T")


class Row(NamedTuple):
    """Figures of one kind of file."""

    kind: str
    records: int
    ours: float
    """Records a second of processor time."""
    plain: float
    megabytes: float
    """Decompressed megabytes a second, ours."""
    decompression: float
    """Share of our time that a pass takes that only decompresses (JSON: only reads)."""
    peaks: tuple[float, float, float]
    """Peak of memory after a quarter, a half and all records, in MB."""


def repeat_archive(sample: Path, records: int, path: Path) -> int:
    """Write an archive of so many members, the sample's over and over; return their decompressed bytes."""
    directory, size = [], 0
    with zipfile.ZipFile(sample) as archive, sample.open("rb") as stream, path.open("wb") as out:
        members = [(one, _raw(stream, one)) for one in archive.infolist() if one.filename.endswith(".xml")]
        for number, (one, raw) in enumerate(islice(cycle(members), records)):
            name = b"NCT%04dxxxx/NCT%08d.xml" % (number // 10_000, number)
            facts = (one.compress_type, 0, 0x21, one.CRC, one.compress_size, one.file_size, len(name), 0)
            place = out.tell()
            out.write(struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, 0, *facts) + name + raw)
            directory.append(struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\1\2", 20, 20, 0, *facts, 0, 0, 0, 0, place) + name)
            size += one.file_size
        begin = out.tell()
        out.writelines(directory)
        end = out.tell()
        sizes = (records, records, end - begin, begin)
        out.write(struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, *sizes))
        out.write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        out.write(struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    return size


def _raw(stream: BinaryIO, member: zipfile.ZipInfo) -> bytes:
    stream.seek(member.header_offset)
    header = stream.read(30)
    stream.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    return stream.read(member.compress_size)


def repeat_list(sample: Path, records: int, path: Path) -> int:
    """Write a JSON list of so many records, the sample's over and over; return its bytes."""
    parts = [json.dumps(one).encode() for one in json.loads(sample.read_bytes())]
    with path.open("wb") as out:
        out.write(b"[" + parts[0])
        for part in islice(cycle(parts), 1, records):
            out.write(b", " + part)
        out.write(b"]")
        return out.tell()


def plain_xml(path: Path) -> Iterator[Study]:
    """Read an archive as one would in twenty lines."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            root = ET.fromstring(archive.read(name))  # noqa: S314 (the sample, measured as a plain loop reads it)

            def text(path: str, element: ET.Element = root) -> str:
                return (element.findtext(path) or "").replace("\r", "").strip()

            def texts(path: str, element: ET.Element = root) -> tuple[str, ...]:
                return tuple((one.text or "").strip() for one in element.iterfind(path))

            yield Study(
                nct_id=text("id_info/nct_id"),
                title=text("brief_title"),
                study_type=study_type(text("study_type")),
                status=plain_words(text("overall_status")),
                why_stopped=" ".join(text("why_stopped").split()),
                phase=stated_phase(text("phase")),
                start_date=iso_date(text("start_date")),
                primary_completion_date=iso_date(text("primary_completion_date")),
                completion_date=iso_date(text("completion_date")),
                verified_date=iso_date(text("verification_date")),
                version=iso_date(text("required_header/download_date").rpartition(" on ")[2]),
                conditions=texts("condition"),
                condition_terms=texts("condition_browse/mesh_term"),
                interventions=tuple(
                    Intervention(
                        plain_words(text("intervention_type", one)),
                        text("intervention_name", one),
                        texts("other_name", one),
                    )
                    for one in root.iterfind("intervention")
                ),
                intervention_terms=texts("intervention_browse/mesh_term"),
                criteria=(root.findtext("eligibility/criteria/textblock") or "").replace("\r", ""),
            )


def plain_json(path: Path) -> Iterator[Study]:
    """Read a list as one would in twenty lines."""
    with path.open(encoding="utf-8") as stream:
        studies = json.load(stream)
    for study in studies:
        protocol, derived = study["protocolSection"], study.get("derivedSection", {})
        status, design = protocol["statusModule"], protocol.get("designModule", {})
        yield Study(
            nct_id=protocol["identificationModule"]["nctId"],
            title=protocol["identificationModule"].get("briefTitle", "").strip(),
            study_type=study_type(design.get("studyType", "")),
            status=plain_words(status.get("overallStatus", "")),
            why_stopped=" ".join(status.get("whyStopped", "").split()),
            phase=stated_phase(", ".join(design.get("phases", []))),
            start_date=status.get("startDateStruct", {}).get("date", ""),
            primary_completion_date=status.get("primaryCompletionDateStruct", {}).get("date", ""),
            completion_date=status.get("completionDateStruct", {}).get("date", ""),
            verified_date=status.get("statusVerifiedDate", ""),
            version=derived.get("miscInfoModule", {}).get("versionHolder", ""),
            conditions=tuple(one.strip() for one in protocol.get("conditionsModule", {}).get("conditions", [])),
            condition_terms=tuple(one["term"] for one in derived.get("conditionBrowseModule", {}).get("meshes", [])),
            interventions=tuple(
                Intervention(plain_words(one["type"]), one["name"].strip(), tuple(one.get("otherNames", [])))
                for one in protocol.get("armsInterventionsModule", {}).get("interventions", [])
            ),
            intervention_terms=tuple(
                one["term"] for one in derived.get("interventionBrowseModule", {}).get("meshes", [])
            ),
            criteria=protocol.get("eligibilityModule", {}).get("eligibilityCriteria", ""),
        )


def measure_xml(sample: Path, records: int, work: Path) -> Row:
    """Measure the archive reader."""
    path = work / "records.zip"
    size = repeat_archive(sample, records, path)
    ours, peaks = timed(read_xml_zip(path, fail), records)
    with opened_archive(path, (".xml",)) as archive:
        begin = time.process_time()
        for member in archive.members:
            inflated(archive.stream, member, member.filename)
        decompression = time.process_time() - begin
    path.unlink()
    count, plain = consumed(plain_xml(sample))
    return Row("XML", records, records / ours, count / plain, size / ours / 1e6, decompression / ours, peaks)


def measure_json(sample: Path, records: int, work: Path) -> Row:
    """Measure the list reader."""
    path = work / "records.json"
    size = repeat_list(sample, records, path)
    ours, peaks = timed(read_json_file(path, fail), records)
    begin = time.process_time()
    with path.open("rb") as stream:
        while stream.read(_CHUNK):
            pass
    reading = time.process_time() - begin
    repeat_list(sample, min(records, PLAIN_JSON_RECORDS), path)
    count, plain = consumed(plain_json(path))
    path.unlink()
    return Row("JSON", records, records / ours, count / plain, size / ours / 1e6, reading / ours, peaks)


def timed(studies: Iterable[Study], records: int) -> tuple[float, tuple[float, float, float]]:
    """Read all; return processor seconds, and the peak of memory after a quarter, a half and all."""
    peaks = {}
    begin = time.process_time()
    for number, _ in enumerate(studies, start=1):
        if number in {records // 4, records // 2, records}:
            peaks[number] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.process_time() - begin
    return seconds, (peaks[records // 4], peaks[records // 2], peaks[records])


def consumed(studies: Iterable[Study]) -> tuple[int, float]:
    """Read all; return how many, and processor seconds."""
    begin = time.process_time()
    return sum(1 for _ in studies), time.process_time() - begin


def fail(reject: Reject) -> None:
    """Stop: a sample has no bad record."""
    raise SystemExit(f"{reject.where}: {reject.reason}")


def alone(function: Callable[..., T], *arguments: object) -> T:
    """Run in a process of its own, so that peaks of memory are its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--xml", type=Path, help="a zip of legacy XML records")
    parser.add_argument("--json", type=Path, help="a JSON list of version 2 studies")
    parser.add_argument("--records", type=int, default=600_000, help="to how many a sample is repeated")
    parser.add_argument("--work", type=Path, required=True, help="an existing folder; a JSON record takes 15 kB in it")
    parser.add_argument("--tiny", action="store_true", help="200 records only")
    options = parser.parse_args()
    records = 200 if options.tiny else options.records
    tasks = [(measure_xml, options.xml), (measure_json, options.json)]
    lines = [
        "| file | records | records/s | plain loop | ratio | MB/s | only decompressing | peak MB at 1/4, 1/2, all |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for function, sample in tasks:
        if sample is not None:
            row = alone(function, sample, records, options.work)
            peaks = ", ".join(f"{peak:,.0f}" for peak in row.peaks)
            lines.append(
                f"| {row.kind} | {row.records:,} | {row.ours:,.0f} | {row.plain:,.0f} | {row.ours / row.plain:.1f} "
                f"| {row.megabytes:,.0f} | {row.decompression:.0%} | {peaks} |"
            )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
