"""``cladmop scale``: more workers, more machines, and what they would take."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.options import (
    EncoderOption,
    ObjectiveName,
    ObjectiveOption,
    PhaseGroup,
    PresetName,
    PresetOption,
    PretrainEpochsOption,
    RevisionOption,
    SeedOption,
    StructuresName,
    UnitName,
    UnitsOption,
    network_settings,
    note,
    print_table,
    say,
)

if TYPE_CHECKING:
    from cladmop.encoders.text import HiddenStateEncoder
    from cladmop.scale.job import Part, Workers
    from cladmop.storage import Place

app = typer.Typer(help="Work on more processes and machines, and plan for it.", no_args_is_help=True)
_PLACE = "a folder, or a URL such as s3://bucket/folder"


@app.command("encode", short_help="Encode a corpus by several workers.")
def encode(
    corpus: Annotated[str, typer.Argument(help=f"Corpus ({_PLACE}), or folder of TOP's files.")],
    workers: Annotated[int, typer.Option("--workers", min=1, help="Shards encoded at once.")] = 1,
    address: Annotated[
        str | None, typer.Option("--address", help="Running Ray cluster, HOST:6379 or auto; else this machine alone.")
    ] = None,
    out: Annotated[str | None, typer.Option("--out", help=f"Where the states go: {_PLACE}; else the cache.")] = None,
    encoder: EncoderOption = "minilm",
    revision: RevisionOption = None,
    units: UnitsOption = UnitName.ITEMS,
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="Only the first so many trials.")] = None,
    gpus: Annotated[float, typer.Option("--gpus", min=0, help="GPUs of each worker.")] = 0.0,
) -> None:
    """Say what the hidden states of a corpus take, then compute those that are missing, one file a task.

    The files are those of one process. A killed worker's shard is done by another, and the same command continues a
    killed job.
    """
    from cladmop.config import states_dir
    from cladmop.encoders.base import Unit
    from cladmop.encoders.text import load_text_encoder
    from cladmop.scale.job import Workers, plan
    from cladmop.scale.job import encode as run
    from cladmop.scale.texts import read_source, texts_of
    from cladmop.scale.worker import EncoderSpec
    from cladmop.storage import as_place

    staff = Workers(workers, address, gpus)
    target: Place = as_place(out) if out is not None else states_dir()
    texts = texts_of(read_source(as_place(corpus))[:trials], Unit(units.value))
    model = load_text_encoder(encoder, revision=revision)
    parts = plan(model, texts, target)
    _forecast(model, parts, staff)
    if not any(part.shards for part in parts):
        say(f"nothing to do: all states are in {target}")
        return
    given = str(Path(encoder).absolute()) if Path(encoder).is_dir() else encoder
    spec = EncoderSpec(given, revision, "bfloat16" if model.dtype == "bfloat16" else "float32", model.fingerprint)
    done = run(model, spec, parts, target, staff)
    say(
        f"{done.files:,} files, {done.tokens:,} tokens in {done.seconds:,.1f} s ({done.rate:,.0f} tokens/s) by "
        f"{len(done.workers)} workers, in {target}"
    )


@app.command("plan", short_help="What encoding a registry would take.")
def plan(
    tokens: Annotated[
        int, typer.Option("--tokens", min=1, help="Tokens to encode; by default those of ClinicalTrials.gov, about.")
    ] = 300_000_000,
    encoder: EncoderOption = "minilm",
    revision: RevisionOption = None,
    units: UnitsOption = UnitName.ITEMS,
    corpus: Annotated[
        str | None, typer.Option("--corpus", help=f"Measure on its criteria ({_PLACE}); else on the bundled examples.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", help="How long to measure.")] = 10.0,
) -> None:
    """Measure what the language model costs on this machine, and print time, disk and memory by number of machines."""
    from cladmop.encoders.text import load_text_encoder
    from cladmop.scale.capacity import measure, measured_devices, plan_table

    texts = _sample_texts(units, corpus)
    costs = []
    for name, device in measured_devices().items():
        note(f"measuring on {name} for {seconds:g} s")
        model = load_text_encoder(encoder, revision=revision, device=device)
        costs.append(measure(model, texts, pool=units is UnitName.ITEMS, seconds=seconds, device=name))
    print_table(plan_table(costs, tokens))


@app.command("pretrain", short_help="Pre-train on a corpus, alone or by torchrun.")
def pretrain(
    corpus: Annotated[str, typer.Argument(help=f"Corpus: {_PLACE}.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the network; all machines must see it.")],
    objective: ObjectiveOption = ObjectiveName.MATCHING,
    encoder: EncoderOption = "minilm",
    revision: RevisionOption = None,
    units: UnitsOption = UnitName.ITEMS,
    preset: PresetOption = PresetName.DEFAULT,
    epochs: PretrainEpochsOption = None,
    seed: SeedOption = 0,
) -> None:
    """Pre-train a network on a corpus: ``torchrun --nproc-per-node 2 -m cladmop scale pretrain CORPUS --out DIR``.

    The processes share every batch, and take the steps that one process would. Without torchrun there is one.
    """
    from cladmop.scale.pretraining import pretrain_corpus
    from cladmop.storage import as_place

    settings = network_settings(
        PhaseGroup.I, encoder, revision, units, StructuresName.REPAIRED, preset, seed,
        objective=objective, pretrain_epochs=epochs,
    )  # fmt: skip
    if pretrain_corpus(as_place(corpus), out, settings, note) is not None:
        say(f"network in {out}")


@app.command("copy", short_help="Copy a corpus or states to or from a store.")
def copy(
    source: Annotated[str, typer.Argument(help=_PLACE.capitalize())],
    target: Annotated[str, typer.Argument(help=_PLACE.capitalize())],
) -> None:
    """Copy all files of a corpus or of a cache of hidden states; shards that are there already are left alone."""
    from cladmop.scale.copying import copy_folder
    from cladmop.storage import as_place

    done = copy_folder(as_place(source), as_place(target))
    say(f"{done.files:,} files ({done.bytes / 1e6:,.1f} MB) in {target}; {done.present:,} shards were there")


def _forecast(model: "HiddenStateEncoder", parts: "list[Part]", staff: "Workers") -> None:
    """Print tokens, disk, time and memory before any work."""
    from cladmop.scale.capacity import measure
    from cladmop.training.cost import duration

    for part in parts:
        missing = sum(len(shard) for shard in part.shards)
        disk = part.bytes(model.width)
        say(
            f"{part.name}: {missing:,} of {part.texts:,} texts to encode, {part.tokens:,} tokens in "
            f"{len(part.shards):,} shards, {disk / 1e6:,.1f} MB"
        )
    sample = [text for part in parts for shard in part.shards for _, _, text in shard]
    if not sample:
        return
    cost = measure(model, sample, pool=parts[0].pool, seconds=2.0, threads=1)
    expected = sum(part.tokens for part in parts) / cost.rate / staff.number
    memory = f"{staff.number} x {cost.memory / 1e9:,.1f} GB"
    say(f"expected: {duration(expected)} by {staff.number} workers as fast as one thread here, memory {memory}")


def _sample_texts(units: UnitName, corpus: str | None) -> list[str]:
    """Return the criteria of a corpus, else of the bundled example trials."""
    from cladmop.encoders.base import Unit
    from cladmop.scale.texts import read_source, texts_of
    from cladmop.sources.examples import example_trials
    from cladmop.storage import as_place

    trials = example_trials() if corpus is None else read_source(as_place(corpus))
    return list(texts_of(trials, Unit(units.value)).criteria)
