"""``cladmop ablate``: what each part is worth, on validation."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.options import (
    DataOption,
    EncoderOption,
    FinetuneEpochsOption,
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
    epochs,
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
    only: Annotated[list[str] | None, typer.Option("--only", help="Run this variant only; repeat it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Runs folder; runs/ablation-PHASE by default.")] = None,
) -> None:
    """Train the network without each of its parts and print the table on validation; the test split is not read."""
    from cladmop.ablation import ablate as run_variants
    from cladmop.encoders.base import Unit
    from cladmop.pipeline import EncodingSettings, NetworkSettings
    from cladmop.reproduce import read_top_data

    folder = out or Path("runs") / f"ablation-{phase.value}"
    base = NetworkSettings(
        encoding=EncodingSettings(encoder, revision, Unit(units.value), structures.value),
        preset=preset.value,
        phase=phase.value,
        pretrain=epochs(pretrain_epochs),
        finetune=epochs(finetune_epochs),
        seed=seed,
    )
    run_variants(read_top_data(data, phase.value), base, only or [], seeds, folder, note)
    show_results(folder, data, phase, "valid")
