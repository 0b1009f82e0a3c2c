"""TOP with structures resolved here: written, read back, and the same as resolving on the fly."""

import polars as pl
import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs.dictionary import Entry
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import CorruptArtefactError, MissingArtefactError
from cladmop.repaired import TERMS_FILE, read_repaired, repair_top, repaired_path
from cladmop.sources.top import read_split, split_path
from invented import top_row, write_splits, write_top

ASPIRIN, AMINE = "CC(=O)Oc1ccccc1C(=O)O", "CCCCN"


@pytest.fixture(scope="module")
def resolver():
    entries = {"aspirin": Entry("aspirin", ASPIRIN, False), "amine": Entry("amine", AMINE, False)}
    return DrugResolver(entries, combinations={"comba": ["aspirin", "amine"]})


def test_each_drug_carries_what_was_resolved(tmp_path, resolver):
    row = top_row(1) | {"drugs": "['Aspirin 5 mg + placebo', 'comba', 'unheard-1']", "smiless": "['CCO']"}
    write_top(split_path(tmp_path, "I", "train"), [row, row | {"label": "0"}])
    assert repair_top(tmp_path, tmp_path / "out", resolver) == [tmp_path / "out" / "phase_I_train.parquet"]
    (read,) = read_repaired(tmp_path / "out", "I", "train")
    assert [(drug.name, drug.smiles) for drug in read.trial.drugs] == [
        ("aspirin", ASPIRIN),
        ("placebo", None),
        ("comba", AMINE),  # aspirin is there already
        ("unheard-1", None),
    ]
    assert read.trial.published_smiles == ()
    assert read.outcome.success == 1
    table = pl.read_parquet(tmp_path / "out" / "phase_I_train.parquet")
    assert table["smiless"].to_list() == ["['CCO']"] * 2, "TOP's columns are as published"
    assert table["resolved"][0][0]["source"] == "dictionary"
    assert "Non-Commercial Use only" in (tmp_path / "out" / TERMS_FILE).read_text(encoding="utf-8")


def test_drugs_of_one_name_are_told_apart(tmp_path, resolver):
    write_top(split_path(tmp_path, "I", "train"), [top_row(1) | {"drugs": "['comba']"}])
    repair_top(tmp_path, tmp_path / "out", resolver)
    (read,) = read_repaired(tmp_path / "out", "I", "train")
    assert [drug.name for drug in read.trial.drugs] == ["aspirin", "amine"]


def test_all_but_the_drugs_is_as_in_the_files(tmp_path, resolver):
    write_splits(tmp_path)
    repair_top(tmp_path, tmp_path / "out", resolver)
    for split in ("train", "valid", "test"):
        before, after = read_split(tmp_path, "I", split), read_repaired(tmp_path / "out", "I", split)
        change = {"drugs": (), "published_smiles": ()}
        for one, other in zip(before, after, strict=True):
            assert one.outcome == other.outcome
            assert one.trial.model_copy(update=change) == other.trial.model_copy(update=change)
            keys = [[drug.inchikey for drug in resolver.structures(of.trial, "repaired")] for of in (one, other)]
            assert keys[0] == keys[1]


def test_what_is_missing_or_damaged_is_named(tmp_path):
    with pytest.raises(MissingArtefactError, match="cladmop top repair"):
        read_repaired(tmp_path, "I", "train")
    repaired_path(tmp_path, "I", "train").write_bytes(b"PAR1 no")
    with pytest.raises(CorruptArtefactError, match="make it again"):
        read_repaired(tmp_path, "I", "train")
    pl.DataFrame({"nctid": ["NCT00000001"]}).write_parquet(repaired_path(tmp_path, "I", "valid"))
    with pytest.raises(CorruptArtefactError, match="phase_I_valid"):
        read_repaired(tmp_path, "I", "valid")
    with pytest.raises(MissingArtefactError, match="phase_I_train"):
        repair_top(tmp_path / "none", tmp_path / "out")
