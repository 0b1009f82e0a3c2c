"""``cladmop fit``: train a model folder on labelled trials."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.costs import note_fit
from cladmop.cli.groups import spread
from cladmop.cli.options import FoldsName, NetworkOptions, SeedOption, note, print_table, say


@spread
def fit(
    *,
    data: Annotated[Path, typer.Option("--data", help="Folder of TOP's files (train and valid are used).")],
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")],
    network: NetworkOptions,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", help="NAME=WEIGHT of the blend; repeat it. Names: network, states, words, characters."),
    ] = None,
    other_phases: Annotated[
        float, typer.Option("--other-phases", min=0.0, max=1.0, help="Weight of the other phases' trials on disk.")
    ] = 0.3,
    seed: SeedOption = 0,
    folds: Annotated[FoldsName, typer.Option("--folds", help="Folds by NCT number, or at random.")] = FoldsName.ORDERED,
    work_dir: Annotated[
        Path | None, typer.Option("--work-dir", help="Checkpoints, so that a killed run continues.")
    ] = None,
) -> None:
    """Train networks and text models on TOP's train and valid splits, calibrate them out of fold, and save them."""
    import numpy as np

    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.estimator.card import TOP_TERMS
    from cladmop.evaluation.bootstrap import evaluate
    from cladmop.evaluation.tables import ResultRow, results_table
    from cladmop.top_data import read_other_phases, read_top_data

    phase = network.phase
    top = read_top_data(data, phase.value)
    labelled = [*top.train, *top.valid]
    own = len(labelled)
    if other_phases > 0:
        labelled += read_other_phases(data, phase.value)
    trials, labels = [one.trial for one in labelled], np.array([one.success for one in labelled])
    weights = np.where(np.arange(len(labelled)) < own, 1.0, other_phases)
    note(f"{own:,} trials of phase {phase.value}, {len(labelled) - own:,} of other phases, {labels.sum():,} successes")
    place = work_dir or Path("runs") / f"fit-{phase.value}-{folds.value}"
    model = TrialOutcomeClassifier(
        encoder=network.encoder,
        revision=network.revision,
        units=network.units.value,
        structures=network.structures.value,
        preset=network.preset.value,
        parts=_parts(part),
        random_folds=folds is FoldsName.RANDOM,
        seed=seed,
        work_dir=place,
    )
    note_fit(model, trials, labels.tolist(), place)
    model.fit(trials, labels, weights)
    parts = {"blend": model.out_of_fold_, **model.out_of_fold_parts_}
    for caption, rows in ((f"phase {phase.value}", slice(own)), ("other phases", slice(own, None))):
        if len(set(labels[rows].tolist())) == 2:
            evaluated = [
                ResultRow(name, "", evaluate(labels[rows], scores[rows], model.blend_.threshold))
                for name, scores in parts.items()
            ]
            print_table(results_table(evaluated, f"Out of fold, {folds.value} folds: {caption}", narrow=True))
    card = {
        "title": f"cladmop model, TOP phase {phase.value}",
        "data": f"TOP phase {phase.value}, train and valid splits, and the other phases' as far as they were on disk, "
        f"at weight {other_phases}",
        "terms": TOP_TERMS,
        "command": f"cladmop fit --data DIR --out FOLDER --phase {phase.value} --encoder {network.encoder} "
        f"--units {network.units.value} --structures {network.structures.value} --preset {network.preset.value} "
        f"--other-phases {other_phases} --seed {seed}" + "".join(f" --part {pair}" for pair in part or []),
    }
    model.save_pretrained(out, card)
    say(f"model folder: {out}")


def _parts(given: list[str] | None) -> dict[str, float] | None:
    """Read ``NAME=WEIGHT`` pairs.

    Raises
    ------
    InputError
        If one is not of that form.
    """
    from cladmop.errors import InputError

    parts = {}
    for pair in given or []:
        name, _, weight = pair.partition("=")
        try:
            parts[name] = float(weight)
        except ValueError as error:
            raise InputError(f"--part {pair!r}: give NAME=WEIGHT, such as words=0.4") from error
    return parts or None
