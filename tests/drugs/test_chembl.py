import sqlite3
from contextlib import closing

import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs.chembl import Chembl
from cladmop.drugs.kinds import DrugKind
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import InputError, MissingArtefactError

SCHEMA = """
CREATE TABLE version (name TEXT, creation_date TEXT, comments TEXT);
CREATE TABLE molecule_dictionary (molregno INTEGER, pref_name TEXT, molecule_type TEXT, max_phase REAL);
CREATE TABLE compound_structures (molregno INTEGER, canonical_smiles TEXT);
CREATE TABLE molecule_synonyms (molregno INTEGER, synonyms TEXT, syn_type TEXT);
INSERT INTO version VALUES ('ChEMBL_99', '2030-01-02 00:00:00', '');
INSERT INTO molecule_dictionary VALUES
  (1, 'INVENTINIB', 'Small molecule', 3), (2, NULL, 'Small molecule', NULL), (3, 'WEIRDOZUM', 'Antibody', 4),
  (4, 'OLDINIB', 'Small molecule', 0), (5, 'PEPTIDOL', 'Protein', 2), (6, NULL, 'Small molecule', 0);
INSERT INTO compound_structures VALUES (1, 'CCCCCCO'), (2, 'CCN'), (4, 'CCCl'), (5, 'NCC(=O)NCC(=O)O'), (6, 'C');
INSERT INTO molecule_synonyms VALUES (1, 'AB-12345', 'RESEARCH_CODE'), (1, 'Shared Name', 'OTHER'),
  (2, 'Amine Code 7', 'RESEARCH_CODE'), (4, 'Shared Name', 'OTHER');
"""


@pytest.fixture
def database(tmp_path, home):
    path = tmp_path / "chembl_99.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(SCHEMA)
    return path


def test_names_and_synonyms_are_found(database):
    source = Chembl.open(database)
    assert source.version == "ChEMBL_99"
    for name, smiles in (("inventinib", "CCCCCCO"), ("ab-12345", "CCCCCCO"), ("amine code 7", "CCN")):
        found = source.find(name)
        assert found is not None
        assert (found.smiles, found.date) == (smiles, "2030-01-02")
    assert source.find("nothing") is None


def test_the_substance_furthest_in_development_is_meant(database):
    found = Chembl.open(database).find("shared name")
    assert found is not None
    assert found.name == "inventinib"


def test_kinds(database):
    resolver = DrugResolver({}, sources=[Chembl.open(database)])
    kinds = {name: resolver.resolve(name)[0].kind for name in ("inventinib", "weirdozum", "peptidol", "unheard")}
    assert kinds == {
        "inventinib": DrugKind.SMALL_MOLECULE,
        "weirdozum": DrugKind.BIOLOGIC,
        "peptidol": DrugKind.SMALL_MOLECULE,
        "unheard": DrugKind.UNMAPPED,
    }


def test_the_index_is_kept_and_the_database_unchanged(database):
    before = database.read_bytes()
    first = Chembl.open(database)
    assert database.read_bytes() == before
    assert first.find("inventinib") == Chembl.open(database).find("inventinib")


def test_what_is_no_chembl_is_refused(tmp_path, home):
    with pytest.raises(MissingArtefactError, match="download"):
        Chembl.open(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("x" * 5000, encoding="utf-8")
    with pytest.raises(InputError, match="no ChEMBL database"):
        Chembl.open(tmp_path / "text.db")
    with closing(sqlite3.connect(tmp_path / "empty.db")) as made:
        made.executescript("CREATE TABLE version (name TEXT, creation_date TEXT)")
    with pytest.raises(InputError, match="release"):
        Chembl.open(tmp_path / "empty.db")
