"""Tables: one plain record of text cells, shown on a terminal, as Markdown, as JSON or in a report."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cladmop.errors import InputError
from cladmop.evaluation.compare import Comparison
from cladmop.evaluation.estimate import Estimate, Evaluation, short
from cladmop.evaluation.published import ALL_POSITIVE_F1, CAUTION, published

if TYPE_CHECKING:
    from cladmop.evaluation.terminal import OnTerminal


@dataclass(frozen=True)
class Table:
    """A table of text."""

    caption: str
    """What it shows, one sentence."""
    header: tuple[str, ...]
    """Column names; the first column names the row."""
    rows: tuple[tuple[str, ...], ...]
    """Cells, as many a row as there are columns; a line break inside a cell is kept."""
    note: str = ""
    """What the reader must know to read it rightly."""
    words: tuple[int, ...] = (0,)
    """Columns of words, aligned left and wrapped; the others hold figures, broken before an interval at most."""

    def __post_init__(self) -> None:
        """Refuse ragged rows.

        Raises
        ------
        InputError
            If a row has another number of cells than the header.
        """
        for row in self.rows:
            if len(row) != len(self.header):
                raise InputError(f"row {row[:1]} of {self.caption!r} has {len(row)} cells, not {len(self.header)}")

    def markdown(self) -> str:
        """Return GitHub-flavoured Markdown, caption in bold above and note below."""
        lines = [_markdown_row(self.header), "|" + "".join(self._pick(" --- |", " ---: |"))]
        lines += [_markdown_row(row) for row in self.rows]
        return "\n\n".join(part for part in (f"**{self.caption}**", "\n".join(lines), self.note) if part) + "\n"

    def rich(self) -> "OnTerminal":
        """Return the table for a terminal of any width (see `OnTerminal`)."""
        from cladmop.evaluation.terminal import OnTerminal

        return OnTerminal(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def _pick(self, words: str, figures: str) -> list[str]:
        return [words if place in self.words else figures for place in range(len(self.header))]


def _markdown_row(cells: Sequence[str]) -> str:
    escaped = (cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>") for cell in cells)
    return "| " + " | ".join(escaped) + " |"


@dataclass(frozen=True)
class ResultRow:
    """One model's line in a results table."""

    name: str
    note: str
    """What it is or how it was chosen, a few words; may be empty."""
    evaluation: Evaluation

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values with every digit."""
        return {"name": self.name, "note": self.note, **self.evaluation.to_dict()}


_NOTE = (
    "[95% bootstrap interval]. AP: average precision, to be read against the base rate. "
    "F1: at the threshold chosen on validation, to be read against that of calling all trials a success (all +)."
)


def results_table(rows: Sequence[ResultRow], caption: str, *, narrow: bool = False) -> Table:
    """Return the results: ROC-AUC, AP beside base rate, F1 beside all-positive F1, Brier, ECE.

    Parameters
    ----------
    rows : sequence of ResultRow
        All of the same trials.
    caption : str
        Which trials.
    narrow : bool
        Put intervals, base rate and all-positive F1 under the values and leave the notes out, to fit 80 columns.

    Raises
    ------
    InputError
        If the rows were evaluated on different numbers of trials or successes.
    """
    sizes = {(row.evaluation.n, row.evaluation.successes) for row in rows}
    if len(sizes) > 1:
        raise InputError(f"rows of {caption!r} are of different trials (n, successes: {sorted(sizes)}); evaluate alike")
    if narrow:
        return Table(caption, ("model", "ROC-AUC", "AP", "F1", "Brier", "ECE"), tuple(map(_narrow, rows)), _NOTE)
    header = ("model", "ROC-AUC", "AP", "base", "F1", "all +", "Brier", "ECE")
    return Table(caption, header, tuple(map(_wide, rows)), _NOTE)


def _wide(row: ResultRow) -> tuple[str, ...]:
    found = row.evaluation
    return (
        f"{row.name} ({row.note})" if row.note else row.name,
        found.roc_auc.text(),
        found.average_precision.text(),
        short(found.base_rate.value),
        found.f1.text(),
        short(found.all_positive_f1.value),
        found.brier.text(),
        found.ece.text(),
    )


def _narrow(row: ResultRow) -> tuple[str, ...]:
    found = row.evaluation
    return (
        row.name,
        _stacked(found.roc_auc),
        f"{_stacked(found.average_precision)}\nbase {short(found.base_rate.value)}",
        f"{_stacked(found.f1)}\nall + {short(found.all_positive_f1.value)}",
        _stacked(found.brier),
        _stacked(found.ece),
    )


def _stacked(estimate: Estimate) -> str:
    value, _, interval = estimate.text().partition(" ")
    return f"{value}\n{interval[1:-1].replace(', ', '-')}" if interval else value


def published_table(phase: str) -> Table:
    """Return the published figures of a phase group, marked as such; empty where nothing was published."""
    rows = tuple(
        (row.name, short(row.roc_auc), short(row.precision), short(row.f1), row.source, row.caveat)
        for row in published(phase)
    )
    note = CAUTION
    if phase in ALL_POSITIVE_F1:
        note += f" Calling every trial of phase {phase} a success has an F1 of {short(ALL_POSITIVE_F1[phase])}."
    header = ("published", "ROC-AUC", '"PR-AUC"', "F1", "source", "caveat")
    return Table(f"Published figures on TOP phase {phase} test", header, rows, note, words=(0, 4, 5))


def comparison_table(comparisons: Sequence[Comparison], caption: str) -> Table:
    """Return paired differences of each rival from the reference."""
    rows = tuple(
        (
            comparison.name,
            comparison.delong.difference.text(),
            f"{comparison.delong.p_value:.3f}",
            f"{comparison.holm_p:.3f}",
            comparison.bootstrap.average_precision.text(),
            f"{comparison.bootstrap.average_precision_p:.3f}",
            short(comparison.detectable),
        )
        for comparison in comparisons
    )
    reference = comparisons[0].reference if comparisons else "the reference"
    note = (
        f"Differences are the row minus {reference}, on the same trials. ROC-AUC: DeLong's test, p also after Holm's "
        "correction. AP: paired bootstrap. Detectable: the ROC-AUC difference found four times in five."
    )
    header = ("model", "ROC-AUC difference", "p", "p (Holm)", "AP difference", "p", "detectable")
    return Table(caption, header, rows, note)
