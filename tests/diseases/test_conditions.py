import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.diseases.conditions import FLOOR, NO_MATCH, codes_for, match, words
from cladmop.diseases.icd import ancestors


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("NSCLC", ("C34",)),
        ("Carcinoma, Non-Small-Cell Lung", ("C34",)),
        ("recurrent non-small cell lung cancer", ("C34",)),
        ("Stage IV Breast Cancer", ("C50",)),
        ("breast neoplasms", ("C50",)),
        ("Diabetes Mellitus, Type 2", ("E11",)),
        ("type II diabetes", ("E11",)),
        ("Type 1 Diabetes Mellitus", ("E10",)),
        ("HIV Infections", ("B20",)),
        ("Alzheimer's Disease", ("G30",)),
        ("Alzheimer\u2019s Disease", ("G30",)),
        ("Cushing syndrome", ("E24",)),
        ("hepatitis c, chronic", ("B18",)),
        ("acute promyelocytic leukemia", ("C92.4",)),
        ("Chronic pancreatitis", ("K86.1",)),
    ],
)
def test_names(name, codes):
    assert codes_for(name) == codes


@pytest.mark.parametrize("name", ["healthy", "", "qwertyuiop", "stage iv", "safety", "123", "the disease"])
def test_what_is_no_disease_stays_unmapped(name):
    assert match(name) is NO_MATCH


@given(st.text(max_size=40))
def test_scores_and_codes_agree(name):
    found = match(name)
    assert bool(found.codes) == (found.score >= FLOOR)
    assert all(ancestors(code) for code in found.codes)


@given(st.lists(st.sampled_from(["lung", "cancer", "Type 2", "diabetes", "chronic", "hepatitis", "C"]), max_size=5))
def test_word_order_does_not_matter(parts):
    assert words(", ".join(parts)) == words(", ".join(reversed(parts)))


def test_every_listed_code_exists_and_no_two_names_disagree():
    listed = json.loads((files("cladmop.diseases") / "synonyms.json").read_text(encoding="utf-8"))
    seen: dict[frozenset[str], list[str]] = {}
    for name, codes in listed.items():
        assert words(name), name
        assert all(ancestors(code)[-1] == code for code in codes), name
        assert seen.setdefault(words(name), codes) == codes, name
