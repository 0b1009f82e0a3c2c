"""``cladmop fit``: train a model folder on labelled trials."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.options import (
    EncoderOption,
    PhaseGroup,
    PhaseOption,
    PresetName,
    PresetOption,
    RevisionOption,
    SeedOption,
    StructuresName,
    StructuresOption,
    UnitName,
    UnitsOption,
    note,
    print_table,
    say,
)


def fit(
    data: Annotated[Path, typer.Option("--data", help="Folder of TOP's files (train and valid are used).")],
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")],
    phase: PhaseOption = PhaseGroup.I,
    encoder: EncoderOption = "minilm",
    revision: RevisionOption = None,
    units: UnitsOption = UnitName.ITEMS,
    structures: StructuresOption = StructuresName.REPAIRED,
    preset: PresetOption = PresetName.DEFAULT,
    network_weight: Annotated[
        float, typer.Option("--network-weight", min=0.0, max=1.0, help="Weight of the networks in the blend.")
    ] = 0.5,
    seed: SeedOption = 0,
    work_dir: Annotated[
        Path | None, typer.Option("--work-dir", help="Checkpoints, so that a killed run continues.")
    ] = None,
) -> None:
    """Train networks and text models on TOP's train and valid splits, calibrate them out of fold, and save them."""
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.estimator.card import TOP_TERMS
    from cladmop.evaluation.bootstrap import evaluate
    from cladmop.evaluation.tables import ResultRow, results_table
    from cladmop.reproduce import read_top_data

    top = read_top_data(data, phase.value)
    trials, labels = top.trials("train") + top.trials("valid"), top.labels("train") + top.labels("valid")
    note(f"{len(trials):,} trials ({sum(labels):,} successes), {len(top.successes):,} more successes to pre-train on")
    model = TrialOutcomeClassifier(
        encoder=encoder,
        revision=revision,
        units=units.value,
        structures=structures.value,
        preset=preset.value,
        network_weight=network_weight,
        seed=seed,
        work_dir=work_dir or Path("runs") / f"fit-{phase.value}",
    ).fit(trials, labels, successes=top.successes)
    parts = {"blend": model.out_of_fold_, **model.out_of_fold_parts_}
    rows = [ResultRow(name, "", evaluate(labels, scores, model.blend_.threshold)) for name, scores in parts.items()]
    print_table(results_table(rows, f"Out of fold on {len(labels):,} trials, folds by NCT number", narrow=True))
    card = {
        "title": f"cladmop model, TOP phase {phase.value}",
        "data": f"TOP phase {phase.value}, train and valid splits",
        "terms": TOP_TERMS,
        "command": f"cladmop fit --data DIR --phase {phase.value} --encoder {encoder} --units {units.value} "
        f"--structures {structures.value} --preset {preset.value} --network-weight {network_weight} --seed {seed}",
    }
    model.save_pretrained(out, card)
    say(f"model folder: {out}")
