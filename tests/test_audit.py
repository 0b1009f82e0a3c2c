"""The audit of TOP, on rows whose faults are known."""

import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")
pytest.importorskip("rensa", reason="near-duplicates need the corpus extra")

from cladmop.audit.known import Agreement, Reference
from cladmop.audit.structures import count_names, find_misplaced
from cladmop.audit.tables import audit_tables
from cladmop.audit.top import audit_top
from cladmop.drugs.dictionary import Entry
from cladmop.drugs.molecules import standardise
from cladmop.drugs.resolve import DrugResolver
from cladmop.drugs.source import Finding, Rank
from cladmop.errors import InputError, MissingArtefactError
from cladmop.records import Drug, Trial
from cladmop.sources.top import split_path
from invented import top_row, write_top

ASPIRIN, CAFFEINE, ALOGLIPTIN = "CC(=O)Oc1ccccc1C(=O)O", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "CCCCCCCCN"


class Second:
    """A second source of structures, which knows two names."""

    name, rank, exact, version = "chemicals", Rank.CHEMICALS, True, "1"

    def find(self, name):
        structure = {"aspirin": f"{ASPIRIN}.Cl", "caffeine": "CCO"}.get(name)
        return None if structure is None else Finding(name, structure)


@pytest.fixture(scope="module")
def resolver():
    entries = {name: Entry(name, smiles, False) for name, smiles in (("aspirin", ASPIRIN), ("caffeine", CAFFEINE))}
    return DrugResolver(entries | {"alogliptin": Entry("alogliptin", ALOGLIPTIN, False)}, sources=[Second()])


def trial(drugs, smiles):
    return Trial(drugs=tuple(Drug(name=name) for name in drugs), published_smiles=tuple(smiles))


def test_names_are_counted_before_and_after_repair(resolver):
    known = Reference(
        {"Aspirin": ASPIRIN, "caffeine": CAFFEINE, "alogliptin": "CCO", "nothing": "C1CC", "unheard": "CCC"}
    )
    rows = [
        trial(["aspirin", "caffeine"], [CAFFEINE, f"{ASPIRIN}.[Na+]"]),  # anywhere in the list, whatever the salt
        trial(["aspirin", "aspirin 5 mg"], [CAFFEINE]),  # another name is no known one
        trial(["alogliptin"], ["CCO"]),
        trial(["unheard", "nothing"], []),
    ]
    found = count_names(rows, resolver, known)
    # caffeine is given the second source's structure, alogliptin another one than the reference's
    assert (found.known, found.published, found.repaired, found.wrong) == (5, 3, 2, 2)


def test_agreement_needs_two_sources_that_agree(resolver):
    known = Agreement(resolver)
    assert known.connectivity("Aspirin") == standardise(ASPIRIN).inchikey[:14]
    assert known.connectivity("caffeine") is None
    assert known.connectivity("alogliptin") is None


def test_what_has_no_structure_and_is_given_one(resolver):
    rows = [
        trial(["placebo"], [ALOGLIPTIN]),
        trial(["placebo to aspirin", "aspirin"], [ALOGLIPTIN, ASPIRIN]),
        trial(["placebo"], []),
        trial(["herbumab"], [ASPIRIN]),
        trial(["sterile water"], ["O"]),
        trial(["dextrose in water", "insulin glargine"], ["CCN"]),
    ]
    rows.append(trial(["alogliptin"], [ALOGLIPTIN]))
    found = {one.group: one for one in find_misplaced(rows, resolver, Reference({"ethylamine": "CCN"}))}
    placebo = found["placebo or vehicle"]
    assert (placebo.rows, placebo.listing, placebo.alone, placebo.repaired) == (3, 2, 1, 0)
    assert (placebo.name, placebo.share) == ("alogliptin", pytest.approx(2 / 3))
    assert (found["antibody"].rows, found["antibody"].name) == (1, "aspirin")
    assert (found["water or saline"].rows, found["water or saline"].alone) == (1, 1)
    assert (found["insulin"].rows, found["insulin"].name) == (1, "ethylamine")


@pytest.fixture
def folder(tmp_path):
    """Three files: one trial is in two of them, one has the criteria of another under another number."""
    train = [top_row(number) for number in range(40)]
    valid = [top_row(number) for number in range(40, 60)]
    test = [top_row(number) for number in range(60, 70)]
    long = "Inclusion Criteria:\n" + "\n".join(
        f"- number {n} of many long criteria, each told from others" for n in range(30)
    )
    train[0]["criteria"] = long
    valid[0] = dict(train[1])
    valid[1]["criteria"] = long + " too"
    valid.append(dict(valid[2]))
    train[2]["criteria"] = ""
    for row in test:
        row |= {"label": "unreadable", "status": "unreadable", "why_stop": "unreadable"}
    for split, rows in (("train", train), ("valid", valid), ("test", test)):
        write_top(split_path(tmp_path, "I", split), rows)
    return tmp_path


def test_the_files_are_held_against_each_other(folder, resolver):
    found = audit_top(folder, resolver)
    train, valid, test = found.splits
    assert (train.rows, train.repeated, train.base_rate, train.without_criteria) == (40, 0, 0.5, 1)
    assert (valid.rows, valid.repeated) == (21, 1)
    assert (test.rows, test.base_rate) == (10, None), "no label of a test split is read"
    assert {leak.column: leak.roc_auc for leak in found.leaks} == {"status": 1.0, "why_stop": 1.0}
    overlap = {(one.first, one.second): (one.same, one.near) for one in found.overlaps}
    assert overlap == {("I train", "I valid"): (1, 1), ("I train", "I test"): (0, 0), ("I valid", "I test"): (0, 0)}


def test_tables_fit_and_say_what_they_show(folder, resolver):
    tables = audit_tables(audit_top(folder, resolver))
    assert [table.caption for table in tables][:2] == ["Files", "Right structures"]
    assert "not read" in tables[0].markdown()


def test_a_folder_without_files_is_named(tmp_path):
    with pytest.raises(MissingArtefactError, match="cladmop top download"):
        audit_top(tmp_path, DrugResolver({}))


def test_a_reference_needs_names_and_structures(tmp_path):
    path = tmp_path / "reference.csv"
    path.write_text("name,smiles,more\nAspirin,CCO,\nother,,\n", encoding="utf-8")
    assert Reference.read(path).connectivity("aspirin") == standardise("CCO").inchikey[:14]
    assert Reference.read(path).connectivity("other") is None
    path.write_text("name,more\nAspirin,CCO\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column smiles or moldb_smiles"):
        Reference.read(path)


@pytest.mark.slow
def test_the_real_files(shared_dir):
    found = audit_top(shared_dir / "top", known=Reference.read(shared_dir / "reference" / "drug_smiles.csv"))
    train = found.splits[0]
    assert train.names.published / train.names.known == pytest.approx(0.51, abs=0.02)
    for split in found.splits:
        assert split.names.repaired / (split.names.repaired + split.names.wrong) > 0.95
        if split.phase == "I":
            assert split.names.repaired / split.names.known > 0.95, "names without a structure counted as wrong"
    placebo = found.misplaced[0]
    assert (placebo.name, placebo.repaired) == ("alogliptin", 0)
    assert placebo.share > 0.85
    assert {(one.first, one.second): one.same for one in found.overlaps}["I train", "II valid"] == 32
