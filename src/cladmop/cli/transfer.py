"""``cladmop transfer``: what pre-training on a corpus is worth, on validation folds."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.groups import spread
from cladmop.cli.options import (
    DataOption,
    NetworkOptions,
    PretrainEpochsOption,
    PretrainingOptions,
    ReadingOptions,
    SeedOption,
    note,
    print_table,
    say,
)


@spread
def transfer(
    *,
    data: DataOption,
    corpus: Annotated[Path, typer.Option("--corpus", help="Corpus to pre-train on (see `cladmop corpus build`).")],
    reading: ReadingOptions,
    seed: SeedOption = 0,
    pretrain_epochs: PretrainEpochsOption = None,
    folds: Annotated[int, typer.Option("--folds", min=2, help="Folds by NCT number.")] = 5,
    draws: Annotated[int, typer.Option("--draws", min=2, help="Few-shot draws a fold.")] = 5,
    only: Annotated[list[str] | None, typer.Option("--only", help="Run this variant only; repeat it.")] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Networks a variant for --test.")] = 3,
    out: Annotated[Path | None, typer.Option("--out", help="Runs folder; runs/transfer-PHASE by default.")] = None,
    test: Annotated[bool, typer.Option("--test", help="Train on train and valid and score the test split.")] = False,
) -> None:
    """Pre-train with and without a corpus and its second objective, in parts of it, and in ways that may help more.

    Scores are of trials held out of folds of the training and validation splits; the test split is read with --test
    only. Every stage is kept: the same command continues a killed run, and prints all that the folder holds.
    """
    from cladmop.results import write_results
    from cladmop.top_data import read_top_data
    from cladmop.transfer.runs import Transfer
    from cladmop.transfer.tables import tables_of_folds, tables_of_test
    from cladmop.transfer.variants import variants

    phase = reading.phase
    folder = out or Path("runs") / f"transfer-{phase.value}"
    network = NetworkOptions(**vars(reading))
    base = network.settings(PretrainingOptions(seed=seed, pretrain_epochs=pretrain_epochs))
    top_data = read_top_data(data, phase.value, corpus)
    runs = Transfer(top_data, base, folds, draws, folder, note)
    names = only or list(variants(base))
    runs.announce(names, seeds if test else None)
    for name in names:
        if test:
            runs.score_test(name, seeds)
        else:
            runs.measure(name)
    tables = tables_of_test(folder, data, phase.value) if test else tables_of_folds(folder, top_data)
    for table in tables:
        print_table(table)
    place = folder / "test" if test else folder
    write_results(place, [], tables)
    say(f"stored in {place}: results.json, results.md")
