"""``cladmop top audit`` and ``cladmop top repair``, as their users run them."""

import json

import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

import polars as pl

from cladmop.drugs.source import Rank
from invented import DRUGS, write_splits


class Nobody:
    """A source that knows no name."""

    name = "nobody"
    rank = Rank.PUBCHEM
    exact = True
    version = "none"

    def find(self, name):
        return None


@pytest.fixture(scope="module")
def top_folder(tmp_path_factory):
    return write_splits(tmp_path_factory.mktemp("top"))


def test_audit_prints_tables_and_stores_them(cladmop, top_folder, tmp_path):
    pytest.importorskip("rensa", reason="near-duplicates need the corpus extra")
    reference = tmp_path / "reference.csv"
    reference.write_text("name,smiles\n" + "".join(f"{name},{smiles}\n" for name, smiles in DRUGS), encoding="utf-8")
    out = tmp_path / "audit"
    done = cladmop("top", "audit", "--data", top_folder, "--reference", reference, "--out", out)
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    for caption in ("Files", "Right structures", "Leaks"):
        assert caption in done.out
    stored = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert [split["rows"] for split in stored["splits"]] == [60, 20, 20]
    names = stored["splits"][0]["names"]
    assert names["known"] == names["published"] == names["repaired"] > 0
    assert "| I train |" in (out / "audit.md").read_text(encoding="utf-8")
    assert "<table" in (out / "index.html").read_text(encoding="utf-8")


def test_audit_without_a_reference_says_what_that_means(cladmop, top_folder):
    pytest.importorskip("rensa", reason="near-duplicates need the corpus extra")
    done = cladmop("top", "audit", "--data", top_folder)
    assert done.code == 0, done.err
    assert "by construction" in done.err


def test_repair_shows_the_terms_and_writes_all_that_is_there(cladmop, top_folder, tmp_path):
    done = cladmop("top", "repair", "--data", top_folder, "--out", tmp_path / "repaired")
    assert done.code == 0, done.err
    assert "Non-Commercial" in done.err
    written = sorted(path.name for path in (tmp_path / "repaired").iterdir())
    assert written == ["TERMS.txt", "phase_I_test.parquet", "phase_I_train.parquet", "phase_I_valid.parquet"]
    assert len(done.out.splitlines()) == 3


def test_repair_asks_a_users_table_first(cladmop, top_folder, tmp_path):
    name = DRUGS[0][0]
    table = tmp_path / "mine.csv"
    table.write_text(f"name,smiles\n{name},CCCCCCCN\n", encoding="utf-8")
    done = cladmop("top", "repair", "--data", top_folder, "--out", tmp_path / "repaired", "--drugs", table)
    assert done.code == 0, done.err
    resolved = pl.read_parquet(tmp_path / "repaired" / "phase_I_train.parquet")["resolved"].explode().struct.unnest()
    own = resolved.filter(pl.col("query") == name).select("smiles", "source").unique()
    assert own.rows() == [("CCCCCCCN", "table")]


def test_repair_asks_the_sources_that_are_named(cladmop, top_folder, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("cladmop.drugs.chembl.Chembl.open", lambda path: opened.append(path) or Nobody())
    monkeypatch.setattr("cladmop.drugs.pubchem.PubChem", lambda: opened.append("pubchem") or Nobody())
    out = tmp_path / "repaired"
    done = cladmop("top", "repair", "--data", top_folder, "--out", out, "--chembl", tmp_path / "c.db", "--pubchem")
    assert done.code == 0, done.err
    assert opened == [tmp_path / "c.db", "pubchem"]


@pytest.mark.parametrize("option", ["--drugs", "--chembl"])
def test_repair_refuses_a_source_that_is_not_there(cladmop, top_folder, tmp_path, option):
    out = tmp_path / "repaired"
    done = cladmop("top", "repair", "--data", top_folder, "--out", out, option, tmp_path / "nowhere.db")
    assert (done.code, done.out) == (2, "")
    assert "nowhere.db" in done.err
    assert not out.exists()


@pytest.mark.parametrize("arguments", [("audit",), ("repair", "--out", "somewhere")])
def test_a_folder_without_files_is_refused(cladmop, tmp_path, arguments):
    done = cladmop("top", *arguments, "--data", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "cladmop top download" in done.err


def test_a_reference_that_is_none_is_refused(cladmop, top_folder, tmp_path):
    done = cladmop("top", "audit", "--data", top_folder, "--reference", tmp_path / "none.csv")
    assert (done.code, done.out) == (2, "")
    assert "none.csv" in done.err
