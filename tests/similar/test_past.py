"""The index of past trials: who is found, what is counted, and what is refused."""

import datetime as dt
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from cladmop.corpus.rules import Group
from cladmop.diseases.icd import category
from cladmop.errors import CladmopError, CorruptArtefactError, InputError, MissingArtefactError
from cladmop.records import Phase, Trial
from cladmop.similar import PastTrials
from cladmop.similar import past as module
from similar.building import tiny_index


def encoded_of(encoder, trial):
    return encoder.encode([trial])[0]


def test_a_trial_is_its_own_nearest_unless_it_is_left_out(past, encoder, corpus_trials):
    for one in corpus_trials[::7]:
        encoded = encoded_of(encoder, one.trial)
        found = past.nearest(encoded, len(past))
        own = next(each for each in found if each.nct_id == one.trial.nct_id)
        assert own.similarity == pytest.approx(1, abs=0.01)
        assert found[0].similarity == pytest.approx(own.similarity, abs=0.01), "others may be equal to it"
        others = past.nearest(encoded, len(past), exclude_nct_id=one.trial.nct_id)
        assert {each.nct_id for each in found} - {each.nct_id for each in others} == {one.trial.nct_id}


def test_neighbours_come_most_similar_first_with_what_became_of_them(past, encoder, corpus_trials):
    known = {one.trial.nct_id: one for one in corpus_trials}
    found = past.nearest(encoded_of(encoder, corpus_trials[0].trial), 9)
    assert len(found) == 9
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)
    assert all(-1 <= each.similarity <= 1 for each in found)
    for each in found:
        assert each.outcome == known[each.nct_id].group.value
        assert each.start_date == known[each.nct_id].trial.start_date
        assert each.link.endswith(each.nct_id)


def test_only_trials_that_had_ended_are_found(past, encoder, corpus_trials):
    limit = dt.date(2008, 1, 1)
    ended = {one.trial.nct_id for one in corpus_trials if one.outcome.completion_date < limit}
    found = past.nearest(encoded_of(encoder, corpus_trials[0].trial), 100, before=limit)
    assert {each.nct_id for each in found} == ended
    assert 0 < len(ended) < len(past)


def test_by_default_nothing_later_than_the_start_is_seen(past, encoder, corpus_trials):
    one = max(corpus_trials, key=lambda each: each.trial.start_date)
    told = past.about(one.trial, encoder, 5)
    assert told.before == one.trial.start_date
    assert all(each.end_date < one.trial.start_date for each in told.trials)
    late = [other for other in corpus_trials if other.outcome.completion_date >= one.trial.start_date]
    assert told.left_out == len(late) - 1, "itself is not among those left out by date"
    everything = past.about(one.trial, encoder, 5, all_dates=True)
    assert (everything.before, everything.left_out) == (None, 0)
    assert everything.base_rates[0].trials > told.base_rates[0].trials
    assert past.about(one.trial, encoder, 5, before=dt.date(2006, 1, 1)).before == dt.date(2006, 1, 1)


def test_an_end_nobody_states_is_known_to_lie_before_the_cutoff(past):
    import numpy as np
    import polars as pl

    from cladmop.similar.folder import Parts

    table = past._table.with_columns(end_date=pl.lit(None, dtype=pl.Date))
    dateless = PastTrials(Parts(past.manifest, table, past._embed, past._neighbours))
    assert past.manifest["cutoff"] == "2014-01-01"
    for date, count in ((dt.date(2014, 1, 1), 0), (dt.date(2014, 1, 2), len(past))):
        rates = dateless.base_rates(Phase.NOT_APPLICABLE, [], [], before=date)
        assert rates[0].trials == count
    assert np.count_nonzero(dateless._allowed(None, None)) == len(past)


def test_base_rates_are_counts_of_the_corpus(past, encoder, corpus_trials, monkeypatch):
    monkeypatch.setattr(module, "ENOUGH", 5)
    one = next(each for each in corpus_trials if each.trial.drugs[0].name.lower() == "metformin")
    report = encoder.report(one.trial)
    rates = past.base_rates(
        one.trial.phase, report.diseases, report.drugs, exclude_nct_id=one.trial.nct_id, before=dt.date(2013, 1, 1)
    )
    others = [each for each in corpus_trials if each is not one]

    def counts(akin):
        kind = [each for each in others if akin(each.trial)]
        return sum(each.group is Group.SUCCESSFUL for each in kind), len(kind)

    own = {category(code) for code in report.diseases}
    expected = [
        ("phase", counts(lambda trial: trial.phase.group == one.trial.phase.group)),
        ("disease", counts(lambda trial: own & {category(code) for code in encoder.report(trial).diseases})),
        ("drug", counts(lambda trial: trial.drugs[0].name == one.trial.drugs[0].name)),
    ]
    assert [(rate.kind, (rate.successes, rate.trials)) for rate in rates] == expected
    assert rates[2].of == "metformin"


