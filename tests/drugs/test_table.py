import polars as pl
import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs.resolve import DrugResolver
from cladmop.drugs.table import UserTable
from cladmop.errors import InputError, MissingArtefactError


def write(path, *rows):
    path.write_text("\n".join(("name,smiles", *rows)) + "\n", encoding="utf-8")
    return path


def test_csv_and_parquet_say_the_same(tmp_path):
    csv = UserTable.read(write(tmp_path / "t.csv", "Mydrug,CCO", "other 1,CCCO"))
    pl.DataFrame({"name": ["Mydrug", "other 1"], "smiles": ["CCO", "CCCO"]}).write_parquet(tmp_path / "t.parquet")
    parquet = UserTable.read(tmp_path / "t.parquet")
    for table in (csv, parquet):
        found = table.find("mydrug")
        assert found is not None
        assert (found.smiles, len(found.date)) == ("CCO", 10)
        assert table.find("unknown") is None
    assert csv.version == parquet.version


def test_it_outranks_all_and_the_others_are_named_as_conflicts(tmp_path):
    table = UserTable.read(write(tmp_path / "t.csv", "ibuprofen,CCO"))
    (found,) = DrugResolver.with_sources(table).resolve("Ibuprofen 400 mg")
    assert (found.smiles, found.source) == ("CCO", "table")
    assert "chemicals: HEFNNWSXXWATRW" in found.conflict
    (plain,) = DrugResolver.default().resolve("Ibuprofen 400 mg")
    assert plain.source == "chemicals"


def test_no_placebo_has_a_structure_even_so(tmp_path):
    table = UserTable.read(write(tmp_path / "t.csv", "placebo,CCO"))
    (found,) = DrugResolver.with_sources(table).resolve("Placebo")
    assert found.smiles is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["mydrug,C1CC"], r"t\.csv:2.*'C1CC'"),
        (["mydrug,"], r"t\.csv:2"),
        ([",CCO"], "names no drug"),
        (["ab cd,CCO", "AB cd,CCCO"], r"t\.csv:3.*another structure"),
    ],
)
def test_bad_rows_are_refused(tmp_path, rows, message):
    with pytest.raises(InputError, match=message):
        UserTable.read(write(tmp_path / "t.csv", *rows))


def test_bad_files_are_refused(tmp_path):
    with pytest.raises(MissingArtefactError, match=r"none\.parquet"):
        UserTable.read(tmp_path / "none.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="Parquet"):
        UserTable.read(tmp_path / "bad.parquet")
