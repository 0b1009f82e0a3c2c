"""The tables of an AACT archive, sorted by study into a DuckDB file."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from cladmop.errors import CladmopError, InputError, StorageError
from cladmop.progress import Bar
from cladmop.sources.aact_files import Member, Part, Table, parts, row_start
from cladmop.sources.rejects import Reject

_LONGEST = 2_000_000
"""Bytes of one row at most; the registry allows 20,000 characters of criteria."""
_END = '"end"'
"""Every field of a row put last: a quote left open before it becomes an error there, not the end of the table."""
_REASONS = {
    "UNQUOTED VALUE": "a quote is left open, or text follows one that closes",
    "MISSING COLUMNS": "too few fields",
    "TOO MANY COLUMNS": "too many fields",
    "INVALID ENCODING": "not UTF-8",
    "LINE SIZE OVER MAXIMUM": f"over {_LONGEST:,} bytes",
}


class Sorter:
    """Fills a DuckDB connection with the tables of one archive, each sorted by study.

    Parameters
    ----------
    connection
        An open DuckDB connection.
    folder
        Where a part of a table lies while it is read.
    path
        The archive, for messages.
    """

    def __init__(self, connection: Any, folder: Path, path: Path) -> None:  # noqa: ANN401 (DuckDB has no types)
        self._connection = connection
        self._folder = folder
        self._path = path

    def load(self, table: Table, member: Member, bar: Bar) -> list[Reject]:
        """Make a table of the connection from its file; return the rows that could not be read.

        Raises
        ------
        InputError
            If a column is missing or the file is no table.
        StorageError
            If the disk is full.
        """
        import duckdb

        rejects = []
        try:
            self._connection.execute(f"CREATE TABLE unsorted ({_declared(table)})")
            for part in parts(self._path, table, member):
                rejects.extend(self._read(table, part))
                bar.advance(len(part.data))
            order = ", ".join(["nct_id", "place", *([table.order] if table.order else [])])
            self._connection.execute(
                f"CREATE TABLE {table.name} AS SELECT * EXCLUDE (place) FROM unsorted ORDER BY {order}; "  # noqa: S608 (our own names)
                "DROP TABLE unsorted"
            )
        except (duckdb.Error, OSError) as error:
            raise self._explained(error, table) from error
        return rejects

    def _read(self, table: Table, part: Part) -> list[Reject]:
        """Add the rows of a part to the table ``unsorted``."""
        if not part.data:
            return []
        file = self._folder / "part.txt"
        file.write_bytes(part.data + _closing(part))
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE part AS SELECT {_selected(table, part.header)} "  # noqa: S608 (our own names)
            "FROM read_csv($file, delim = '|', quote = '\"', escape = '\"', new_line = $ending, header = false, "
            "auto_detect = false, columns = $columns, store_rejects = true, parallel = false, "
            "max_line_size = $longest) WHERE nct_id IS DISTINCT FROM 'end'",
            {
                "file": str(file),
                "ending": repr(part.ending.decode())[1:-1],
                "columns": dict.fromkeys(part.header, "VARCHAR"),
                "longest": _LONGEST,
            },
        )
        file.unlink()
        rejects = self._rejects(table, part)
        self._connection.execute("INSERT INTO unsorted SELECT * FROM part; DELETE FROM reject_errors")
        return rejects

    def _rejects(self, table: Table, part: Part) -> list[Reject]:
        errors = self._connection.execute(
            "SELECT line_byte_position - 1, min_by(error_type, byte_position) FROM reject_errors GROUP BY 1 ORDER BY 1"
        ).fetchall()
        if not errors:
            return []
        start = row_start(part.header)
        rejects = []
        for place, kind in errors:
            found = start.match(part.data, place)
            nct_id = found[1].decode() if found else None
            rejects.append(Reject(self._where(table, part, place), nct_id, _REASONS.get(kind, kind.lower())))
        named = {reject.nct_id for reject in rejects}
        reason = "its row cannot be told from a broken one before it"
        where = self._where(table, part, errors[0][0])
        return rejects + [Reject(where, nct_id, reason) for nct_id in self._lost(part, start) if nct_id not in named]

    def _where(self, table: Table, part: Part, place: int) -> str:
        return f"{self._path}: {table.file}, byte {part.offset + place}"

    def _lost(self, part: Part, start: re.Pattern[bytes]) -> list[str]:
        """Return the studies of which more rows begin in a part than were read."""
        lines = part.data.splitlines()
        begun = Counter(found[1].decode() for line in lines if (found := start.match(line)))
        read = self._connection.execute("SELECT nct_id, count(*) FROM part GROUP BY nct_id").fetchall()
        return sorted((begun - Counter(dict(read))).keys())

    def _explained(self, error: Exception, table: Table) -> CladmopError:
        import duckdb

        reason = str(error).partition("\n")[0]
        if isinstance(error, OSError | duckdb.IOException | duckdb.OutOfMemoryException):
            return StorageError(
                f"cannot sort {table.file} of {self._path} in {self._folder} ({reason}); free space, or set TMPDIR to "
                "a folder on a larger disk"
            )
        return InputError(f"{self._path}: {table.file} cannot be read as a table ({reason}); fetch the archive again")


def _declared(table: Table) -> str:
    names = ("nct_id", *table.columns, *table.optional)
    return ", ".join([*(f"{name} VARCHAR" for name in names), "place BIGINT"])


def _selected(table: Table, header: list[str]) -> str:
    """Return what is read of a row: the declared columns, empty where there is none."""
    names = ("nct_id", *table.columns, *table.optional)
    read = [f"coalesce({name}, '') AS {name}" if name in header else f"'' AS {name}" for name in names]
    return ", ".join([*read, f"{'TRY_CAST(id AS BIGINT)' if 'id' in header else '0'} AS place"])


def _closing(part: Part) -> bytes:
    """Return the end row."""
    cut = b"" if part.data.endswith(b"\n") else part.ending
    return cut + "|".join([_END] * len(part.header)).encode() + part.ending
