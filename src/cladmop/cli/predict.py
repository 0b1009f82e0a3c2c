"""``cladmop predict``: score one trial or many."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.costs import note_encoding, note_scoring
from cladmop.cli.groups import spread
from cladmop.cli.options import ModelOption, note, print_table, say
from cladmop.cli.reading import GivenOptions, InputArgument, YesOption
from cladmop.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cladmop.drugs.resolve import Resolution
    from cladmop.estimator import Prediction


@spread
def predict(
    *,
    source: InputArgument,
    model: ModelOption = "default",
    given: GivenOptions,
    out: Annotated[Path | None, typer.Option("--out", help="Also write a score file (nctid,score).")] = None,
    yes: YesOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a trial on standard output.")] = False,
) -> None:
    """Print the probability of success of each trial with its interval, its base rate, drug mapping and warnings."""
    trials = given.read(source, yes=yes)

    from cladmop.estimator import TrialOutcomeClassifier

    fitted = TrialOutcomeClassifier.from_pretrained(model)
    note_encoding(fitted, trials)
    note_scoring(fitted, trials)
    predictions = fitted.predict_trials(trials)
    if out is not None:
        write_score_file(out, predictions)
        note(f"scores written to {out}")
    if as_json:
        for prediction in predictions:
            say(json.dumps(prediction.to_json(), ensure_ascii=False))
    else:
        print_predictions(predictions)


def write_score_file(path: Path, predictions: "Sequence[Prediction]") -> None:
    """Write ``nctid,score`` for the trials that have an NCT id."""
    from cladmop.evaluation.scores import write_scores

    nameless = [row for row, prediction in enumerate(predictions, start=1) if prediction.trial.nct_id is None]
    if nameless:
        raise InputError(f"--out {path}: trial {nameless[0]} has no NCT id; score files are keyed by it, use --json")
    write_scores(path, {str(p.trial.nct_id): p.probability for p in predictions})


def print_predictions(predictions: "Sequence[Prediction]") -> None:
    """Print a table, then what else is said of each trial, readable at 80 columns."""
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    from cladmop.evaluation.tables import Table

    rows = tuple(
        (
            one.label(),
            one.trial.phase.value,
            f"{one.probability:.2f}",
            "" if one.interval is None else f"{one.interval.low:.2f}-{one.interval.high:.2f}",
            f"{one.base_rate.rate:.2f} "
            + (f"(phase {one.base_rate.group})" if one.base_rate.group != "all" else "(all)"),
        )
        for one in predictions
    )
    header = ("trial", "phase", "probability", _interval_heading(predictions), "base rate")
    print_table(Table("Probability of success", header, rows, words=(0, 1)))
    console = Console()
    for prediction in predictions:
        console.print(f"\n{prediction.label()}", markup=False, highlight=False)
        remarks = Grid.grid(padding=(0, 1))
        for kind, text in _remarks(prediction):
            remarks.add_row(f"  {kind}", Text(text))
        if remarks.row_count:
            console.print(remarks, highlight=False)


def _interval_heading(predictions: "Sequence[Prediction]") -> str:
    level = next((one.interval.level for one in predictions if one.interval is not None), None)
    return "interval" if level is None else f"{level:.0%} interval"


def _remarks(prediction: "Prediction") -> "Iterator[tuple[str, str]]":
    """Yield each remark on a trial with its kind."""
    if prediction.sets:
        yield "set", max(prediction.sets, key=lambda one: one.level).words()
    yield from (("drug", _mapping(drug)) for drug in prediction.drugs)
    yield from (("note", warning) for warning in prediction.warnings)


def _mapping(drug: "Resolution") -> str:
    read_as = "" if drug.name.casefold() == drug.query.casefold() else f"read as {drug.name}, "
    if drug.inchikey is None:
        return f"{drug.query}: {read_as}no structure ({drug.kind.value})"
    doubt = f", confidence {drug.confidence:.2f}" if drug.confidence < 1 else ""
    disputed = f"; disputed by {', '.join(drug.conflict)}" if drug.conflict else ""
    return f"{drug.query}: {read_as}{drug.inchikey} ({drug.source}{doubt}{disputed})"
