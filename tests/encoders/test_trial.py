"""Trials become arrays of the agreed shapes, whatever is absent."""

from types import SimpleNamespace

import numpy as np
import pytest

from cladmop.drugs.kinds import DrugKind
from cladmop.drugs.resolution import Resolution
from cladmop.encoders.base import LEVELS, Unit
from cladmop.encoders.cache import StateCache
from cladmop.encoders.trial import TrialEncoder
from cladmop.records import Disease, Drug, Phase, Trial

KNOWN = {
    "aspirin": Resolution("aspirin", "aspirin", DrugKind.SMALL_MOLECULE, "CC(=O)Oc1ccccc1C(=O)O", "B" * 14 + "-X-N"),
    "Ethanol": Resolution("Ethanol", "ethanol", DrugKind.SMALL_MOLECULE, "CCO", "A" * 14 + "-X-N"),
    "Nivolumab": Resolution("Nivolumab", "Nivolumab", DrugKind.BIOLOGIC),
    "placebo": Resolution("placebo", "placebo", DrugKind.PLACEBO),
    "XB-1": Resolution("XB-1", "xb-1", DrugKind.UNMAPPED),
}


class FakeResolver:
    def structures(self, trial, mode):
        if mode == "repaired":
            return tuple(KNOWN[drug.name] for drug in trial.drugs)
        return tuple(Resolution(s, s, DrugKind.SMALL_MOLECULE, s, s.ljust(14, "Z")) for s in trial.published_smiles)


class FakeMolecules:
    def __init__(self):
        self.asked = []

    def encode(self, smiles):
        self.asked += smiles
        return np.array([[len(one), 1, 2] for one in smiles], np.float32).reshape(len(smiles), 3)


class FakeDiseases:
    def encode(self, trial):
        names = [disease.name for disease in trial.diseases]
        known = [name for name in names if name != "mystery"]
        return SimpleNamespace(
            ids=np.arange(len(known) * 2, dtype=np.int32).reshape(len(known), 2) + 1,
            categories=np.arange(len(known), dtype=np.int32),
            codes=tuple(known),
            unmapped=tuple(name for name in names if name == "mystery"),
            disease_set="|".join(sorted(known)),
            dropped=("Z99",) if len(known) > 2 else (),
        )


def make(tmp_path, text, unit=Unit.ITEMS, structures="repaired"):
    return TrialEncoder(
        text=text, cache=StateCache(tmp_path), unit=unit, structures=structures, molecules=FakeMolecules(),
        resolver=FakeResolver(), diseases=FakeDiseases(),
    )  # fmt: skip


FULL = Trial(
    nct_id="NCT00000001",
    phase=Phase.PHASE_2,
    inclusion=("age over 18", "signed consent form"),
    exclusion=("pregnancy",),
    drugs=(Drug(name="aspirin"), Drug(name="placebo"), Drug(name="Ethanol"), Drug(name="Nivolumab")),
    diseases=(Disease(name="C34"), Disease(name="J45")),
    published_smiles=("CCCC",),
)
EMPTY = Trial()


def test_items_give_one_pooled_vector_each(tmp_path, fake_encoder):
    one, empty = make(tmp_path, fake_encoder).encode([FULL, EMPTY])
    assert one.criteria.shape == (LEVELS, 3, 8)
    assert one.criteria.dtype == np.float16
    expected = fake_encoder.encode([*FULL.inclusion, *FULL.exclusion], pool=True)
    np.testing.assert_array_equal(one.criteria, np.concatenate(expected, axis=1))
    assert one.side.tolist() == [0, 0, 1]
    assert one.side.dtype == np.int8
    assert one.molecules.tolist() == [[21, 1, 2], [3, 1, 2]]
    assert one.diseases.shape == (2, 2)
    assert one.categories.tolist() == [0, 1]
    assert list(Phase)[one.phase] is Phase.PHASE_2
    assert empty.criteria.shape == (LEVELS, 0, 8)
    assert empty.side.shape == (0,)
    assert empty.molecules.shape == (0, 3)
    assert empty.diseases.shape == (0, 2)
    assert (empty.drug_set, empty.disease_set) == ("", "")


def test_tokens_give_every_token_of_the_joined_items(tmp_path, fake_encoder):
    (one,) = make(tmp_path, fake_encoder, Unit.TOKENS).encode([FULL])
    assert one.criteria.shape == (LEVELS, 7, 8)
    assert one.side.tolist() == [0] * 6 + [1]
    expected = fake_encoder.encode(["age over 18\nsigned consent form", "pregnancy"], pool=False)
    np.testing.assert_array_equal(one.criteria, np.concatenate(expected, axis=1))


@pytest.mark.parametrize("unit", list(Unit))
def test_a_trial_without_inclusion_has_exclusion_flags_only(tmp_path, fake_encoder, unit):
    (one,) = make(tmp_path, fake_encoder, unit).encode([Trial(exclusion=("pregnancy",))])
    assert one.side.tolist() == [1]


