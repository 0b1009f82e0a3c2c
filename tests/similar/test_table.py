"""The rows of past trials: reasons in words, diseases, drugs."""

import polars as pl

from cladmop.corpus.rules import Group, Rule
from cladmop.corpus.tables import CorpusTrial
from cladmop.records import Outcome, Trial
from cladmop.similar.table import SCHEMA, criteria_digest, past_table, reason, term_names, terms_of

TRIAL = Trial(nct_id="NCT90000001", inclusion=("age 18",), exclusion=("gout",))


def ended(group, rules=(), **outcome):
    return CorpusTrial(TRIAL, Outcome(nct_id=TRIAL.nct_id, **outcome), group, rules)


def test_the_reason_says_what_the_rule_saw():
    assert "approved product" in reason(ended(Group.SUCCESSFUL, (Rule.MARKET,)))
    assert "next phase" in reason(ended(Group.SUCCESSFUL, (Rule.PROGRESSION,)))
    both = reason(ended(Group.SUCCESSFUL, (Rule.MARKET, Rule.PROGRESSION)))
    assert "approved product" in both
    assert "next phase" in both
    assert "no sign" in reason(ended(Group.UNPROVEN))
    stopped = {"status": "terminated", "why_stopped": "Slow accrual."}
    assert reason(ended(Group.STOPPED, **stopped)) == "terminated (enrolment): Slow accrual."
    assert reason(ended(Group.STOPPED, status="withdrawn")) == "withdrawn; no reason stated"


def test_terms_are_chapter_block_and_category():
    assert terms_of(["J45.9", "J45.2"]) == ["10", "J40-J4A", "J45"]
    names = term_names(["10", "J40-J4A", "J45"])
    assert names["10"] == "respiratory (ICD-10 chapter 10)"
    assert names["J45"] == "Asthma (J45)"
    assert names["J40-J4A"] == "Chronic lower respiratory diseases (J40-J4A)"


def test_digests_are_equal_for_equal_criteria_alone():
    assert criteria_digest(TRIAL) == criteria_digest(TRIAL.model_copy(update={"nct_id": None, "title": "another"}))
    moved = TRIAL.model_copy(update={"inclusion": ("age 18", "gout"), "exclusion": ()})
    assert criteria_digest(TRIAL) != criteria_digest(moved)


def test_every_trial_of_a_corpus_has_a_row(invented_corpus, corpus_trials, encoder):
    table = past_table(invented_corpus, corpus_trials, encoder)
    assert dict(table.schema) == SCHEMA
    assert table["nct_id"].to_list() == [one.trial.nct_id for one in corpus_trials]
    assert table["outcome"].to_list() == [one.group.value for one in corpus_trials]
    for one, drugs in zip(corpus_trials, table["drugs"].to_list(), strict=True):
        resolved = encoder.resolver.structures(one.trial, "repaired")
        assert [drug["identity"] for drug in drugs] == [drug.identity for drug in resolved]
    gout = table.filter(pl.col("terms").list.contains("M10"))
    assert 0 < len(gout) < len(table)
