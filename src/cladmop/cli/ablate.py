"""``cladmop ablate``: what each part is worth, on validation."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.options import (
    CorpusOption,
    DataOption,
    EncoderOption,
    FinetuneEpochsOption,
    ObjectiveName,
    ObjectiveOption,
    PhaseGroup,
    PhaseOption,
    PresetName,
    PresetOption,
    PretrainEpochsOption,
    RevisionOption,
    SeedOption,
    StructuresName,
    StructuresOption,
    UnitName,
    UnitsOption,
    network_settings,
    note,
)
from cladmop.cli.reproduce import show_results


def ablate(
    data: DataOption,
    phase: PhaseOption = PhaseGroup.I,
    encoder: EncoderOption = "minilm",
    revision: RevisionOption = None,
    units: UnitsOption = UnitName.ITEMS,
    structures: StructuresOption = StructuresName.REPAIRED,
    preset: PresetOption = PresetName.DEFAULT,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Networks a variant; log-odds are averaged.")] = 3,
    seed: SeedOption = 0,
    pretrain_epochs: PretrainEpochsOption = None,
    finetune_epochs: FinetuneEpochsOption = None,
    corpus: CorpusOption = None,
    objective: ObjectiveOption = ObjectiveName.MATCHING,
    only: Annotated[list[str] | None, typer.Option("--only", help="Run this variant only; repeat it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Runs folder; runs/ablation-PHASE by default.")] = None,
) -> None:
    """Train the network without each of its parts and print the table on validation; the test split is not read."""
    from cladmop.ablation import ablate as run_variants
    from cladmop.top_data import read_top_data

    folder = out or Path("runs") / f"ablation-{phase.value}"
    base = network_settings(
        phase, encoder, revision, units, structures, preset, seed,
        objective=objective, pretrain_epochs=pretrain_epochs, finetune_epochs=finetune_epochs,
    )  # fmt: skip
    run_variants(read_top_data(data, phase.value, corpus), base, only or [], seeds, folder, note)
    show_results(folder, data, phase, "valid")
