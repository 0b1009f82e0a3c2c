import bz2
import hashlib
import pickle
import subprocess
import sys
import time

import polars as pl
import pytest

from cladmop.drugs import dictionary
from cladmop.errors import CorruptArtefactError

CONTENT = {
    "drug_variant_to_canonical": {
        "aspirin": ["acetylsalicylic acid"],
        "acetylsalicylic acid": ["acetylsalicylic acid"],
    },
    "drug_canonical_to_data": {"acetylsalicylic acid": {"name": "A", "smiles": "CC(=O)Oc1ccccc1C(=O)O"}},
}


@pytest.fixture
def carrier(tmp_path, monkeypatch):
    """Write a small carrier file and declare its sha256 known."""

    def write(content):
        path = tmp_path / "carrier.pkl.bz2"
        path.write_bytes(bz2.compress(pickle.dumps(content)))
        monkeypatch.setattr(dictionary, "KNOWN_SHA256", {hashlib.sha256(path.read_bytes()).hexdigest(): "0"})
        return path

    return write


class Exploit:
    def __reduce__(self):
        return (print, ("executed",))


def test_unknown_bytes_are_refused_before_they_are_parsed(tmp_path):
    path = tmp_path / "other.pkl.bz2"
    path.write_bytes(bz2.compress(pickle.dumps(CONTENT)))
    with pytest.raises(CorruptArtefactError, match="unknown sha256"):
        dictionary.convert(path, tmp_path / "table.parquet")
    assert not (tmp_path / "table.parquet").exists()


@pytest.mark.parametrize("content", [Exploit(), {"drug_variant_to_canonical": Exploit()}, {}, [1]])
def test_only_plain_containers_are_loaded(content, carrier, tmp_path, capsys):
    with pytest.raises(CorruptArtefactError):
        dictionary.convert(carrier(content), tmp_path / "table.parquet")
    assert "executed" not in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["carrier.pkl.bz2"]


def test_conversion_keeps_names_and_structures(carrier, tmp_path):
    dictionary.convert(carrier(CONTENT), tmp_path / "table.parquet")
    row = pl.read_parquet(tmp_path / "table.parquet").row(0, named=True)
    assert row["name"] == "acetylsalicylic acid"
    assert row["names"] == ["aspirin"]
    assert row["smiles"] == "CC(=O)Oc1ccccc1C(=O)O"


def test_mesh_trees_tell_proteins_from_small_peptides():
    assert dictionary._is_biological(["D12.776.124.486.485.114"])
    assert dictionary._is_biological(["D08.811.277"])
    assert not dictionary._is_biological(["D12.776.631.650.405.740", "D06.472.699"])
    assert not dictionary._is_biological(["D03.383"])


def test_installed_dictionary_is_converted_once_and_loaded_fast(home):
    entries = dictionary.load()
    table = dictionary.table_path()
    written = table.stat().st_mtime_ns
    start = time.perf_counter()
    again = dictionary.load()
    assert time.perf_counter() - start < 2
    assert table.stat().st_mtime_ns == written
    assert len(entries) == len(again) > 100_000
    assert entries["velcade"].name == "bortezomib"
    assert entries["nivolumab"].smiles is None
    assert entries["nivolumab"].biological


def test_a_damaged_table_says_what_to_do(home):
    dictionary.table_path().parent.mkdir(parents=True)
    dictionary.table_path().write_bytes(b"PAR1 no")
    with pytest.raises(CorruptArtefactError, match="delete it"):
        dictionary.load()


def test_the_carrier_package_is_never_imported(home):
    code = (
        "import sys; from cladmop.drugs.dictionary import load; load(); "
        "assert not [m for m in sys.modules if m.startswith('drug_named')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
