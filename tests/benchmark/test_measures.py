"""Measures are those of the evaluation floor, survive Parquet, and make every table."""

import math
from dataclasses import replace

import numpy as np
import pytest

from cladmop.benchmark.measures import ALL, NOT_RUN, ON_FOLDS, Measure, read_measures, write_measures
from cladmop.benchmark.measuring import Measurer, Scored
from cladmop.benchmark.tables import (
    as_published,
    contestants,
    differences,
    reproductions,
    results,
    subsets,
    tables,
    text,
)
from cladmop.benchmark.tasks import Task
from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError
from cladmop.evaluation.compare import delong
from cladmop.evaluation.metrics import best_threshold, f1, roc_auc
from cladmop.evaluation.subsets import LEAST
from cladmop.records import Trial

N = 120


def make_trials(first, count):
    return [Trial(nct_id=f"NCT{first + number}") for number in range(count)]


@pytest.fixture(scope="module")
def task():
    generator = np.random.default_rng(0)
    test = make_trials(20_000_000, N)
    truth = {trial.nct_id: int(generator.random() < 0.6) for trial in test}
    valid = make_trials(30_000_000, 40), [number % 2 for number in range(40)]
    train = make_trials(40_000_000, 10), [number % 2 for number in range(10)]
    return Task("A task", "a-task", "I", train, valid, test, ([], []), lambda: truth)


def scored(task, name, strength, seeds=1, **further):
    """Scores that agree with the labels as far as ``strength`` says, 0 to 1."""
    labels = task.read_labels()
    draws = []
    for seed in range(seeds):
        noise = np.random.default_rng((seed, len(name))).random(len(labels))
        values = strength * np.fromiter(labels.values(), float) + (1 - strength) * noise
        draws.append(dict(zip(labels, values.tolist(), strict=True)))
    valid = [{trial.nct_id: 0.2 + 0.6 * label for trial, label in zip(*task.valid, strict=True)}] * seeds
    return Scored(name, "text", f"note of {name}", draws, valid, **further)


@pytest.fixture(scope="module")
def measured(task):
    half = np.arange(N) < N // 2
    subsets = {"new drugs": half, "few": np.arange(N) < LEAST - 1}
    rows = [
        scored(task, "Words", 0.3, headline=True),
        scored(
            task,
            "Network",
            0.2,
            seeds=3,
            headline=True,
            epochs=[[scored(task, "x", s).test[0] for s in (0.0, 0.4)]] * 3,
        ),
    ]
    measurer = Measurer(task, "Words", subsets, n_bootstrap=50)
    extra = [measurer.not_run("TabPFN", "tabular", "no weights"), *measurer.on_folds({"Words": 0.7, "Length": 0.6})]
    return rows, [*measurer.measure(rows), *extra]


def one(measures, model, measure, subset=ALL):
    (found,) = [m for m in measures if (m.model, m.measure, m.subset) == (model, measure, subset)]
    return found


def test_figures_are_those_of_the_metrics(task, measured):
    rows, measures = measured
    truth = np.fromiter(task.read_labels().values(), int)
    draws = [np.fromiter(draw.values(), float) for draw in rows[1].test]
    found = one(measures, "Network", "roc_auc")
    values = [roc_auc(truth, draw) for draw in draws]
    assert found.value == pytest.approx(np.mean(values))
    assert found.spread == pytest.approx(np.std(values, ddof=1))
    assert (found.draws, found.n, found.successes) == (3, N, truth.sum())
    threshold = best_threshold(task.valid[1], [0.2 + 0.6 * label for label in task.valid[1]])
    words = np.fromiter(rows[0].test[0].values(), float)
    assert one(measures, "Words", "f1").value == f1(truth, words, threshold)
    assert math.isnan(one(measures, "Words", "roc_auc").spread)


