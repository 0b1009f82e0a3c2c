"""``cladmop explain``: what each criterion, drug and disease of a trial is worth to its score."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.costs import answered, note_encoding
from cladmop.cli.groups import spread
from cladmop.cli.options import ModelOption, print_table, say
from cladmop.cli.reading import GivenOptions, InputArgument, YesOption

if TYPE_CHECKING:
    from cladmop.evaluation.tables import Table
    from cladmop.explain import Contribution, Explanation
    from cladmop.records import Trial


@spread
def explain(
    *,
    source: InputArgument,
    model: ModelOption = "default",
    given: GivenOptions,
    top: Annotated[int, typer.Option("--top", min=1, help="Parts shown, those that move the score most first.")] = 12,
    yes: YesOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON line a trial on standard output, with all parts.")
    ] = False,
) -> None:
    """Explain each trial's score: the summary, and what each part adds to the probability."""
    trials = given.read(source, yes=yes)

    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.explain import explain as explained

    fitted = TrialOutcomeClassifier.from_pretrained(model)
    note_encoding(fitted, trials)
    for trial, explanation in answered(trials, lambda trial: explained(fitted, trial), "explaining"):
        if as_json:
            say(json.dumps({"nctid": trial.nct_id, **explanation.to_json()}, ensure_ascii=False))
        else:
            _print(trial, explanation, top)


def _print(trial: "Trial", explanation: "Explanation", top: int) -> None:
    from rich.console import Console

    label = " ".join(part for part in (trial.nct_id, trial.title) if part) or "trial without a name"
    console = Console()
    console.print(label, markup=False, highlight=False)
    console.print(explanation.summary, markup=False, highlight=False)
    if explanation.contributions:
        print_table(_table(explanation.contributions, top))


def _table(contributions: "tuple[Contribution, ...]", top: int) -> "Table":
    from cladmop.evaluation.tables import Table
    from cladmop.explain.summary import named

    largest = sorted(contributions, key=lambda one: -abs(one.points))[:top]
    rows = tuple(
        (
            named(one),
            f"{100 * one.points:+.1f}",
            f"{100 * one.low:+.1f} to {100 * one.high:+.1f}",
            "yes" if one.sure else "no",
        )
        for one in largest
    )
    note = (
        f"{len(largest)} of {len(contributions)} parts. Points of probability that the part adds, all else as it is; "
        "sure: the interval leaves out 0."
    )
    return Table("What moves the score", ("part", "points", "90% interval", "sure"), rows, note)
