"""``cladmop top audit`` and ``cladmop top repair``, as their users run them."""

import json

import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from invented import DRUGS, write_splits


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


@pytest.mark.parametrize("arguments", [("audit",), ("repair", "--out", "somewhere")])
def test_a_folder_without_files_is_refused(cladmop, tmp_path, arguments):
    done = cladmop("top", *arguments, "--data", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "cladmop top download" in done.err


def test_a_reference_that_is_none_is_refused(cladmop, top_folder, tmp_path):
    done = cladmop("top", "audit", "--data", top_folder, "--reference", tmp_path / "none.csv")
    assert (done.code, done.out) == (2, "")
    assert "none.csv" in done.err
