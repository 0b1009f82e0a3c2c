"""Files of many trials are counted before they are read."""

import json
import time

import pytest

from cladmop.errors import InputError
from cladmop.server.bodies import read_trial
from cladmop.server.errors import TooLargeError
from cladmop.server.portfolios import read_portfolio
from cladmop.server.settings import Limits
from cladmop.sources.inputs import read_trials_text
from serving import TRIAL

MANY = 200_000


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", json.dumps([TRIAL, {**TRIAL, "title": "b"}])),
        ("json", json.dumps(TRIAL) + "\n" + json.dumps(TRIAL)),
        ("json", json.dumps({"studies": [TRIAL]})),
        ("jsonl", json.dumps(TRIAL) + "\n\n" + json.dumps({**TRIAL, "title": "\u2028"}, ensure_ascii=False)),
        ("csv", 'title,phase,inclusion,drugs\n"a,b",phase 1,"x\ny",aspirin\nc,2,z,caffeine|XYZ\n'),
    ],
)
def test_a_file_is_read_as_the_command_line_reads_it(kind, text):
    assert read_portfolio(text, "the file", kind, Limits()) == read_trials_text(text, "the file", kind)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", json.dumps([{"drugs": ["a"]}] * MANY)),
        ("jsonl", '{"drugs": ["a"]}\n' * MANY),
        ("csv", "drugs\n" + "a\n" * MANY),
    ],
)
def test_too_many_are_refused_before_they_are_read(kind, text):
    begin = time.process_time()
    with pytest.raises(TooLargeError, match=f"{MANY:,} trials in the file; this service takes 2,000"):
        read_portfolio(text, "the file", kind, Limits())
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    "trial",
    [
        {"criteria": "* a\n" * 500_000}, {"inclusion": ["a"] * 500_000}, {"exclusion": "- " * 1_000_000},
        {"drugs": ["a"] * 500_000}, {"diseases": ["a"] * 500_000}, {"conditions": ["a"] * 500_000},
        {"protocolSection": {"eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n" * 100_000}}},
        {"protocolSection": {"conditionsModule": {"conditions": ["a"] * 500_000}}},
        {"protocolSection": {"armsInterventionsModule": {"interventions": [{"name": "a"}] * 100_000}}},
    ],
    ids=lambda trial: next(iter(trial)),
)  # fmt: skip
def test_a_trial_of_bulk_is_refused_before_it_is_read(trial):
    begin = time.process_time()
    with pytest.raises(InputError, match="of which this service takes"):
        read_trial(trial, "trial", Limits())
    assert time.process_time() - begin < 0.5


def test_a_cell_of_bulk_is_refused_before_it_is_read():
    with pytest.raises(InputError, match="row 2: a cell of 70,000 characters"):
        read_portfolio(f"drugs,criteria\na,b\na,{'x' * 70_000}\n", "the file", "csv", Limits())


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("json", "[]", "no trial"), ("jsonl", "\n\n", "no trial"), ("csv", "drugs\n", "no trial"), ("csv", "", "empty"),
        ("json", '{"studies": 1}', "unknown field"), ("jsonl", '{"drugs": ["a"]}\n{', "line 2"),
        ("json", '[{"drugs": ["a"]}, {"phase": "1"}]', "trial 2: no criteria"), ("json", "[NaN]", "not JSON"),
        ("csv", 'drugs\n"a', "the file"), ("csv", "a\x00b\n1\n", "the file"), ("json", "[" * 1_000_000, "nested"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(kind, text, words):
    with pytest.raises(InputError, match=words):
        read_portfolio(text, "the file", kind, Limits())
