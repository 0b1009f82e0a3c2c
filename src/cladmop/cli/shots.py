"""``cladmop zero-shot`` and ``cladmop few-shot``: the pre-trained network with no labels, or a handful."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.groups import spread
from cladmop.cli.options import DataOption, NetworkOptions, PretrainingOptions, note
from cladmop.cli.reproduce import show_results

if TYPE_CHECKING:
    from cladmop.shots import Shots

OutOption = Annotated[Path | None, typer.Option("--out", help="Runs folder; runs/top-PHASE by default.")]


@spread
def zero_shot(
    *,
    data: DataOption,
    network: NetworkOptions,
    training: PretrainingOptions,
    out: OutOption = None,
) -> None:
    """Pre-train on successful trials and score TOP by the match of criteria with drugs; no labels."""
    folder = _folder(out, network)
    _shots(data, network, training, folder).zero_shot()
    show_results(folder, data, network.phase, "test")


@spread
def few_shot(
    *,
    data: DataOption,
    network: NetworkOptions,
    training: PretrainingOptions,
    k: Annotated[list[int] | None, typer.Option("--k", help="Trials a class; repeat it (8, 16, 32, 64).")] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, help="Random draws of each k.")] = 20,
    out: OutOption = None,
) -> None:
    """Pre-train on successful trials and fine-tune on k labelled trials a class."""
    folder = _folder(out, network)
    shots = _shots(data, network, training, folder)
    sizes = k or [8, 16, 32, 64]
    shots.announce(sizes, draws)
    for size in sizes:
        note(f"{size} trials a class, {draws} draws")
        shots.few_shot(size, draws)
    show_results(folder, data, network.phase, "test")


def _folder(out: Path | None, network: NetworkOptions) -> Path:
    return out or Path("runs") / f"top-{network.phase.value}"


def _shots(data: Path, network: NetworkOptions, training: PretrainingOptions, folder: Path) -> "Shots":
    from cladmop.shots import Shots
    from cladmop.top_data import read_top_data

    top_data = read_top_data(data, network.phase.value, training.corpus)
    return Shots(top_data, network.settings(training), folder, note)