def test_differences_are_paired_and_corrected(task, measured):
    rows, measures = measured
    truth = np.fromiter(task.read_labels().values(), int)
    words = np.fromiter(rows[0].test[0].values(), float)
    found = one(measures, "Network", "roc_auc_difference")
    each = [delong(truth, np.fromiter(draw.values(), float), words).difference.value for draw in rows[1].test]
    assert found.value == pytest.approx(np.mean(each), abs=1e-12)
    assert found.reference == "Words"
    assert found.low < found.value < found.high
    assert found.holm >= found.p
    assert found.detectable > 0
    assert not [m for m in measures if m.model == "Words" and m.measure.endswith("_difference")]


def test_subsets_hold_their_trials_alone(task, measured):
    rows, measures = measured
    truth = np.fromiter(task.read_labels().values(), int)[: N // 2]
    words = np.fromiter(rows[0].test[0].values(), float)[: N // 2]
    assert one(measures, "Words", "roc_auc", "new drugs").value == pytest.approx(roc_auc(truth, words))
    assert one(measures, "Words", "roc_auc", "new drugs").n == N // 2
    assert math.isnan(one(measures, "Words", "roc_auc", "few").value)
    table = subsets(measures)
    assert [row[:2] for row in table.rows] == [("new drugs", str(N // 2)), ("few", str(LEAST - 1))]


def test_the_best_epoch_on_test_is_no_result(measured):
    measures = measured[1]
    chosen = one(measures, "Network", "epoch_on_test_roc_auc")
    assert chosen.value > one(measures, "Network", "roc_auc").value
    named = [replace(m, model="MEXA-CTP as released") for m in measures if m.model == "Network"]
    table = reproductions(named, "I")
    ((name, paper, ours, gap, inside, on_test),) = table.rows
    assert (name, paper) == ("MEXA-CTP as released", ".593")
    assert ours == text(one(named, name, "roc_auc"))
    assert float(gap) == pytest.approx(one(named, name, "roc_auc").value - 0.593, abs=6e-4)
    assert inside == ("yes" if one(named, name, "roc_auc").low <= 0.593 <= one(named, name, "roc_auc").high else "no")
    assert on_test == text(chosen)
    assert "no result" in table.note
    assert not reproductions(measures, "I").rows, "a row that stands for no paper is not in it"


def test_a_row_that_misses_a_trial_is_refused(task):
    row = scored(task, "Words", 0.3)
    short = dict(list(row.test[0].items())[1:])
    with pytest.raises(InputError, match="no score for 1 of 120"):
        Measurer(task, "Words", {}, 10).measure([replace(row, test=[short])])


def test_tables_say_what_they_must(measured):
    measures = measured[1]
    main = results(measures)
    assert [row[0] for row in main.rows] == ["Words", "Network"]
    assert main.rows[1][2].endswith("(3)")
    assert "base rate" in main.note
    assert "four times in five" in main.note
    assert [row[0] for row in differences(measures).rows] == ["Network"]
    assert "Holm's correction for the 1 rows" in " ".join(differences(measures).note.split())
    papers = as_published(measures, "I")
    assert any(row[0] == "MEXA-CTP" and row[1] == ".593" for row in papers.rows)
    assert " ± " in papers.rows[0][1]
    assert ("TabPFN", "tabular", "not run: no weights") in contestants(measures).rows
    folds = next(t for t in tables(measures, "I") if "training trials" in t.caption)
    assert folds.rows == (("Words", ".700"), ("Length", ".600"))


def test_parquet_gives_the_same_tables_and_bytes(measured, tmp_path):
    measures = measured[1]
    for name in ("a.parquet", "b.parquet"):
        write_measures(tmp_path / name, measures)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    again = read_measures(tmp_path / "a.parquet")
    assert [t.markdown() for t in tables(again, "I")] == [t.markdown() for t in tables(measures, "I")]


def test_what_is_no_results_file_is_named(tmp_path):
    with pytest.raises(MissingArtefactError, match="cladmop benchmark"):
        read_measures(tmp_path / "results.parquet")
    (tmp_path / "results.parquet").write_text("no Parquet", encoding="utf-8")
    with pytest.raises(CorruptArtefactError, match="run it again"):
        read_measures(tmp_path / "results.parquet")


def test_sets_have_names_of_their_own():
    assert len({ALL, ON_FOLDS, NOT_RUN}) == 3
    assert Measure("t", ALL, "m", "g", "roc_auc").n == 0
