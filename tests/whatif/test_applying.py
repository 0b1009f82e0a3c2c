import pytest

from cladmop import Disease, Drug, Phase, Trial
from cladmop.errors import InputError
from cladmop.whatif import apply_edits
from cladmop.whatif.edits import (
    AddCriterion,
    AddDisease,
    AddDrug,
    ChangePhase,
    RemoveCriterion,
    RemoveDisease,
    RemoveDrug,
    ReplaceCriterion,
    SwapDrug,
)


def test_numbers_are_those_of_the_trial_as_given(trial):
    edits = [
        AddCriterion("inclusion", "new"),
        RemoveCriterion("inclusion", 1),
        ReplaceCriterion("inclusion", 3, "consent"),
        RemoveCriterion("exclusion", 2),
    ]
    for order in (edits, edits[::-1]):
        edited = apply_edits(trial, order)
        assert edited.inclusion == ("age 30 years or older", "consent", "new")
        assert edited.exclusion == ("pregnancy or breast feeding",)
    assert trial.inclusion[0] == "stable disease at screening", "the trial itself stays"


def test_drugs_and_diseases_are_known_by_name_in_any_case(trial):
    edited = apply_edits(trial, [RemoveDrug("ASPIRIN"), RemoveDisease(" Gout")])
    assert [drug.name for drug in edited.drugs] == ["inventomab"]
    assert edited.diseases == trial.diseases[:1]


def test_a_swapped_drug_takes_the_place_of_the_old_one(trial):
    edited = apply_edits(trial, [SwapDrug("aspirin", "metformin"), AddDrug("xyz", "CCO")])
    assert edited.drugs == (Drug(name="metformin"), Drug(name="inventomab"), Drug(name="xyz", smiles="CCO"))


def test_a_drug_may_be_given_a_structure_in_its_place(trial):
    edited = apply_edits(trial, [SwapDrug("inventomab", "inventomab", "CCO")])
    assert edited.drugs[1] == Drug(name="inventomab", smiles="CCO")


def test_phase(trial):
    assert apply_edits(trial, [ChangePhase(Phase.PHASE_3)]).phase is Phase.PHASE_3


def test_an_added_disease_is_coded_where_its_name_would_not_be_looked_up(trial):
    assert apply_edits(trial, [AddDisease("migraine")]).diseases[-1] == Disease(name="migraine")
    coded = trial.model_copy(update={"icd10": ("J45.909",)})
    (code, *_) = apply_edits(coded, [AddDisease("migraine")]).diseases[-1].icd10
    assert code.startswith("G43")


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([], "no edit"),
        ([RemoveCriterion("inclusion", 4)], "inclusion 4 is not there; inclusion criteria are numbered 1 to 3"),
        ([ReplaceCriterion("exclusion", 0, "x")], "exclusion 0 is not there"),
        ([RemoveDrug("ibuprofen")], "drug 'ibuprofen' is not in the trial; it names 'aspirin', 'inventomab'"),
        ([SwapDrug("ibuprofen", "x")], "'ibuprofen' is not in the trial"),
        ([SwapDrug("aspirin", "Inventomab")], "'Inventomab' is in the trial already"),
        ([RemoveDisease("flu")], "disease 'flu' is not in the trial; it names 'asthma', 'gout'"),
        ([AddDrug("ASPIRIN")], "'ASPIRIN' is in the trial already"),
        ([AddDisease("Gout")], "'Gout' is in the trial already"),
        ([RemoveCriterion("inclusion", 1), ReplaceCriterion("inclusion", 1, "x")], "two edits of inclusion 1"),
        ([RemoveDrug("aspirin"), SwapDrug("Aspirin", "x")], "two edits of drug aspirin"),
        ([AddDrug("x"), SwapDrug("aspirin", "X")], "two edits of drug x"),
        ([ChangePhase(Phase.PHASE_2), ChangePhase(Phase.PHASE_3)], "two edits of phase"),
        ([AddDrug("x", "no structure")], "drug 'x': 'no structure' is not a SMILES"),
        ([SwapDrug("aspirin", "x", "C(")], "drug 'x': .* is not a valid SMILES"),
    ],
)
def test_what_cannot_be_done_says_why(trial, edits, message):
    with pytest.raises(InputError, match=message):
        apply_edits(trial, edits)


def test_counts_read_well_where_there_are_few():
    with pytest.raises(InputError, match="the trial has one inclusion criterion"):
        apply_edits(Trial(inclusion=("a",)), [RemoveCriterion("inclusion", 2)])
    with pytest.raises(InputError, match="the trial has no exclusion criteria"):
        apply_edits(Trial(inclusion=("a",)), [RemoveCriterion("exclusion", 1)])
    with pytest.raises(InputError, match="it names no drug at all"):
        apply_edits(Trial(inclusion=("a",)), [RemoveDrug("x")])


def test_something_must_be_left():
    with pytest.raises(InputError, match="the trial after the edits: no criteria, no drugs and no diseases"):
        apply_edits(Trial(inclusion=("a",)), [RemoveCriterion("inclusion", 1)])
