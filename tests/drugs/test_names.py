import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.drugs.names import compact, mentions, normalise, without_salt

PIECES = [
    "Afatinib", "cisplatin 75 mg/m2", "BAY 43-9006", "placebo", "(5-FU)", "arm A", "cohort 2", "high dose", " + ", "/",
    " plus ", " and ", ", ", " in combination with ", "IV", "XR", "®", "™", "drug: ", "[x]", "0.9%",
    "µg", "\uff1b", "(", ")",
    "&", "q2w", "nab-paclitaxel", "auc 6", "then", "-", "2", "ﬁ", "İ",
]  # fmt: skip
WRITTEN = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))


@given(WRITTEN)
def test_normalise_is_idempotent_and_lower_case(text):
    once = normalise(text)
    assert normalise(once) == once
    assert once == once.strip()


@given(WRITTEN)
def test_mentions_have_names_and_lose_no_string_with_letters(text):
    found = mentions(text)
    assert all(mention.name and mention.text for mention in found)
    assert all(alias and alias != mention.name for mention in found for alias in mention.aliases)
    assert len({mention.name for mention in found}) == len(found)
    if any(character.isascii() and character.isalnum() for character in text):
        assert found


@given(WRITTEN)
def test_compact_holds_letters_and_digits_only(text):
    assert compact(text) == "" or compact(text).isalnum()


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Afatinib 40 MG", ["afatinib"]),
        ("regorafenib (BAY73-4506) - sequential / cisplatin / pemetrexed", ["regorafenib", "cisplatin", "pemetrexed"]),
        ("Tislelizumab\uff0catezolizumab or sugemalimab", ["tislelizumab", "atezolizumab", "sugemalimab"]),
        ("AK104+anlotinib", ["ak104", "anlotinib"]),
        ("furmonertinib combined with anlotinib", ["furmonertinib", "anlotinib"]),
        ("intravenous oxaliplatin with intraperitoneal docetaxel", ["oxaliplatin", "docetaxel"]),
        ("crushed alo-02 60 mg/7.2 mg", ["alo-02"]),
        ("tolterodine ER", ["tolterodine"]),
        ("aripiprazole IM depot", ["aripiprazole"]),
        ("cp-690,550 or placebo", ["cp-690,550", "placebo"]),
        ("1,2-hexanediol", ["1,2-hexanediol"]),
        ("azd1152 part a", ["azd1152"]),
        ("mn-221 (dose group 2)", ["mn-221"]),
        ("drug: sch 900518 drug: ritonavir (rtv)", ["sch 900518", "ritonavir"]),
        ("nab-paclitaxel 125 mg/m²", ["paclitaxel"]),
        ("carboplatin AUC 5", ["carboplatin"]),
        ("Arikayce™ 560 mg", ["arikayce"]),
        ("Arm A", ["arm a"]),
        ("   ", []),
    ],
)
def test_split_and_stripped(written, names):
    assert [mention.name for mention in mentions(written)] == names


def test_names_in_parentheses_are_aliases():
    (mention,) = mentions("ku-0059436 (AZD2281)(PARP inhibitor)")
    assert mention.name == "ku-0059436"
    assert mention.aliases == ("azd2281", "parp inhibitor")


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("imatinib mesylate", "imatinib"),
        ("triciribine phosphate monohydrate", "triciribine"),
        ("lithium carbonate", "lithium carbonate"),
        ("sodium chloride", "sodium chloride"),
        ("potassium citrate", "potassium citrate"),
        ("docetaxel", "docetaxel"),
    ],
)
def test_without_salt(name, parent):
    assert without_salt(name) == parent


@pytest.mark.parametrize("piece", ["a ", "aspirin, ", "(", "1 mg ", "x/", "(a) ", "and ", "arm a "])
def test_long_strings_take_time_in_proportion(piece):
    start = time.perf_counter()
    mentions(piece * 5_000)
    assert time.perf_counter() - start < 5
