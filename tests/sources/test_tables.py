"""CSV tables: every way a file can be broken is an error with its place."""

import csv

import pytest

from cladmop.errors import InputError, MissingArtefactError
from cladmop.sources.tables import read_header, read_table, read_utf8


@pytest.fixture
def write(tmp_path):
    def write(data: str | bytes):
        path = tmp_path / "t.csv"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


def test_asked_columns_are_read_with_their_lines(write) -> None:
    rows = read_table(write('\ufeffa,b,c\r\n1,"x\r\ny",3\r\n\r\n4,5,6\r\n'), ("c", "b"), ("missing",))
    assert [(row.line, row["b"], row["c"], row["missing"]) for row in rows] == [
        (2, "x\r\ny", "3", ""),
        (5, "5", "6", ""),
    ]
    assert "a" not in rows[0].values
    assert rows[0].where("b").endswith("t.csv:2, column b")


def test_long_fields_are_read_and_the_limit_restored(write) -> None:
    limit = csv.field_size_limit()
    assert len(read_table(write('a\n"' + "x" * 2_000_000 + '"\n'), ("a",))[0]["a"]) == 2_000_000
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('a,b\n1,2\n3,"cut', r"t\.csv:3: a quote opened there is never closed"),
        ("a,b\n1,2\n3", r"t\.csv:3: 1 fields where the header has 2"),
        ("a,b\n1,2,3\n", r"t\.csv:2: 3 fields"),
        ('a,b\n"1"x,2\n', r"t\.csv:2: its quotes are broken"),
        ("a,c\n1,2\n", r"t\.csv:1: no column b; found a, c"),
        ("", "an empty file"),
        ("a,b,b\n1,2,3\n", "b appears more than once"),
        (b"a,b\n1,2\n3,\xe9t\xe9\n", r"t\.csv:3: byte 10 \(0xe9\) is not UTF-8"),
        (b"\xef\xbb\xbfa,b\n1,\xe9\n", r"t\.csv:2: byte 9 \(0xe9\)"),
        ("a,b\n1,2\n".encode("utf-16"), r"t\.csv:1: byte 0"),
    ],
)
def test_broken_files_are_refused_with_their_place(write, data, message) -> None:
    with pytest.raises(InputError, match=message):
        read_table(write(data), ("a", "b"))


def test_missing_file_and_folder_are_refused(tmp_path) -> None:
    with pytest.raises(MissingArtefactError, match="no file"):
        read_utf8(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot read"):
        read_utf8(tmp_path)


def test_header(write) -> None:
    assert read_header(write("\ufeffa , b\n1\n")) == ["a", "b"]
    with pytest.raises(InputError, match="is empty"):
        read_header(write(""))
