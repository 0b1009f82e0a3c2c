"""Every column of the table is what its name says, and what is absent is a gap."""

import numpy as np
import pytest

from cladmop.diseases.icd import ancestors, vocabulary
from cladmop.encoders.base import LEVELS, EncodedTrial
from cladmop.errors import CladmopError, InputError
from cladmop.records import Phase
from cladmop.rivals.features import TrialFeatures

WIDTH = 3


def make(inclusion=2, exclusion=1, molecules=2, codes=("C34.90",), phase=Phase.PHASE_1, seed=0, features=4):
    """One encoded trial of random numbers."""
    random = np.random.default_rng(seed)
    ids = np.zeros((len(codes), 4), np.int32)
    for row, code in enumerate(codes):
        lineage = ancestors(code)
        ids[row, : len(lineage)] = [vocabulary().ids[term] for term in lineage]
    criteria = random.normal(size=(LEVELS, inclusion + exclusion, WIDTH)).astype(np.float16)
    return EncodedTrial(
        criteria=criteria,
        side=np.repeat(np.array([0, 1], np.int8), (inclusion, exclusion)),
        molecules=random.normal(size=(molecules, features)).astype(np.float32),
        diseases=ids,
        categories=np.zeros(len(codes), np.int32),
        names=np.zeros((LEVELS, 5, WIDTH), np.float16),
        name_kinds=np.array([0, 0, 0, 1, 1], np.int8),
        phase=list(Phase).index(phase),
        drug_set="",
        disease_set="",
    )


def columns(features, trial):
    (row,) = features.transform([trial])
    assert len(row) == len(features.names) == len(set(features.names))
    return dict(zip(features.names, row.tolist(), strict=True))


def test_each_column():
    trial = make(codes=("C34.90", "C50.1", "J45.909"), phase=Phase.PHASE_2)
    features = TrialFeatures().fit([trial, make(codes=("M10.9",))])
    found = columns(features, trial)
    assert features.names[features.molecules] == tuple(f"molecule {number}" for number in range(4))
    for number, mean in enumerate(trial.molecules.mean(axis=0)):
        assert found[f"molecule {number}"] == pytest.approx(mean)
    for side, vectors in (("inclusion", trial.criteria[-1, :2]), ("exclusion", trial.criteria[-1, 2:])):
        for number, mean in enumerate(vectors.astype(float).mean(axis=0)):
            assert found[f"{side} state {number}"] == pytest.approx(mean)
    codes = {name.removeprefix("ICD-10 "): value for name, value in found.items() if name.startswith("ICD-10")}
    of_trial = {term for code in ("C34.90", "C50.1", "J45.909") for term in ancestors(code)[:3]}
    assert {code for code, value in codes.items() if value == 1} == of_trial
    assert {code for code, value in codes.items() if value == 0} == set(ancestors("M10.9")[:3])
    assert [found[f"phase {group}"] for group in ("II", "III", "IV", "none")] == [1, 0, 0, 0]
    counts = {"drugs": 3, "molecules": 2, "diseases": 2, "disease codes": 3, "inclusion vectors": 2}
    for name, count in (counts | {"exclusion vectors": 1}).items():
        assert found[name] == pytest.approx(np.log1p(count)), name
    assert [found[f"no {what}"] for what in ("molecule", "inclusion criteria", "exclusion criteria")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("absent", "flag", "gaps"),
    [
        ("molecules", "no molecule", "molecule "),
        ("inclusion", "no inclusion criteria", "inclusion state"),
        ("exclusion", "no exclusion criteria", "exclusion state"),
    ],
)
def test_what_is_absent_is_a_gap_and_is_marked(absent, flag, gaps):
    trial = make(**{absent: 0})
    found = columns(TrialFeatures().fit([make()]), trial)
    assert found[flag] == 1
    assert {name for name, value in found.items() if np.isnan(value)} == {
        name for name in found if name.startswith(gaps)
    }


def test_codes_are_those_of_the_training_trials():
    features = TrialFeatures().fit([make(codes=("C34.90",)), make(codes=())])
    assert [name for name in features.names if name.startswith("ICD-10")] == [
        f"ICD-10 {term}" for term in sorted(ancestors("C34.90")[:3], key=vocabulary().ids.__getitem__)
    ]
    sibling = columns(features, make(codes=("C34.1", "J45.909")))
    assert {name for name, value in sibling.items() if name.startswith("ICD-10") and value == 1} == {
        f"ICD-10 {term}" for term in ancestors("C34.1")[:3]
    }


def test_molecule_columns_have_their_names(encode, invented):
    encoded = encode(invented(10)[0])
    features = TrialFeatures().fit(encoded)
    assert features.names[:2] == ("morgan 0", "morgan 1")
    methane = next(row for row, trial in enumerate(encoded) if len(trial.molecules))
    place = features.names.index("MolWt")
    assert features.transform(encoded)[methane, place] == encoded[methane].molecules[0, place] > 0


def test_what_it_refuses():
    with pytest.raises(CladmopError, match="not fitted"):
        TrialFeatures().transform([make()])
    with pytest.raises(InputError, match="no trials"):
        TrialFeatures().fit([])
    features = TrialFeatures().fit([make()])
    with pytest.raises(InputError, match=r"trial 1: .*\(5, 3\).*\(4, 3\)"):
        features.transform([make(), make(features=5)])
    assert features.transform([]).shape == (0, len(features.names))
