"""``cladmop ablate``: what each part is worth, on folds."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.groups import spread
from cladmop.cli.options import DataOption, NetworkOptions, TrainingOptions, note, print_table, say


@spread
def ablate(
    *,
    data: DataOption,
    network: NetworkOptions,
    folds: Annotated[int, typer.Option("--folds", min=2, help="Folds by NCT number.")] = 5,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Networks a fold; log-odds are averaged.")] = 1,
    training: TrainingOptions,
    only: Annotated[list[str] | None, typer.Option("--only", help="Run this variant only; repeat it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Runs folder; runs/ablation-PHASE by default.")] = None,
) -> None:
    """Train the network without each of its parts, or with another choice, and print what that changes.

    Scores are of trials held out of folds of the training and validation splits, with paired differences from the
    network as it is; the test split is not looked at. Every stage is kept: the same command continues a killed run, and
    prints all that the folder holds.
    """
    from cladmop.ablation.runs import Ablation
    from cladmop.ablation.tables import ablation_tables
    from cladmop.report import Section, write_report
    from cladmop.results import write_results
    from cladmop.top_data import read_other_phases, read_top_data

    phase = network.phase
    folder = out or Path("runs") / f"ablation-{phase.value}"
    base = network.settings(training)
    top_data = read_top_data(data, phase.value, training.corpus)
    Ablation(top_data, base, folds, seeds, folder, note, read_other_phases(data, phase.value)).run(only or [])
    tables = ablation_tables(folder, top_data, base)
    for table in tables:
        print_table(table)
    write_results(folder, [], tables)
    title = f"cladmop: ablations on TOP phase {phase.value}"
    write_report(folder / "report.html", title, [Section(table.caption, (table,)) for table in tables])
    say(f"stored in {folder}: results.json, results.md, report.html")
