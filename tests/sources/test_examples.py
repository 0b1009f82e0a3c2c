"""The bundled example trials."""

from cladmop.records import Phase
from cladmop.sources.examples import example_trials


def test_examples_cover_phases_and_kinds_of_drugs() -> None:
    trials = example_trials()
    assert 8 <= len(trials) <= 10
    assert len({trial.title for trial in trials}) == len(trials)
    assert {Phase.PHASE_1, Phase.PHASE_2, Phase.PHASE_3} <= {trial.phase for trial in trials}
    for trial in trials:
        assert trial.nct_id is None
        assert trial.title
        assert trial.inclusion
        assert trial.exclusion
        assert 5 <= len(trial.criteria) <= 14
        assert trial.drugs
        assert all(disease.icd10 for disease in trial.diseases)
    names = {drug.name for trial in trials for drug in trial.drugs}
    assert {"placebo", "gemcitabine + nab-paclitaxel", "KVX-4471"} <= names
