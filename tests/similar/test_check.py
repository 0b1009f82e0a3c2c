"""The check of neighbours: who may be seen, what is counted, and what is told."""

import datetime as dt

import numpy as np
import pytest

from cladmop.corpus.rules import Group
from cladmop.corpus.tables import CorpusTrial
from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.records import Outcome, Phase, Trial
from cladmop.similar.check import Past, check_neighbours
from cladmop.similar.check_tables import check_tables
from similar.building import tiny_settings

CUTOFF = dt.date(2010, 1, 1)


def trial(number, start, end, group=Group.SUCCESSFUL, phase=Phase.PHASE_1):
    nct_id = f"NCT9000000{number}"
    outcome = Outcome(nct_id=nct_id, completion_date=end)
    return CorpusTrial(Trial(nct_id=nct_id, phase=phase, start_date=start), outcome, group, ())


def encoded(drugs, diseases):
    nothing = np.zeros((4, 0, 2), np.float16)
    return EncodedTrial(
        nothing, np.zeros(0, np.int8), np.zeros((0, 2), np.float32), np.zeros((0, 4), np.int32), np.zeros(0, np.int32),
        nothing, np.zeros(0, np.int8), 0, drugs, diseases,
    )  # fmt: skip


@pytest.fixture
def few():
    trials = [
        trial(0, dt.date(2005, 1, 1), dt.date(2006, 1, 1)),
        trial(1, dt.date(2000, 1, 1), dt.date(2004, 12, 31), Group.STOPPED),
        trial(2, None, dt.date(2001, 1, 1), phase=Phase.PHASE_2),
        trial(3, dt.date(2001, 1, 1), dt.date(2005, 1, 1)),
        trial(4, dt.date(2001, 1, 1), None),
    ]
    sets = [("a|b", "J45"), ("b|c", "J45;M10"), ("d", ""), ("a", "J45"), ("a", "J45")]
    return Past(trials, [encoded(*each) for each in sets], CUTOFF)


def test_only_trials_that_had_ended_are_seen(few):
    assert few.candidates(0).tolist() == [1, 2], "on the very day is too late; without an end the cut-off counts"
    assert few.nearest(0, lambda _: np.array([0.9, 0.1, 0.2, 0.8, 0.7])).tolist() == [2, 1]


def test_shares_are_of_the_neighbours(few):
    judged = few.judge(np.array([0]), few.candidates)
    assert (judged.drug[0], judged.disease[0], judged.phase[0], judged.success[0]) == (0.5, 0.5, 0.5, 0.5)
    assert judged.merit() == 0.5
    nothing = few.judge(np.array([2]), lambda _: np.array([0, 1]))
    assert np.isnan(nothing.disease[0]), "no disease to share"
    assert nothing.drug[0] == 0


@pytest.fixture(scope="module")
def checked(invented_corpus, language_model, tiny_home, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        work = tmp_path_factory.mktemp("check")
        return check_neighbours(invented_corpus, work / "net", lambda _: None, settings=tiny_settings(language_model))


def test_choosing_and_reporting_trials_are_others(checked, corpus_trials):
    later = [one for one in corpus_trials if one.trial.start_date >= checked.since]
    choosing = len(checked.variants[checked.chosen].drug)
    assert choosing + len(checked.successful) <= len(later)
    earlier = [one for one in corpus_trials if one.group is Group.SUCCESSFUL and one.trial.start_date < checked.since]
    assert checked.taught == len(earlier)
    assert checked.variants[checked.chosen].merit() == max(each.merit() for each in checked.variants.values())


def test_names_find_what_is_invented_to_be_alike_and_chance_does_not(checked):
    judged = checked.reported["TF-IDF of drug and disease names"]
    chance = checked.reported["any past trial"]
    assert np.nanmean(judged.drug) > np.nanmean(chance.drug)
    assert next(iter(checked.reported)) == checked.chosen


def test_the_tables_have_intervals_and_paired_differences(checked):
    figures, differences, variants = check_tables(checked)
    assert [row[0] for row in figures.rows] == list(checked.reported)
    assert all("[" in cell for row in figures.rows for cell in row[1:])
    assert [row[0] for row in differences.rows] == [name for name in checked.reported if name != checked.chosen]
    assert len(variants.rows) == len(checked.variants) == 16
    assert "base rate" in figures.note


def test_a_corpus_without_dates_cannot_be_checked(few):
    from cladmop.similar.check import _asking

    few.starts = np.full(5, "NaT", dtype="datetime64[D]")
    with pytest.raises(InputError, match="start date"):
        _asking(few, 0)
