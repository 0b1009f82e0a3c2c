"""``cladmop reproduce``: the whole method on a benchmark, ending in a table."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.groups import spread
from cladmop.cli.options import (
    DataOption,
    MoleculesName,
    NetworkOptions,
    PhaseGroup,
    PhaseOption,
    TrainingOptions,
    note,
    print_table,
    say,
)

app = typer.Typer(help="Reproduce published results from data to table.", no_args_is_help=True)


@app.callback()
def reproduce() -> None:
    """Keep `top` a sub-command although it is the only one."""


@app.command("top", short_help="TOP: encode, train, score, compare.")
@spread
def top(
    *,
    data: DataOption,
    network: NetworkOptions,
    molecules: Annotated[
        MoleculesName, typer.Option("--molecules", help="Molecule features; minimol needs the extra of that name.")
    ] = MoleculesName.MORGAN,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Networks whose log-odds are averaged.")] = 1,
    training: TrainingOptions,
    out: Annotated[Path | None, typer.Option("--out", help="Runs folder; runs/top-PHASE by default.")] = None,
    pretraining: Annotated[bool, typer.Option(help="Pair matching before fine-tuning.")] = True,
    rivals: Annotated[bool, typer.Option(help="Also fit the built-in rivals and the shipped model's row.")] = True,
) -> None:
    """Encode, pre-train, fine-tune and score TOP, then print the table beside rivals and the paper's figures.

    Every stage is kept in the runs folder: the same command continues a killed run. Rows of other encoders, units,
    zero- and few-shot runs in the same folder join the table.
    """
    from cladmop.reproduce import reproduce, rivals_beside
    from cladmop.top_data import read_top_data

    folder = out or Path("runs") / f"top-{network.phase.value}"
    top_data = read_top_data(data, network.phase.value, training.corpus)
    settings = network.settings(training, molecules=molecules, pretraining=pretraining)
    with rivals_beside(top_data, folder, note) if rivals else nullcontext():
        reproduce(top_data, settings, seeds, folder, note)
    show_results(folder, data, network.phase, "test")


@app.command("table", short_help="Print a runs folder's table again.")
def table(
    folder: Annotated[Path, typer.Argument(help="Runs folder, as `reproduce top` wrote it.")],
    data: DataOption,
    phase: PhaseOption = PhaseGroup.I,
) -> None:
    """Print the table of every row below a runs folder again."""
    show_results(folder, data, phase, "test")


def show_results(folder: Path, data: Path, phase: PhaseGroup, split: str) -> None:
    """Evaluate all rows of a folder, print them, and store them as results.json, results.md and report.html."""
    from cladmop.errors import MissingDependencyError
    from cladmop.evaluation.tables import comparison_table, published_table, results_table
    from cladmop.reproduce import results_of
    from cladmop.results import write_results
    from cladmop.results_page import write_results_page

    results = results_of(folder, data, phase.value, split)
    caption = f"TOP phase {phase.value} {split}"
    print_table(results_table(results.rows, caption, narrow=True))
    tables = [results_table(results.rows, caption)]
    if results.comparisons:
        tables.append(comparison_table(results.comparisons, f"{caption}: paired differences"))
        print_table(tables[-1])
    if split == "test":
        tables.append(published_table(phase.value))
        print_table(tables[-1])
    write_results(folder, results.rows, tables)
    say(f"stored in {folder}: results.json, results.md")
    try:
        write_results_page(folder / "report.html", results, tables, caption)
        say(f"report: {folder / 'report.html'}")
    except MissingDependencyError as error:
        note(f"no report.html: {error}")
