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


def test_columns_keep_words_and_figures_whole():
    rows = (("lymphangioleiomyomatosis in adults", ".652 [.610, .697]", "a b"), ("x", ".7", "some longer words " * 4))
    text = printed(Table("Caption", ("trial", "ROC-AUC", "what"), rows, "Note.", (0, 2)), 70)
    assert max(map(len, text.splitlines())) <= 70
    assert " lymphangioleiomyomatosis " in text
    assert "\n lymph" in text, "in columns"
    assert ".652 [.610, .697]" in text
    assert text.startswith("Caption\n")
    assert text.endswith("Note.\n")


def test_an_interval_goes_below_its_figure_before_anything_is_cut():
    rows = tuple((f"model {number}", *(f".{number}52 [.610, .697]",) * 4) for number in range(3))
    text = printed(Table("Caption", ("model", *"abcd"), rows), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("[.610, .697]") == 12
    assert ".152 " in text
    assert ".152 [" not in text


@pytest.mark.parametrize("width", [40, 80])
def test_what_columns_cannot_hold_is_one_block_a_row(width):
    header = ("model", *(f"measure {number}" for number in range(9)), "a name that is longer than others")
    rows = tuple((f"model {row}", *(f".{row}{n}2 [.610, .697]" for n in range(9)), "") for row in range(2))
    lines = printed(Table("Caption", header, rows, "Note."), width).splitlines()
    assert max(map(len, lines)) <= width
    at = lines.index("model 1")
    assert lines[at + 1].split()[:3] == ["measure", "0", ".102"]
    assert sum("[.610, .697]" in line for line in lines[at:]) == 9, "no interval is cut"
    assert lines[-2:] == ["", "Note."]
    assert not any("longer" in line for line in lines), "an empty cell is left out"


def test_a_text_of_many_lines_is_a_block():
    text = printed(Table("C", ("trial", "outcome"), (("A", "word " * 100), ("B", "short")), words=(0, 1)), 60)
    assert "\nA\n  outcome  word word" in text
    assert "\nB\n  outcome  short\n" in text


def test_a_path_stays_whole_and_can_be_copied():
    path = "/a/" + "very-long-folder/" * 8
    console = Console(width=50, file=io.StringIO(), color_system=None)
    console.print(Table(f"In {path}", ("file", "size"), ((path, "1 MB"),)).rich(), crop=False)
    assert console.file.getvalue().split("\n")[:4] == ["In", path, "", path]


def test_a_console_without_unicode_gets_ascii():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    Console(width=60, file=stream).print(Table("Caption", ("model", "x"), (("ours", ".5"),)).rich())
    stream.flush()
    assert b"ours" in stream.buffer.getvalue()


def test_tables_without_rows_or_columns_of_text():
    assert printed(Table("Nothing", ("model", "x"), ()), 40).startswith("Nothing\n")
    assert "y" in printed(Table("Empty", ("", ""), (("", "y"),)), 40)
