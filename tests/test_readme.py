"""The tables in the README and in docs are made of the stored results file, by the command that stands beside them."""

from pathlib import Path

import pytest

from cladmop.benchmark.measures import ALL, read_measures
from cladmop.benchmark.tables import as_published, results, tables

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "benchmark" / "top-I.parquet"
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def measures():
    return read_measures(STORED)


@pytest.mark.parametrize("table", [results, lambda found: as_published(found, "I")], ids=["results", "published"])
def test_the_readme_shows_the_stored_results(measures, table):
    start, end = README.index("<!-- results -->"), README.index("<!-- /results -->")
    assert table(measures).markdown() in README[start:end]


def test_the_command_stands_beside():
    assert "cladmop benchmark top --phase I --data DIR" in README
    assert "cladmop benchmark table docs/benchmark/top-I.parquet --phase I --markdown" in README


def test_the_full_tables_are_those_of_the_stored_results(measures):
    written = (ROOT / "docs" / "benchmark" / "top-I.md").read_text(encoding="utf-8")
    assert written == "\n".join(table.markdown() for table in tables(measures, "I"))


def test_nothing_of_the_data_set_is_stored(measures):
    """Figures of models alone: no trial, no score of a trial."""
    assert not any("NCT" in text for one in measures for text in (one.model, one.subset, one.note, one.measure))
    assert {one.n for one in measures if one.subset == ALL and one.n} == {627}
