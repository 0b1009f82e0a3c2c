import ast
import csv
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs.dictionary import Entry
from cladmop.drugs.molecules import standardise
from cladmop.drugs.resolve import DrugKind, DrugResolver, Resolution
from cladmop.errors import InputError
from cladmop.records import Drug, Trial

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
AMINE = "CCCCN"


@pytest.fixture(scope="module")
def resolver() -> DrugResolver:
    aspirin, amine = Entry("acetylsalicylic acid", ASPIRIN, False), Entry("butylamine", AMINE, False)
    entries = {
        "acetylsalicylic acid": aspirin,
        "aspirin": aspirin,
        "butylamine": amine,
        "bay-e-4465": amine,
        "butylstatin": Entry("butylstatin", None, False),
        "butylstatin sodium": Entry("butylstatin sodium", "CCCCCC(=O)[O-].[Na+]", False),
        "herbumab": Entry("herbumab", AMINE, False),
        "herbix": Entry("herbumab", AMINE, False),
        "giganticin": Entry("giganticin", "N" + "CC(=O)N" * 40, False),
        "mixtol": Entry("mixtol", f"{ASPIRIN}.CN1C=NC2=C1C(=O)N(C(=O)N2C)C", False),
        "plan": Entry("plan", AMINE, False),
        "some protein": Entry("some protein", AMINE, True),
        "wrongol": Entry("wrongol", AMINE, False),
        "zinc acetate": Entry("zinc acetate", "CC(=O)[O-].CC(=O)[O-].[Zn+2]", False),
        "samarium": Entry("samarium", "[Sm]", False),
    }
    return DrugResolver(entries, {"wrongol": "CCCO"}, {"xy-123": "butylamine"})


def only(found: tuple[Resolution, ...]) -> Resolution:
    (resolution,) = found
    return resolution


@pytest.mark.parametrize(
    ("written", "name", "confidence"),
    [
        ("Aspirin 100 mg tablets", "acetylsalicylic acid", 1.0),
        ("ASPIRIN®", "acetylsalicylic acid", 1.0),
        ("butylamine hydrochloride", "butylamine", 0.95),
        ("BAY E 4465", "butylamine", 0.95),
        ("XY123", "butylamine", 0.95),
        ("zz-999 (aspirin)", "acetylsalicylic acid", 0.9),
        ("reformulated aspirin granulate", "acetylsalicylic acid", 0.8),
        ("butylstatin", "butylstatin", 0.95),  # known with a structure only as its salt
    ],
)
def test_small_molecules(resolver, written, name, confidence):
    found = only(resolver.resolve(written))
    assert (found.kind, found.name, found.confidence) == (DrugKind.SMALL_MOLECULE, name, confidence)
    assert found.smiles is not None
    assert found.inchikey == standardise(found.smiles).inchikey


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("placebo to aspirin", DrugKind.PLACEBO),
        ("aspirin placebo", DrugKind.PLACEBO),
        ("herbumab 5 mg/kg", DrugKind.BIOLOGIC),
        ("Herbix", DrugKind.BIOLOGIC),
        ("unheardofumab", DrugKind.BIOLOGIC),
        ("some protein", DrugKind.BIOLOGIC),
        ("giganticin", DrugKind.BIOLOGIC),
        ("radiotherapy", DrugKind.PROCEDURE),
        ("plan", DrugKind.UNMAPPED),
        ("mixtol", DrugKind.UNMAPPED),
        ("aspirin inhibitor", DrugKind.UNMAPPED),
        ("samarium something", DrugKind.UNMAPPED),
        ("abc-12345", DrugKind.UNMAPPED),
    ],
)
def test_without_structure(resolver, written, kind):
    found = only(resolver.resolve(written))
    assert found.kind is kind
    assert found.smiles is None
    assert found.inchikey is None


def test_combinations_keep_their_order_and_name_each_once(resolver):
    found = resolver.resolve("butylamine plus aspirin / aspirin + placebo")
    assert [item.name for item in found] == ["butylamine", "acetylsalicylic acid", "placebo"]


def test_our_correction_outranks_the_dictionary(resolver):
    found = only(resolver.resolve("wrongol"))
    assert (found.smiles, found.source) == ("CCCO", "curated")


