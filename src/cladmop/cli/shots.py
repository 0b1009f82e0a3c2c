"""``cladmop zero-shot`` and ``cladmop few-shot``: the pre-trained network with no labels, or a handful."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.options import (
    CorpusOption,
    DataOption,
    EncoderOption,
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

if TYPE_CHECKING:
    from cladmop.pipeline import NetworkSettings
    from cladmop.shots import Shots

OutOption = Annotated[Path | None, typer.Option("--out", help="Runs folder; runs/top-PHASE by default.")]


def zero_shot(
    data: DataOption,
    phase: PhaseOption = PhaseGroup.I,
    encoder: EncoderOption = "minilm",
    revision: RevisionOption = None,
    units: UnitsOption = UnitName.ITEMS,
    structures: StructuresOption = StructuresName.REPAIRED,
    preset: PresetOption = PresetName.DEFAULT,
    seed: SeedOption = 0,
    pretrain_epochs: PretrainEpochsOption = None,
    corpus: CorpusOption = None,
    objective: ObjectiveOption = ObjectiveName.MATCHING,
    out: OutOption = None,
) -> None:
    """Pre-train on successful trials and score TOP by the match of criteria with drugs; no labels."""
    folder = out or Path("runs") / f"top-{phase.value}"
    settings = network_settings(
        phase, encoder, revision, units, structures, preset, seed, objective=objective, pretrain_epochs=pretrain_epochs
    )
    _shots(data, phase, corpus, settings, folder).zero_shot()
    show_results(folder, data, phase, "test")


def few_shot(
    data: DataOption,
    phase: PhaseOption = PhaseGroup.I,
    encoder: EncoderOption = "minilm",
    revision: RevisionOption = None,
    units: UnitsOption = UnitName.ITEMS,
    structures: StructuresOption = StructuresName.REPAIRED,
    preset: PresetOption = PresetName.DEFAULT,
    seed: SeedOption = 0,
    pretrain_epochs: PretrainEpochsOption = None,
    corpus: CorpusOption = None,
    objective: ObjectiveOption = ObjectiveName.MATCHING,
    k: Annotated[list[int] | None, typer.Option("--k", help="Trials a class; repeat it (8, 16, 32, 64).")] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, help="Random draws of each k.")] = 20,
    out: OutOption = None,
) -> None:
    """Pre-train on successful trials and fine-tune on k labelled trials a class."""
    folder = out or Path("runs") / f"top-{phase.value}"
    settings = network_settings(
        phase, encoder, revision, units, structures, preset, seed, objective=objective, pretrain_epochs=pretrain_epochs
    )
    shots = _shots(data, phase, corpus, settings, folder)
    for size in k or [8, 16, 32, 64]:
        note(f"{size} trials a class, {draws} draws")
        shots.few_shot(size, draws)
    show_results(folder, data, phase, "test")


def _shots(data: Path, phase: PhaseGroup, corpus: Path | None, settings: "NetworkSettings", folder: Path) -> "Shots":
    from cladmop.shots import Shots
    from cladmop.top_data import read_top_data

    return Shots(read_top_data(data, phase.value, corpus), settings, folder, note)