def test_a_disease_is_counted_under_the_most_specific_term_with_enough_trials(past, monkeypatch):
    def counted(enough):
        monkeypatch.setattr(module, "ENOUGH", enough)
        return past.base_rates(Phase.PHASE_2, ["J45.9", "J45.2"], [])[1:]

    (category_rate,) = counted(1)
    (chapter_rate,) = counted(10_000)
    assert category_rate.of == "J45"
    assert chapter_rate.of == "respiratory (ICD-10 chapter 10)"
    assert category_rate.trials == chapter_rate.trials > 0


def test_a_drug_nobody_tested_has_an_unknown_history(past, encoder):
    trial = Trial(drugs=({"name": "qqq-zzz-1"}, {"name": "placebo"}))
    (phase, drug) = past.about(trial, encoder).base_rates
    assert (phase.of, phase.trials) == ("all phases", len(past))
    assert (drug.kind, drug.trials, drug.rate) == ("drug", 0, None)


def test_a_structure_has_the_history_of_the_drug_it_is(past, encoder):
    aspirin = past.about(Trial(drugs=({"name": "aspirin"},)), encoder).base_rates[1]
    code = Trial(drugs=({"name": "ABC-1", "smiles": "CC(=O)Oc1ccccc1C(=O)O"},))
    coded = past.about(code, encoder).base_rates[1]
    assert (coded.successes, coded.trials) == (aspirin.successes, aspirin.trials) != (0, 0)
    assert coded.of == "ABC-1 (aspirin)"


def test_the_same_criteria_are_kept_and_said(past, encoder, corpus_trials):
    trial = corpus_trials[0].trial
    twins = {one.trial.nct_id for one in corpus_trials if one.trial.criteria == trial.criteria}
    told = past.about(trial, encoder, 100, all_dates=True)
    assert {each.nct_id for each in told.trials if each.same_criteria} == twins - {trial.nct_id}
    nothing = past.about(Trial(drugs=({"name": "aspirin"},)), encoder, 100)
    assert not any(each.same_criteria for each in nothing.trials)


def test_outcomes_of_the_trial_itself_change_nothing(past, encoder, corpus_trials):
    """The record asked about may be in the index: its own outcome is in no rate and no neighbour."""
    one = corpus_trials[0]
    told = past.about(one.trial, encoder, 100, all_dates=True)
    assert one.trial.nct_id not in {each.nct_id for each in told.trials}
    assert len(told.trials) == len(past) - 1


def test_several_threads_are_told_the_same(past, encoder, corpus_trials):
    encoded = encoder.encode([one.trial for one in corpus_trials])
    expected = [past.nearest(one, 5) for one in encoded]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: past.nearest(one, 5), encoded)) == expected


def test_k_and_the_language_model_are_checked(past, encoder, corpus_trials):
    with pytest.raises(InputError, match="k is 0"):
        past.nearest(encoded_of(encoder, corpus_trials[0].trial), 0)

    class Another:
        fingerprint = "f" * 64

    other = type(encoder)(
        text=Another(), cache=encoder.cache, unit=encoder.unit, structures=encoder.structures,
        molecules=encoder.molecules, resolver=encoder.resolver, diseases=encoder.diseases,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"the language model of the past trials is .* that of the model ffffffffffff"):
        past.about(corpus_trials[0].trial, other)


def test_a_build_is_repeatable_to_the_last_byte(
    index, invented_corpus, language_model, tmp_path, tiny_home, monkeypatch
):
    monkeypatch.setenv("CLADMOP_HOME", str(tiny_home))
    again = tiny_index(invented_corpus, language_model, tmp_path)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in index.iterdir()
    }


def test_the_manifest_says_what_it_is(past, corpus_trials):
    assert past.manifest["outcomes"] == {
        group.value: sum(one.group is group for one in corpus_trials) for group in Group
    }
    assert "ClinicalTrials.gov" in past.source
    assert "processed" in past.source
    assert "Successful: completed" in past.source


@pytest.mark.parametrize("name", ["vectors.safetensors", "past.parquet", "network.safetensors"])
def test_damaged_and_missing_files_are_named(index, tmp_path, name):
    folder = tmp_path / "copy"
    shutil.copytree(index, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:-1] + b"?")
    with pytest.raises(CorruptArtefactError, match=name):
        PastTrials.open(folder)
    (folder / name).unlink()
    with pytest.raises(MissingArtefactError, match=name):
        PastTrials.open(folder)


@pytest.mark.parametrize("text", ["{}", "[]", '{"kind": "cladmop past trials", "format": 9}', "no JSON"])
def test_a_folder_that_is_no_index_is_refused(tmp_path, text):
    with pytest.raises(MissingArtefactError, match="holds no index"):
        PastTrials.open(tmp_path)
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(CladmopError, match=r"manifest\.json"):
        PastTrials.open(tmp_path)
