"""Rows of a results table on disk, and the mean of repeated draws."""

import math

import pytest

from cladmop.errors import CladmopError, CorruptArtefactError, InputError
from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.tables import ResultRow, results_table
from cladmop.results import evaluate_row, load_rows, mean_of_draws, save_row, write_results
from cladmop.storage import read_json

LABELS = {f"NCT{10_000_000 + number}": number % 2 for number in range(40)}
GOOD = {name: 0.6 + 0.3 * label for name, label in LABELS.items()}
BAD = {name: 0.9 - 0.3 * label for name, label in LABELS.items()}


def test_a_row_is_read_back(tmp_path):
    save_row(tmp_path / "b", "second", "a note", {"valid": [GOOD], "test": [BAD]})
    save_row(tmp_path / "a" / "deep", "first", "", {"test": [GOOD, BAD]})
    first, second = load_rows(tmp_path)
    assert (first.name, second.name, second.note) == ("first", "second", "a note")
    assert first.scores("test") == [GOOD, BAD]
    assert second.scores("valid") == [GOOD]
    with pytest.raises(InputError, match="valid"):
        first.scores("valid")


def test_a_row_is_replaced_whole(tmp_path):
    save_row(tmp_path / "row", "many", "", {"test": [GOOD, BAD, GOOD]})
    save_row(tmp_path / "row", "one", "", {"test": [BAD]})
    (row,) = load_rows(tmp_path)
    assert row.scores("test") == [BAD]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["row"]


def test_no_rows_and_damaged_rows_are_named(tmp_path):
    with pytest.raises(InputError, match="no rows"):
        load_rows(tmp_path)
    (tmp_path / "row").mkdir()
    for text in ("[]", '{"name": "x"}'):
        (tmp_path / "row" / "row.json").write_text(text)
        with pytest.raises(CorruptArtefactError, match=r"row\.json"):
            load_rows(tmp_path)


def test_a_failed_row_leaves_the_former_one(tmp_path):
    save_row(tmp_path / "row", "whole", "", {"test": [GOOD]})
    with pytest.raises(CladmopError):
        save_row(tmp_path / "row", "broken", "", {"test": [GOOD, {"NCT10000000": 7.0}]})
    (row,) = load_rows(tmp_path)
    assert row.name == "whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["row"]


def test_the_threshold_is_chosen_on_validation(tmp_path):
    row = save_row(tmp_path / "row", "r", "", {"valid": [GOOD], "test": [GOOD]})
    found = evaluate_row(row, LABELS, "test", LABELS, n_bootstrap=20)
    assert 0.6 < found.threshold <= 0.9
    assert found.f1.value == 1.0
    upside_down = {name: 1 - label for name, label in LABELS.items()}
    assert evaluate_row(row, LABELS, "test", upside_down, n_bootstrap=20).threshold == found.threshold


def test_draws_are_averaged_and_their_spread_widens_the_interval(tmp_path):
    row = save_row(tmp_path / "row", "r", "", {"valid": [GOOD, GOOD], "test": [GOOD, BAD]})
    single = [evaluate(list(LABELS.values()), list(scores.values()), 0.7, 50) for scores in (GOOD, BAD)]
    found = evaluate_row(row, LABELS, "test", LABELS, n_bootstrap=50)
    assert found.roc_auc.value == pytest.approx(0.5)
    # Without spread within a draw, s^2 is the variance of 1 and 0, which is 1/2.
    assert found.roc_auc.high - found.roc_auc.value == pytest.approx(1.96 * math.sqrt(0.5), rel=1e-3)
    same = mean_of_draws([single[0], single[0]])
    assert same.brier.value == single[0].brier.value
    assert same.brier.high - same.brier.low == pytest.approx(single[0].brier.high - single[0].brier.low)


def test_results_are_stored_with_every_digit(tmp_path):
    row = ResultRow("r", "", evaluate(list(LABELS.values()), list(GOOD.values()), 0.7, 20))
    write_results(tmp_path, [row], [results_table([row], "caption")])
    stored = read_json(tmp_path / "results.json")
    assert stored["rows"][0]["brier"]["value"] == row.evaluation.brier.value
    assert "| r |" in (tmp_path / "results.md").read_text(encoding="utf-8")
