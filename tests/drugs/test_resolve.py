import ast
import csv
import html
import re
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs.chemicals import Chemicals
from cladmop.drugs.curated import combinations, structures, synonyms
from cladmop.drugs.dictionary import Entry, load
from cladmop.drugs.molecules import standardise
from cladmop.drugs.resolve import DrugKind, DrugResolver, Resolution
from cladmop.drugs.source import Finding, Rank
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
    combinations = {"comba": ["aspirin", "butylamine"], "regi-men": ["aspirin", "herbumab", "unheardol"]}
    return DrugResolver(entries, {"wrongol": "CCCO"}, {"xy-123": "butylamine"}, combinations)


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
        ("combination chemotherapy", DrugKind.CLASS),
        ("macrogol 4000", DrugKind.POLYMER),
        ("mixtol", DrugKind.UNMAPPED),
        ("aspirin inhibitor", DrugKind.CLASS),
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
    assert found.conflict == (f"dictionary: {standardise(AMINE).inchikey[:14]}",)


@pytest.mark.parametrize("written", ["Comba 5 mg", "comba therapy", "aspirin-butylamine", "aspirin butylamine"])
def test_what_names_several_drugs_is_all_of_them(resolver, written):
    assert [item.name for item in resolver.resolve(written)] == ["acetylsalicylic acid", "butylamine"]


def test_a_regimen_keeps_what_is_not_known(resolver):
    found = resolver.resolve("Regi-Men regimen")
    assert [item.kind for item in found] == [DrugKind.SMALL_MOLECULE, DrugKind.BIOLOGIC, DrugKind.UNMAPPED]


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        ("zz-999", ("placebo", "chemotherapy", "ASPIRIN"), [("zz-999", "acetylsalicylic acid", 0.9)]),
        ("zz-999", ("comba",), [("zz-999", "acetylsalicylic acid", 0.9), ("zz-999", "butylamine", 0.9)]),
        ("zz-999", ("butylamine hydrochloride",), [("zz-999", "butylamine", 0.9)]),
        ("zz-999", ("abc-1", "def-2"), [("zz-999", "zz-999", 0.0)]),
        ("zz-999", (), [("zz-999", "zz-999", 0.0)]),
        ("butylamine", ("aspirin",), [("butylamine", "butylamine", 1.0)]),
        ("placebo", ("aspirin",), [("placebo", "placebo", 1.0)]),
        ("herbumab", ("aspirin",), [("herbumab", "herbumab", 1.0)]),
    ],
)
def test_other_names_are_tried_where_the_name_gives_nothing(resolver, name, others, expected):
    drug = Drug(name=name, other_names=others)
    found = resolver.resolve_drug(drug)
    assert [(item.query, item.name, item.confidence) for item in found] == expected
    assert resolver.structures(Trial(drugs=(drug,)), "repaired") == found


class Source:
    """A source of structures that knows what it is given."""

    exact = True
    version = "1"

    def __init__(self, name, rank, **findings):
        self.name, self.rank, self._findings = name, rank, findings

    def find(self, name):
        return self._findings.get(name)


def test_the_rank_decides_and_weak_names_come_last():
    sources = [
        Source(
            "chemicals",
            Rank.CHEMICALS,
            aaaaa=Finding("aaaaa", "CCO", date="2020-01-02"),
            bbbbb=Finding("x", "CC", weak=True),
        ),
        Source("chembl", Rank.CHEMBL, aaaaa=Finding("aaaaa", "CCCO"), ccccc=Finding("ccccc", "CCO")),
    ]
    entries = {name: Entry(name, "CCCCO", False) for name in ("aaaaa", "bbbbb")}
    resolver = DrugResolver(entries, sources=sources)
    first = only(resolver.resolve("aaaaa"))
    assert (first.source, first.smiles) == ("chembl", "CCCO")
    assert [text.split(":")[0] for text in first.conflict] == ["chemicals", "dictionary"]
    assert only(resolver.resolve("bbbbb")).source == "dictionary"
    assert only(resolver.resolve("ccccc")).source == "chembl"


def test_the_same_connectivity_is_no_conflict():
    source = Source("chemicals", Rank.CHEMICALS, aaaaa=Finding("aaaaa", "C[C@H](N)C(=O)O.Cl", date="2020-01-02"))
    found = only(DrugResolver({"aaaaa": Entry("aaaaa", "CC(N)C(=O)O", False)}, sources=[source]).resolve("aaaaa"))
    assert (found.source, found.date, found.conflict) == ("chemicals", "2020-01-02", ())


