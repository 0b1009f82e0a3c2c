import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cladmop.diseases.icd import vocabulary
from cladmop.encoders.disease import MAX_CODES, DiseaseEncoder
from cladmop.records import Disease, Trial

ENCODER = DiseaseEncoder()


def test_codes_of_trial_and_diseases_are_joined_once_and_sorted():
    trial = Trial(
        icd10=("C50.919", "c34.90", "C34.91"),
        diseases=(Disease(name="x", icd10=("C34.1", "NOPE")), Disease(name="not looked up")),
    )
    found = ENCODER.encode(trial)
    assert found.codes == ("C34.1", "C34.9", "C50.9")
    assert found.unmapped == ("NOPE",)
    assert found.categories.tolist() == [0, 0, 1]
    assert found.disease_set == "C34;C50"
    terms = [[vocabulary().terms[index] for index in row] for row in found.ids]
    assert terms[0] == ["2", "C30-C39", "C34", "C34.1"]
    assert terms[2] == ["2", "C50", "C50", "C50.9"]


def test_a_category_has_no_subcategory():
    assert ENCODER.encode(Trial(icd10=("C34",))).ids[0, 3] == 0


def test_names_are_looked_up_where_nobody_coded():
    trial = Trial(
        diseases=(Disease(name="Breast Cancer"), Disease(name="qwertyuiop"), Disease(name="x", icd10=("E11",)))
    )
    found = ENCODER.encode(trial)
    assert found.codes == ("C50", "E11")
    assert found.unmapped == ("qwertyuiop",)


def test_no_disease_gives_empty_arrays():
    found = ENCODER.encode(Trial())
    assert found.ids.shape == (0, 4)
    assert found.ids.dtype == found.categories.dtype == np.int32
    assert found.categories.shape == (0,)
    assert found.disease_set == ""


def test_more_codes_than_the_limit_are_reported():
    codes = tuple(f"C{number:02d}" for number in range(1, 100))
    found = ENCODER.encode(Trial(icd10=codes))
    assert len(found.codes) == len(found.ids) == MAX_CODES
    assert found.dropped
    assert sorted(found.codes + found.dropped) == [*found.codes, *found.dropped]
    assert len(found.codes) + len(found.dropped) + len(found.unmapped) == len(codes)


@given(st.lists(st.sampled_from(list(vocabulary().lineages)[::97]), max_size=12))
def test_order_and_repeats_do_not_matter(codes):
    one, other = ENCODER.encode(Trial(icd10=tuple(codes))), ENCODER.encode(Trial(icd10=tuple(reversed(codes)) * 2))
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.categories, other.categories)
    assert (one.codes, one.disease_set) == (other.codes, other.disease_set)
    assert one.ids.max(initial=0) < ENCODER.size
