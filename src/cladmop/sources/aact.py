"""AACT's daily archives of ClinicalTrials.gov: pipe-delimited tables (https://aact.ctti-clinicaltrials.org).

The tables are sorted by study on disk and then walked side by side, so that memory stays flat however many studies
there are. A study with a broken row in any table is passed over, since nobody knows what that row said.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from cladmop.errors import MissingDependencyError
from cladmop.progress import progress_bar
from cladmop.records.study import Intervention, Study
from cladmop.sources.aact_files import Table, opened, require_room
from cladmop.sources.aact_tables import Sorter
from cladmop.sources.rejects import Reject
from cladmop.sources.spelling import is_registry_id, not_an_id, plain_words, stated_phase, study_type

_MEMORY = "512MB"
"""What DuckDB may hold; it sorts on disk beyond it."""
_FETCHED = 2_048
"""Rows fetched at a time."""
_VERSION = re.compile(r"(\d{4})(\d{2})(\d{2})_")
_MONTH = re.compile(r"[A-Za-z]+ \d{4}|\d{4}-\d{2}")
"""A date that is given by month: the date columns hold the month's last day for it."""
_DATES = ("start_date", "primary_completion_date", "completion_date", "verification_date")
_MONTHS = tuple(name.replace("_date", "_month_year") for name in _DATES)
_TABLES = (
    Table("studies", ("brief_title", "study_type", "overall_status", "why_stopped", "phase", *_DATES), _MONTHS),
    Table("eligibilities", ("criteria",)),
    Table("interventions", ("id", "intervention_type", "name")),
    Table("intervention_other_names", ("intervention_id", "name"), order="name"),
    Table("conditions", ("name",), order="name"),
    Table("browse_conditions", ("mesh_term",), ("mesh_type",), order="mesh_term"),
    Table("browse_interventions", ("mesh_term",), ("mesh_type",), order="mesh_term"),
)

Row = tuple[str, ...]
"""A row of a table: ``nct_id``, then the columns of its `Table` in their order."""


def read_aact(path: Path, reject: Callable[[Reject], None]) -> Iterator[Study]:
    """Read the studies of an AACT archive, in order of their ids.

    A date that the registry gives by month is ``YYYY-MM``. The version is the date in the archive's name
    (``20240501_...``). Rows of studies that ``studies.txt`` does not have are not read.

    Parameters
    ----------
    path
        The zip of pipe-delimited files, or a folder of its files unpacked.
    reject
        Called once for each study that is passed over, and for each broken row that names none.

    Yields
    ------
    Study

    Raises
    ------
    MissingDependencyError
        If DuckDB is not installed.
    MissingArtefactError
        If there is no such file.
    InputError
        If it is no archive, or lacks a table or a column; the message names it.
    StorageError
        If the temporary folder has no room for the tables.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingDependencyError(
            "AACT archives are read through DuckDB; install it with: pip install 'cladmop[corpus]'"
        ) from error
    with tempfile.TemporaryDirectory(prefix="cladmop-aact-") as name:
        folder = Path(name)
        with closing(duckdb.connect()) as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY}'; SET threads = 1; SET preserve_insertion_order = true")
            connection.execute("SET temp_directory = $folder", {"folder": name})
            broken = _sort(connection, folder, path, reject)
            yield from _studies(connection, path, broken, reject)


def _sort(connection: Any, folder: Path, path: Path, reject: Callable[[Reject], None]) -> set[str]:  # noqa: ANN401 (DuckDB has no types)
    """Sort every table; return the ids of the studies with a broken row."""
    broken: set[str] = set()
    with opened(path, _TABLES) as members:
        require_room(path, members, folder)
        sorter = Sorter(connection, folder, path)
        with progress_bar(f"Sorting {path.name}", sum(member.size for member in members.values()), "bytes") as bar:
            for table in _TABLES:
                for found in sorter.load(table, members[table.file], bar):
                    if found.nct_id not in broken:
                        reject(found)
                    if found.nct_id is not None:
                        broken.add(found.nct_id)
    return broken


def _studies(connection: Any, path: Path, broken: set[str], reject: Callable[[Reject], None]) -> Iterator[Study]:  # noqa: ANN401 (DuckDB has no types)
    dated = _VERSION.match(path.name)
    version = "-".join(dated.groups()) if dated else ""
    rows = {table.name: _Rows(_stream(connection, table)) for table in _TABLES[1:]}
    last = ""
    for row in _stream(connection, _TABLES[0]):
        nct_id = row[0]
        if nct_id in broken:
            continue
        if not is_registry_id(nct_id):
            reject(Reject(f"{path}: studies.txt", None, not_an_id(nct_id, "nct_id")))
            continue
        if nct_id == last:
            reject(Reject(f"{path}: studies.txt", nct_id, "a second row of this study; one of them is read"))
            continue
        last = nct_id
        yield _study(row, {name: table.of(nct_id) for name, table in rows.items()}, version)


def _stream(connection: Any, table: Table) -> Iterator[Row]:  # noqa: ANN401 (DuckDB has no types)
    cursor = connection.cursor()
    cursor.execute(f"SELECT * FROM {table.name}")  # noqa: S608 (our own name)
    while rows := cursor.fetchmany(_FETCHED):
        yield from rows


class _Rows:
    """The rows of one sorted table, taken study by study."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, nct_id: str) -> list[Row]:
        """Return the rows of a study without its id; ids must be asked for in ascending order."""
        while self._next is not None and self._next[0] < nct_id:
            self._next = next(self._rows, None)
        taken = []
        while self._next is not None and self._next[0] == nct_id:
            taken.append(self._next[1:])
            self._next = next(self._rows, None)
        return taken


def _study(row: Row, rows: dict[str, list[Row]], version: str) -> Study:
    nct_id, title, kind, status, why_stopped, phase, *dates = row
    start, primary, completion, verified = map(_date, dates[: len(_DATES)], dates[len(_DATES) :])
    criteria = rows["eligibilities"]
    return Study(
        nct_id=nct_id,
        title=title.strip(),
        study_type=study_type(kind),
        status=plain_words(status),
        why_stopped=" ".join(why_stopped.split()),
        phase=stated_phase(phase.strip()),
        start_date=start,
        primary_completion_date=primary,
        completion_date=completion,
        verified_date=verified,
        version=version,
        conditions=_texts(row[0] for row in rows["conditions"]),
        condition_terms=_terms(rows["browse_conditions"]),
        interventions=_interventions(rows["interventions"], rows["intervention_other_names"]),
        intervention_terms=_terms(rows["browse_interventions"]),
        criteria=criteria[0][0].replace("\r", "") if criteria else "",
    )


def _date(day: str, month: str) -> str:
    return day[:7] if _MONTH.fullmatch(month.strip()) else day.strip()


def _texts(texts: Iterator[str]) -> tuple[str, ...]:
    stripped = (text.strip() for text in texts)
    return tuple(text for text in stripped if text)


def _terms(rows: list[Row]) -> tuple[str, ...]:
    """Return the MeSH terms assigned, without their ancestors in the tree."""
    return _texts(term for term, kind in rows if kind in {"mesh-list", ""})


def _interventions(rows: list[Row], others: list[Row]) -> tuple[Intervention, ...]:
    named: dict[str, list[str]] = defaultdict(list)
    for intervention, name in others:
        if name.strip():
            named[intervention].append(name.strip())
    return tuple(Intervention(plain_words(kind), name.strip(), tuple(named[key])) for key, kind, name in rows)
