import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.diseases.icd import ancestors, canonical, category, vocabulary


@pytest.mark.parametrize(
    ("code", "lineage"),
    [
        ("C34.90", ("2", "C30-C39", "C34", "C34.9")),
        ("c3490", ("2", "C30-C39", "C34", "C34.9")),
        (" C34 ", ("2", "C30-C39", "C34")),
        ("C34.Z", ("2", "C30-C39", "C34")),
        ("T36.0X1A", ("19", "T36-T50", "T36", "T36.0")),
        ("B20", ("1", "B20", "B20")),
        ("XYZ", ()),
        ("", ()),
        ("2", ()),
        ("lung cancer", ()),
    ],
)
def test_ancestors(code, lineage):
    assert ancestors(code) == lineage


def test_ids_are_fixed():
    # A checkpoint stores ids: a change of this digest breaks every model trained before.
    assert vocabulary().fingerprint.startswith("02fc8a7c")
    assert len(vocabulary()) == 12_487
    assert vocabulary().terms[0] == ""
    assert all(vocabulary().terms[index] == term for term, index in vocabulary().ids.items())


def test_every_lineage_is_in_the_vocabulary_and_leads_to_its_term():
    words = vocabulary()
    for term, lineage in words.lineages.items():
        assert lineage[-1] == term
        assert len(lineage) in {3, 4}
        assert all(ancestor in words.ids for ancestor in lineage)
        assert re.fullmatch(r"\d{1,2}", lineage[0])
        assert term.startswith(lineage[2])


def test_agrees_with_the_installed_tabular_list():
    tabular = pytest.importorskip("simple_icd_10_cm")
    codes = [code for code in tabular.get_all_codes(with_dots=True) if tabular.is_category_or_subcategory(code)]
    for code in codes[::211]:
        above = [item for item in reversed(tabular.get_ancestors(code)) if item in vocabulary().ids]
        assert set(above) <= set(ancestors(code)), code


@given(st.text(max_size=12))
def test_any_text_has_known_ancestors_or_none(text):
    lineage = ancestors(text)
    assert all(term in vocabulary().ids for term in lineage)
    assert category(text) == (lineage[2] if lineage else "")
    assert canonical(canonical(text)) == canonical(text)


def test_all_codes_of_top_are_known(shared_dir):
    text = (shared_dir / "top" / "phase_I_train.csv").read_text(encoding="utf-8")
    codes = set(re.findall(r"'([A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)'", text))
    assert len(codes) > 500
    assert sum(bool(ancestors(code)) for code in codes) / len(codes) > 0.97
