import pytest

from cladmop import Phase
from cladmop.errors import InputError
from cladmop.whatif import edit_from_json
from cladmop.whatif.edits import (
    FIELDS,
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

EDITS = [
    (
        {"do": "remove_criterion", "side": "inclusion", "item": 2},
        RemoveCriterion("inclusion", 2),
        'inclusion 2 removed: "age 30 years or older"',
    ),
    (
        {"do": "replace_criterion", "side": "exclusion", "item": 1, "text": " lactation "},
        ReplaceCriterion("exclusion", 1, "lactation"),
        'exclusion 1 changed from "pregnancy or breast feeding" to "lactation"',
    ),
    (
        {"do": "add_criterion", "side": "exclusion", "text": "stroke"},
        AddCriterion("exclusion", "stroke"),
        'exclusion added: "stroke"',
    ),
    ({"do": "remove_drug", "name": "aspirin"}, RemoveDrug("aspirin"), "drug aspirin removed"),
    ({"do": "add_drug", "name": "x"}, AddDrug("x"), "drug x added"),
    ({"do": "add_drug", "name": "x", "smiles": "C"}, AddDrug("x", "C"), "drug x added"),
    (
        {"do": "swap_drug", "name": "aspirin", "to": "metformin", "smiles": None},
        SwapDrug("aspirin", "metformin"),
        "drug aspirin swapped for metformin",
    ),
    ({"do": "remove_disease", "name": "gout"}, RemoveDisease("gout"), "disease gout removed"),
    ({"do": "add_disease", "name": "migraine"}, AddDisease("migraine"), "disease migraine added"),
    (
        {"do": "change_phase", "phase": 2},
        ChangePhase(Phase.PHASE_2),
        "phase changed from phase 1 to phase 2",
    ),
]


@pytest.mark.parametrize(("value", "expected", "words"), EDITS)
def test_each_edit_is_read_and_said(trial, value, expected, words):
    edit = edit_from_json(value, "edits[0]")
    assert edit == expected
    assert edit.words(trial) == words


def test_every_kind_of_edit_is_tried_here():
    assert {value["do"] for value, _, _ in EDITS} == set(FIELDS)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("remove", "edits\\[0\\]: 'remove' is not an edit"),
        ({}, "None is no edit; use one of remove_criterion, "),
        ({"do": ["remove_drug"]}, "is no edit"),
        ({"do": "delete"}, "'delete' is no edit"),
        ({"do": "remove_drug", "name": ""}, "edits\\[0\\]: name: '' is empty"),
        ({"do": "remove_drug"}, "name: None is empty"),
        ({"do": "remove_drug", "name": 3}, "name: 3 is not a text"),
        ({"do": "remove_drug", "name": "a", "side": "x"}, "remove_drug has no field 'side'; it has name"),
        ({"do": "remove_criterion", "side": "both", "item": 1}, "side: 'both' is no side"),
        ({"do": "remove_criterion", "side": ["inclusion"], "item": 1}, "is no side"),
        ({"do": "remove_criterion", "side": "inclusion", "item": 0}, "item: 0 is not the number"),
        ({"do": "remove_criterion", "side": "inclusion", "item": True}, "item: True is not the number"),
        ({"do": "remove_criterion", "side": "inclusion", "item": "1"}, "item: '1' is not the number"),
        ({"do": "change_phase", "phase": "nine"}, "phase: 'nine' is not a phase; use one of"),
        ({"do": "add_drug", "name": "a", "smiles": 1}, "smiles: 1 is not a text"),
    ],
)
def test_what_is_no_edit_says_what_is_allowed(value, message):
    with pytest.raises(InputError, match=message):
        edit_from_json(value, "edits[0]")
