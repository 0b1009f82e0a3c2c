from cladmop import Disease, Drug, Phase
from cladmop.whatif.comparison import changes


def test_equal_trials_have_no_changes(trial):
    assert changes(trial, trial.model_copy(update={"title": "another"})) == ()


def test_a_criterion_taken_out_does_not_make_the_others_look_changed(trial):
    edited = trial.model_copy(update={"inclusion": trial.inclusion[1:]})
    assert changes(trial, edited) == ('inclusion 1 removed: "stable disease at screening"',)


def test_all_kinds_of_changes_are_said_in_order(trial):
    edited = trial.model_copy(
        update={
            "phase": Phase.PHASE_2,
            "inclusion": (trial.inclusion[0], "age 18 years or older", trial.inclusion[2], "new"),
            "exclusion": (),
            "drugs": (Drug(name="ASPIRIN", smiles="CCO"), Drug(name="caffeine")),
            "diseases": (Disease(name="asthma"), Disease(name="migraine"), Disease(name="flu"), Disease(name="gout")),
        }
    )
    assert changes(trial, edited) == (
        'inclusion 2 changed from "age 30 years or older" to "age 18 years or older"',
        'inclusion added: "new"',
        'exclusion 1 removed: "pregnancy or breast feeding"',
        'exclusion 2 removed: "active infection"',
        "drug inventomab swapped for caffeine",
        "structure of drug ASPIRIN changed",
        "disease migraine added",
        "disease flu added",
        "codes of disease asthma changed",
        "phase changed from phase 1 to phase 2",
    )


def test_codes_of_no_disease(trial):
    assert changes(trial, trial.model_copy(update={"icd10": ("M10.9",)})) == (
        "codes of no disease in particular changed",
    )
