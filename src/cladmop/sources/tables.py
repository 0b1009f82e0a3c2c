"""CSV tables read whole and strictly: a cut, ragged or wrongly encoded file is an error with its line."""

import csv
import io
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cladmop.errors import InputError, MissingArtefactError


@dataclass(frozen=True)
class Row:
    """One data row of a CSV file, restricted to the columns that were asked for."""

    path: Path | str
    """The file, or what a text that is no file is called."""
    line: int
    """Line of the file on which the row starts, from 1."""
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """Return the text of a column that was asked for, empty where an optional column is absent."""
        return self.values.get(column, "")

    def where(self, column: str) -> str:
        """Name the cell for an error message."""
        return f"{self.path}:{self.line}, column {column}"


def read_file(path: Path) -> bytes:
    """Read a file that a person named.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is a folder or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingArtefactError(f"no file {path}; check the path") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def read_utf8(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is a folder, cannot be read, or is not UTF-8; the message gives line and byte.
    """
    data = read_file(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With the mark skipped by the codec, offsets count from behind it.
        start = error.start + 3 * data.startswith(b"\xef\xbb\xbf")
        line = data.count(b"\n", 0, start) + 1
        raise InputError(
            f"{path}:{line}: byte {start} (0x{data[start]:02x}) is not UTF-8; save the file as UTF-8"
        ) from error


def read_header(path: Path) -> list[str]:
    """Read the column names of a CSV file.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is empty or is not UTF-8.
    """
    return header_of(read_utf8(path), path)


def header_of(text: str, name: Path | str) -> list[str]:
    """Read the column names of CSV text; ``name`` is where it came from, for messages.

    Raises
    ------
    InputError
        If it is empty or its first line cannot be read.
    """
    for _, header in _records(name, text):
        return [column.strip() for column in header]
    raise InputError(f"{name} is empty; its first line should name the columns")


def read_table(path: Path, required: Collection[str], optional: Collection[str] = ()) -> list[Row]:
    """Read the named columns of a CSV file; no other column is kept.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If the file is empty, is not UTF-8, lacks or repeats a named column, has a row of another length than the
        header, or ends inside a quoted field.
    """
    return rows_of(read_utf8(path), path, required, optional)


def rows_of(text: str, name: Path | str, required: Collection[str], optional: Collection[str] = ()) -> list[Row]:
    """Read the named columns of CSV text, as `read_table` does of a file; ``name`` is where it came from.

    Raises
    ------
    InputError
        As `read_table`.
    """
    records = _records(name, text)
    _, header = next(records, (0, []))
    names = [column.strip() for column in header]
    missing = [column for column in required if column not in names]
    if missing:
        raise InputError(
            f"{name}:1: no column {', '.join(missing)}; found {', '.join(names) or 'an empty file'}; "
            f"required are {', '.join(required)}"
        )
    wanted = {column: names.index(column) for column in (*required, *optional) if column in names}
    repeated = [column for column in wanted if names.count(column) > 1]
    if repeated:
        raise InputError(f"{name}:1: column {repeated[0]} appears more than once; keep one")
    rows = []
    for line, record in records:
        if len(record) != len(names):
            raise InputError(
                f"{name}:{line}: {len(record)} fields where the header has {len(names)}; "
                "the file is cut or its quotes are broken, fetch it again"
            )
        rows.append(Row(name, line, {column: record[index] for column, index in wanted.items()}))
    return rows


def _records(name: Path | str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line on which it starts; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            with _any_field_size():
                record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = (
                "a quote opened there is never closed: the file is cut"
                if "end of data" in str(error)
                else f"its quotes are broken ({error})"
            )
            raise InputError(f"{name}:{line}: {hint}; fetch it again") from error
        if record:
            yield line, record
        line = reader.line_num + 1


@contextmanager
def _any_field_size() -> Iterator[None]:
    """Lift the csv module's limit on a field (131,072 characters) while the block runs."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
