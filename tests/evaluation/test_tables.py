"""Tables say what was measured, beside what it must be read against."""

import io

import numpy as np
import pytest
from rich.console import Console

from cladmop.errors import InputError
from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.compare import compare
from cladmop.evaluation.published import ALL_POSITIVE_F1, PUBLISHED
from cladmop.evaluation.tables import ResultRow, Table, comparison_table, published_table, results_table


@pytest.fixture(scope="module")
def sample():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 120)
    scores = {
        name: 1 / (1 + np.exp(-(k * labels + generator.normal(size=120))))
        for name, k in (("ours", 1.0), ("words", 0.5))
    }
    return labels, scores


@pytest.fixture(scope="module")
def rows(sample):
    labels, scores = sample
    return [ResultRow(name, "five seeds", evaluate(labels, of, 0.5, n_bootstrap=50)) for name, of in scores.items()]


def printed(table, width):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(table.rich())
    return console.file.getvalue()


def test_results_beside_base_rate_and_all_positive(rows):
    table = results_table(rows, "120 trials")
    assert table.header == ("model", "ROC-AUC", "AP", "base", "F1", "all +", "Brier", "ECE")
    found = rows[0].evaluation
    assert table.rows[0][:4] == (
        "ours (five seeds)",
        found.roc_auc.text(),
        found.average_precision.text(),
        f"{found.base_rate.value:.3f}".lstrip("0"),
    )
    assert table.rows[0][5] == f"{found.all_positive_f1.value:.3f}".lstrip("0")


def test_narrow_results_fit_80_columns(rows):
    text = printed(results_table(rows, "120 trials", narrow=True), 80)
    assert max(map(len, text.splitlines())) <= 80
    value, interval = rows[0].evaluation.brier.text().split(" ", 1)
    assert value in text
    assert interval.strip("[]").replace(", ", "-") in text
    assert "all + ." in text
    assert "base ." in text


def test_rows_of_different_trials_do_not_share_a_table(rows):
    other = ResultRow("other", "", evaluate([0, 1], [0.2, 0.8], 0.5, n_bootstrap=5))
    with pytest.raises(InputError, match="different trials"):
        results_table([*rows, other], "mixed")


def test_rows_keep_every_digit_in_json(rows):
    plain = rows[0].to_dict()
    assert plain["name"] == "ours"
    assert plain["roc_auc"]["value"] == rows[0].evaluation.roc_auc.value


def test_markdown_escapes_and_breaks():
    table = Table("A|B", ("model", "x"), (("a|b", "1\n2"),), note="Read on.")
    assert table.markdown() == "**A|B**\n\n| model | x |\n| --- | ---: |\n| a\\|b | 1<br>2 |\n\nRead on.\n"


def test_terminal_markup_in_names_is_text():
    assert "[red]x[/red]" in printed(Table("t", ("model",), (("[red]x[/red]",),)), 40)


def test_ragged_rows_are_refused():
    with pytest.raises(InputError, match="1 cells, not 2"):
        Table("t", ("a", "b"), (("x",),))


@pytest.mark.parametrize("phase", ["I", "II", "III"])
def test_published_figures_are_marked(phase):
    table = published_table(phase)
    assert "Published" in table.caption
    assert "not rerun" in table.note
    assert f"{ALL_POSITIVE_F1[phase]:.3f}".lstrip("0") in table.note
    names = [row[0] for row in table.rows]
    assert {"CLaDMoP (paper)", "MEXA-CTP", "LIFTED"} <= set(names)
    assert len(set(names)) == len(names)
    assert all(row[-1] for row in table.rows)
    assert max(map(len, printed(table, 80).splitlines())) <= 80


def test_nothing_published_gives_no_rows():
    assert published_table("IV").rows == ()
    assert all(0.5 < row.roc_auc < 1 for row in PUBLISHED)


def test_comparison(sample):
    labels, scores = sample
    comparisons = compare(labels, scores, "words", n_bootstrap=50)
    table = comparison_table(comparisons, "Against words")
    assert table.rows[0][0] == "ours"
    assert table.rows[0][1] == comparisons[0].delong.difference.text()
    assert "minus words" in table.note
    assert comparison_table([], "Nothing").rows == ()