def test_drug_set_is_the_same_in_both_modes_and_leaves_placebo_out(tmp_path, fake_encoder):
    (repaired,) = make(tmp_path, fake_encoder).encode([FULL])
    (published,) = make(tmp_path, fake_encoder, structures="published").encode([FULL])
    assert repaired.drug_set == published.drug_set == "|".join(["A" * 14, "B" * 14, "nivolumab"])
    assert published.molecules.tolist() == [[4, 1, 2]]


def test_drug_set_of_a_trial_without_names_comes_from_its_structures(tmp_path, fake_encoder):
    (one,) = make(tmp_path, fake_encoder).encode([Trial(published_smiles=("CCCC",))])
    assert one.drug_set == "CCCC" + "Z" * 10
    assert one.molecules.shape == (0, 3)


def test_order_of_drugs_does_not_change_their_set(tmp_path, fake_encoder):
    turned = FULL.model_copy(update={"drugs": FULL.drugs[::-1]})
    one, other = make(tmp_path, fake_encoder).encode([FULL, turned])
    assert one.drug_set == other.drug_set
    assert one.molecules.tolist() == other.molecules.tolist()[::-1]


def test_equal_molecules_and_texts_are_computed_once(tmp_path, fake_encoder):
    encoder = make(tmp_path, fake_encoder)
    encoder.encode([FULL, FULL])
    encoder.encode([FULL])
    names = [named.name for named in (*FULL.drugs, *FULL.diseases)]
    assert sorted(fake_encoder.encoded) == sorted({*FULL.criteria, *names})
    assert sorted(encoder.molecules.asked) == sorted(["CC(=O)Oc1ccccc1C(=O)O", "CCO"])


def test_a_trial_alone_and_among_others_is_the_same(tmp_path, fake_encoder):
    encoder = make(tmp_path, fake_encoder)
    (alone,) = encoder.encode([FULL])
    _, among = encoder.encode([EMPTY, FULL])
    np.testing.assert_array_equal(alone.criteria, among.criteria)
    assert alone.drug_set == among.drug_set


def test_the_forecast_counts_different_texts(tmp_path, fake_encoder):
    encoder = make(tmp_path, fake_encoder)
    assert encoder.forecast([FULL, FULL, EMPTY]).missing == 3 + 6, "criteria and names"
    encoder.encode([FULL])
    assert encoder.forecast([FULL]).missing == 0


def test_the_language_model_is_loaded_once_and_only_for_states(tmp_path, fake_encoder):
    loaded = []
    encoder = make(tmp_path, lambda: loaded.append(fake_encoder) or fake_encoder)
    encoder.report(FULL)
    assert loaded == []
    encoder.encode([FULL])
    encoder.encode([EMPTY])
    assert loaded == [fake_encoder]


def test_the_report_says_what_is_absent(tmp_path, fake_encoder):
    encoder = make(tmp_path, fake_encoder)
    report = encoder.report(EMPTY)
    assert report.drugs == ()
    assert encoder.report(FULL).diseases == ("C34", "J45")
    assert set(report.warnings) == {
        "no eligibility criteria: scored without them",
        "no phase stated",
        "no drug named: scored without molecules",
        "no disease could be mapped to ICD-10: scored without diseases",
    }
    assert encoder.report(FULL).warnings == ()
    crowded = FULL.model_copy(update={"diseases": tuple(Disease(name=code) for code in ("C34", "J45", "K50"))})
    assert encoder.report(crowded).warnings == ("1 disease codes beyond the first 3 are left out",)
    partly = Trial(
        inclusion=("age",), phase=Phase.PHASE_1, drugs=(Drug(name="XB-1"),), diseases=(Disease(name="mystery"),)
    )
    warnings = encoder.report(partly).warnings
    assert "no exclusion criteria" in warnings
    assert "drug 'XB-1' is not known here" in warnings
    assert "no drug has a known structure: scored without molecules" in warnings
    assert "disease 'mystery' has no ICD-10 code here" in warnings


def test_real_parts_fit_together(tmp_path, fake_encoder):
    pytest.importorskip("rdkit")
    from cladmop.drugs.resolve import DrugResolver
    from cladmop.encoders.disease import DiseaseEncoder
    from cladmop.encoders.molecule import MorganFeaturizer

    encoder = TrialEncoder(
        text=fake_encoder, cache=StateCache(tmp_path), unit=Unit.ITEMS, structures="repaired",
        molecules=MorganFeaturizer(), resolver=DrugResolver.default(), diseases=DiseaseEncoder(),
    )  # fmt: skip
    trial = Trial(
        inclusion=("age over 18",),
        drugs=(Drug(name="aspirin 100 mg"), Drug(name="placebo")),
        diseases=(Disease(name="asthma", icd10=("J45.909",)),),
    )
    one, empty = encoder.encode([trial, EMPTY])
    assert one.molecules.shape == (1, encoder.molecules.width)
    assert empty.molecules.shape == (0, encoder.molecules.width)
    assert one.diseases.shape == (1, encoder.diseases.ancestors)
    assert empty.diseases.shape == (0, encoder.diseases.ancestors)
    assert (one.diseases > 0).all()
    assert (one.drug_set, one.disease_set) == ("BSYNRYMUTXBXSQ", "J45")
    assert encoder.report(trial).diseases == ("J45.9",)