def test_given_structure_wins_and_salts_are_removed(resolver):
    trial = Trial(drugs=(Drug(name="herbumab", smiles="CC(=O)[O-].[Na+]"),))
    found = only(resolver.structures(trial, "repaired"))
    assert (found.smiles, found.source, found.kind) == ("CC(=O)O", "given", DrugKind.SMALL_MOLECULE)


def test_given_structure_that_is_no_smiles_names_drug_and_string(resolver):
    trial = Trial(drugs=(Drug(name="mydrug", smiles="C1CC"),))
    with pytest.raises(InputError, match=r"drug 'mydrug'.*'C1CC'"):
        resolver.structures(trial, "repaired")


def test_published_structures_are_taken_as_listed_and_once(resolver):
    trial = Trial(drugs=(Drug(name="aspirin"),), published_smiles=("CCO", "OCC", "nonsense", "CCN.Cl"))
    found = resolver.structures(trial, "published")
    assert [item.smiles for item in found] == ["CCO", None, "CCN"]
    assert [item.kind for item in found].count(DrugKind.UNMAPPED) == 1
    assert {item.source for item in found} == {"published"}


def test_repaired_structures_ignore_the_published(resolver):
    trial = Trial(drugs=(Drug(name="aspirin"), Drug(name="aspirin 5 mg")), published_smiles=("CCO",))
    assert [item.name for item in resolver.structures(trial, "repaired")] == ["acetylsalicylic acid"]


def test_unknown_mode_is_refused(resolver):
    with pytest.raises(InputError, match="'repaired' or 'published'"):
        resolver.structures(Trial(), "other")  # type: ignore[arg-type]


@settings(max_examples=200)
@given(st.text(max_size=50))
def test_any_text_resolves_consistently(resolver, text):
    for found in resolver.resolve(text):
        assert found.query
        assert found.name
        assert (found.smiles is None) == (found.kind is not DrugKind.SMALL_MOLECULE)
        assert 0 <= found.confidence <= 1


def test_real_names():
    resolver = DrugResolver.default()
    expected = {
        "dexamethasone": "UREBDLICKHMUKA",
        "RAD001": "HKVAMNSJSFKALM",
        "Gleevec": "KTUFNOKKBVMGRW",
        "5-fluorouracil (5-FU)": "GHASVSINZRGABV",
        "erlotinib": "AAKJLRGGTJKAMG",
    }
    assert {name: only(resolver.resolve(name)).inchikey[:14] for name in expected} == expected


def test_every_curated_structure_is_a_small_molecule():
    resolver = DrugResolver.default()
    for name in resolver._curated:
        found = only(resolver.resolve(name))
        assert found.source == "curated", name
        assert found.smiles, name


@pytest.fixture(scope="module")
def top_names(shared_dir):
    names = set()
    for split in ("train", "valid"):
        with (shared_dir / "top" / f"phase_I_{split}.csv").open(encoding="utf-8") as stream:
            names.update(name for row in csv.DictReader(stream) for name in ast.literal_eval(row["drugs"]))
    return sorted(names)


def test_top_names_agree_with_the_reference(shared_dir, top_names):
    resolver = DrugResolver.default()
    with (shared_dir / "reference" / "drug_smiles.csv").open(encoding="utf-8") as stream:
        reference = {row["DRUG"].lower(): row["moldb_smiles"] for row in csv.DictReader(stream) if row["moldb_smiles"]}
    right = wrong = 0
    for name in set(top_names) & set(reference):
        found = resolver.resolve(name)
        try:
            truth = standardise(reference[name]).inchikey[:14]
        except InputError:
            continue
        if len(found) == 1 and found[0].inchikey:
            right += found[0].inchikey[:14] == truth
            wrong += found[0].inchikey[:14] != truth
    assert right + wrong > 200
    assert right / (right + wrong) > 0.95


def test_top_names_are_covered_fast_and_no_placebo_or_antibody_has_a_structure(top_names):
    resolver = DrugResolver.default()
    found = {name: resolver.resolve(name) for name in top_names}
    start = time.perf_counter()
    for name in top_names:
        resolver.resolve(name)
    assert len(top_names) / (time.perf_counter() - start) > 10_000
    assert sum(any(item.smiles for item in items) for items in found.values()) / len(found) > 0.55
    for items in found.values():
        for item in items:
            if re.search(r"placebo|saline|vehicle|sham|\w{3}mab\b", f"{item.query} {item.name}"):
                assert item.smiles is None, item
