from dataclasses import replace

import numpy as np
import pytest

from cladmop.diseases.icd import ancestors, vocabulary
from cladmop.errors import InputError
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.rivals.hint.inputs import HEADS, Reader, collate


def coded(*codes):
    return Trial(inclusion=("adults",), diseases=(Disease(name="disease", icd10=codes),))


def test_an_unknown_code_is_its_nearest_known_ancestor(encode):
    reader = Reader.fit(encode([coded("J45.9", "M10.9")]))
    known = [vocabulary().terms[one] for one in reader.known_V]
    assert set(known) == {*ancestors("J45.9"), *ancestors("M10.9")}
    own, sibling, other = (
        parts.codes_KA for parts in reader.read(encode([coded("J45.9"), coded("J45.2"), coded("A00")]))
    )
    np.testing.assert_array_equal([known[place - 1] for place in own[0]], ancestors("J45.9"))
    np.testing.assert_array_equal(sibling, [[*own[0, :3], 0]])
    assert other.shape == (0, 4)


def test_a_short_code_has_no_more_ancestors_than_it_has(encode):
    reader = Reader.fit(encode([coded("I10"), coded("J45.9")]))
    assert reader.known_V.min() > 0
    (short,) = (parts.codes_KA for parts in reader.read(encode([coded("I10")])))
    known = [vocabulary().terms[one] for one in reader.known_V]
    assert [known[place - 1] for place in short[0, :3]] == list(ancestors("I10"))
    assert short[0, 3] == 0


def test_parts_that_are_absent_stay_so(encode):
    trials = encode([Trial(inclusion=("adults",), drugs=(Drug(name="methane", smiles="C"),)), coded("J45.9"), Trial()])
    reader = Reader.fit(trials)
    batch = collate(reader.read(trials))
    assert batch.molecule_mask_BM.tolist() == [[True], [False], [False]]
    assert (batch.codes_BKA > 0).any(dim=2).tolist() == [[False], [True], [False]]
    assert batch.side_mask_BS.tolist() == [[True, False], [True, False], [False, False]]
    assert not batch.sides_BSW.isnan().any()


def test_sides_are_means_of_standardised_last_states(encode):
    trial = Trial(inclusion=("stable disease", "adults"), exclusion=("pregnancy",))
    (encoded,) = encode([trial])
    (parts,) = Reader.fit([encoded]).read([encoded])
    states = encoded.criteria[-1].astype(np.float64)
    states = (states - states.mean(axis=1, keepdims=True)) / states.std(axis=1, keepdims=True)
    np.testing.assert_allclose(parts.sides_SW, [states[:2].mean(axis=0), states[2]], atol=1e-4)


@pytest.mark.parametrize(
    ("phase", "head"),
    [(Phase.EARLY_PHASE_1, "I"), (Phase.PHASE_1_2, "I"), (Phase.PHASE_2_3, "II"), (Phase.PHASE_3, "III"),
     (Phase.PHASE_4, "IV"), (Phase.NOT_APPLICABLE, "shared")],
)  # fmt: skip
def test_heads_follow_phase_groups(encode, phase, head):
    encoded = encode([Trial(phase=phase)])
    assert HEADS[Reader.fit(encoded).read(encoded)[0].head] == head


def test_other_encoders_are_refused(encode):
    encoded = encode([coded("J45.9")] * 2)
    wider = replace(encoded[1], molecules=np.zeros((0, 7), np.float32))
    with pytest.raises(InputError, match=r"trial 1: .*\(7, 12\).*encode all trials alike"):
        Reader.fit(encoded).read([encoded[0], wider])
