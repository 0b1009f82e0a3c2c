"""``cladmop similar``: trials of the past that are like a trial, and how often such trials succeeded."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.costs import answered, note_encoding
from cladmop.cli.groups import spread
from cladmop.cli.options import note, print_table, say
from cladmop.cli.reading import GivenOptions, InputArgument, YesOption

if TYPE_CHECKING:
    import datetime as dt

    from cladmop.evaluation.tables import Table
    from cladmop.records import Trial
    from cladmop.similar import Similar

app = typer.Typer(no_args_is_help=True, help="Find similar past trials and base rates.")
_CORPUS = typer.Argument(help="Folder of the corpus (see `cladmop corpus build`).")


@app.command("find", short_help="Nearest past trials and base rates of a trial.")
@spread
def find(
    *,
    source: InputArgument,
    k: Annotated[int, typer.Option("--k", min=1, help="Past trials to show.")] = 10,
    index: Annotated[str, typer.Option("--index", help="Index folder, or `default` for the shipped one.")] = "default",
    model: Annotated[str, typer.Option("--model", help="Model folder that reads the trial.")] = "default",
    given: GivenOptions,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="DATE", help="Only trials that ended before; the trial's start by default."),
    ] = None,
    yes: YesOption = False,
    all_dates: Annotated[bool, typer.Option("--all-dates", help="All past trials, whenever they ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a trial on standard output.")] = False,
) -> None:
    """Print the past trials nearest to each trial with their outcomes, and base rates of its kind with their counts.

    Where a trial states its start, only trials that had ended by then are looked at.
    """
    from cladmop.similar import PastTrials

    limit = _date(before)
    trials = given.read(source, yes=yes)
    past = PastTrials.open(index)

    from cladmop.estimator import TrialOutcomeClassifier

    fitted = TrialOutcomeClassifier.from_pretrained(model)
    encoder = fitted.trial_encoder()
    note_encoding(fitted, trials)

    def about(trial: "Trial") -> "Similar":
        return past.about(trial, encoder, k, before=limit, all_dates=all_dates)

    for trial, found in answered(trials, about, "looking up"):
        if as_json:
            line = {"nctid": trial.nct_id, "title": trial.title, **found.to_json()}
            say(json.dumps(line, ensure_ascii=False))
        else:
            _show(trial, found)


@app.command("build", short_help="Build an index of past trials from a corpus.")
def build(
    corpus: Annotated[Path, _CORPUS],
    out: Annotated[Path, typer.Option("--out", help="Folder of the index.")],
    work: Annotated[
        Path | None, typer.Option("--work", help="Keeps the network of a killed build; OUT with -work by default.")
    ] = None,
    criteria: Annotated[
        float, typer.Option("--criteria", help="Share of the criteria in pair matching; as checked by default.")
    ] = 0.5,
    names: Annotated[
        float, typer.Option("--names", help="Share of drug and disease names beside it; as checked by default.")
    ] = 0.5,
) -> None:
    """Learn pair matching on the successful trials of a corpus, and index all its trials. A killed build continues."""
    from cladmop.similar.build import build_index
    from cladmop.similar.embedding import Shares

    place = work or out.with_name(f"{out.name}-work")
    manifest = build_index(corpus, out, place, note, shares=Shares(criteria, names))
    counts = ", ".join(f"{count:,} {group}" for group, count in manifest["outcomes"].items())
    say(f"{manifest['trials']:,} past trials ({counts}) in {out}")


@app.command("check", short_help="Measure how good the neighbours are.")
def check(
    corpus: Annotated[Path, _CORPUS],
    work: Annotated[Path, typer.Option("--work", help="Keeps the network, and gets check.md.")] = Path(
        "runs/similar-check"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Decides which trials choose and which are reported.")] = 0,
) -> None:
    """Measure what the nearest past trials have in common with trials that started later, beside simpler ways.

    A network of its own is taught by the earlier trials alone; the variant is chosen on trials that are not reported.
    """
    from cladmop.similar.check import check_neighbours
    from cladmop.similar.check_tables import check_tables
    from cladmop.storage import write_text

    tables = check_tables(check_neighbours(corpus, work / "network", note, seed=seed))
    for table in tables:
        print_table(table)
    write_text(work / "check.md", "\n".join(table.markdown() for table in tables))
    say(f"stored in {work}: check.md")


def _date(text: str | None) -> "dt.date | None":
    from cladmop.records.study import parse_date

    return None if text is None else parse_date(text, "--before")


def _show(trial: "Trial", found: "Similar") -> None:
    name = " ".join(part for part in (trial.nct_id, trial.title) if part) or "trial without a name"
    for table in (_neighbours(name, found), _rates(found)):
        print_table(table)


def _neighbours(name: str, found: "Similar") -> "Table":
    from cladmop.evaluation.tables import Table

    rows = tuple(
        (
            f"{one.nct_id} {one.title}" + (" (the same criteria)" if one.same_criteria else ""),
            one.phase,
            f"{one.start_date or 'unknown'}",
            f"{one.outcome}: {one.reason}",
            f"{one.similarity:.2f}",
        )
        for one in found.trials
    )
    header = ("trial", "phase", "start", "outcome", "similarity")
    return Table(f"Past trials most like {name}", header, rows, found.note, words=(0, 1, 2, 3))


def _rates(found: "Similar") -> "Table":
    from cladmop.evaluation.estimate import Estimate
    from cladmop.evaluation.tables import Table

    rows = tuple(
        (
            one.of,
            one.text(),
            "unknown" if one.rate is None else Estimate(one.rate, one.low or 0.0, one.high or 0.0).text(2),
        )
        for one in found.base_rates
    )
    return Table("How often past trials succeeded", ("of", "successful", "share [95%]"), rows, found.source)