def test_a_flagged_biologic_has_no_structure_whatever_other_sources_say():
    source = Source("chemicals", Rank.CHEMICALS, aaaaa=Finding("aaaaa", "CCO"))
    found = only(DrugResolver({"aaaaa": Entry("aaaaa", None, True)}, sources=[source]).resolve("aaaaa"))
    assert (found.kind, found.source, found.smiles) == (DrugKind.BIOLOGIC, "dictionary", None)


def test_an_exact_source_is_not_asked_for_parts():
    source = Source("chemicals", Rank.CHEMICALS, aaaaa=Finding("aaaaa", "CCO"))
    resolver = DrugResolver({}, sources=[source])
    assert only(resolver.resolve("aaaaa tablets")).smiles == "CCO"
    assert only(resolver.resolve("strange aaaaa thing")).kind is DrugKind.UNMAPPED


def test_the_fingerprint_follows_what_answers_depend_on():
    plain = DrugResolver({})
    assert plain.fingerprint == DrugResolver({}).fingerprint
    others = [
        DrugResolver({"aaaaa": Entry("aaaaa", "CCO", False)}),
        DrugResolver({}, {"aaaaa": "CCO"}),
        DrugResolver({}, None, {"a": "b"}),
        DrugResolver({}, sources=[Source("chembl", Rank.CHEMBL)]),
    ]
    assert len({plain.fingerprint, *(other.fingerprint for other in others)}) == 5


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


def test_every_curated_structure_is_needed():
    """The sources give none or another one; where they agree with a hand-written structure it is superfluous."""
    resolver = DrugResolver.default()
    alone = DrugResolver(load(), None, synonyms(), combinations(), (Chemicals.load(),))
    for name in structures():
        found, without = only(resolver.resolve(name)), only(alone.resolve(name))
        assert (found.source, found.kind) == ("curated", DrugKind.SMALL_MOLECULE), name
        assert (found.inchikey or "")[:14] != (without.inchikey or "")[:14], name


def test_every_drug_of_a_combination_is_known():
    resolver = DrugResolver.default()
    for name, drugs in combinations().items():
        assert len(resolver.resolve(name)) == len(drugs) > 1, name
        for drug in drugs:
            assert only(resolver.resolve(drug)).source != "none", drug


@pytest.fixture(scope="module")
def top_names(shared_dir):
    names = set()
    for split in ("train", "valid"):
        with (shared_dir / "top" / f"phase_I_{split}.csv").open(encoding="utf-8") as stream:
            names.update(name for row in csv.DictReader(stream) for name in ast.literal_eval(row["drugs"]))
    return sorted(names)


@pytest.mark.parametrize("by_hand", [True, False], ids=["with", "without what is written by hand"])
def test_top_names_agree_with_the_reference(shared_dir, top_names, by_hand):
    """Some structures were written by hand after a look at this table; the other sources have never seen it."""
    hand = structures() if by_hand else {}
    resolver = DrugResolver(load(), hand, synonyms(), combinations(), (Chemicals.load(),))
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
    assert right / (right + wrong) > (0.965 if by_hand else 0.95)


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


def real_names(shared_dir):
    """Every intervention's name in TOP and in the registry's sample."""
    for path in sorted((shared_dir / "top").glob("*.csv")):
        with path.open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                yield from ast.literal_eval(row["drugs"])
    with zipfile.ZipFile(shared_dir / "ctgov" / "AllPublicXML-sample.zip") as opened:
        for member in opened.namelist():
            if member.endswith(".xml"):
                text = opened.read(member).decode("utf-8", "replace")
                yield from map(html.unescape, re.findall(r"<intervention_name>([^<]*)<", text))


def test_no_real_placebo_water_or_biologic_has_a_structure(shared_dir):
    resolver = DrugResolver.default()
    said = r"pla[cs]?ebo|saline|vehicle|\bsham\b|\w{3}mab\b|vaccin|insulin|antibod|t[- ]cells|^(?:sterile )?water\b"
    names = set(real_names(shared_dir))
    assert len(names) > 5_000
    wrong = [
        item
        for name in sorted(names)
        for item in resolver.resolve(name)
        if item.smiles is not None and re.search(said, f"{item.query}\n{item.name}", re.MULTILINE)
    ]
    assert wrong == []
