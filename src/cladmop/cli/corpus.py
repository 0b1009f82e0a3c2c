"""``cladmop corpus``: from registry files to a corpus of finished trials with their outcome."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cladmop.cli.options import ChemblOption, DrugsOption, PubchemOption, drug_resolver, note, print_table, say
from cladmop.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cladmop.corpus.manifest import BuildSettings
    from cladmop.drugs.resolve import DrugResolver
    from cladmop.scale.job import Workers
    from cladmop.sources.studies import SourceKind

app = typer.Typer(help="Build and look at a corpus of successful trials.", no_args_is_help=True)
_PLACE = "a folder, or a URL such as s3://bucket/folder"
_PAGE = "report.html"


@app.command("build", short_help="Registry files to trials, drugs and diseases.")
def build(
    source: Annotated[
        list[str],
        typer.Option(
            "--source",
            help="Registry file or folder: bulk XML zip, v2 JSON (list, lines, pages; zipped or not), AACT zip. Repeat "
            "it; say KIND=FILE (xml, json, aact) where it is not recognised.",
        ),
    ],
    out: Annotated[str, typer.Option("--out", help=f"Where the corpus goes: {_PLACE}.")],
    cutoff: Annotated[
        str, typer.Option("--cutoff", help="Trials must have ended before this date; TOP's test starts in 2014.")
    ] = "2014-01-01",
    top: Annotated[
        Path | None, typer.Option("--top", help="TOP's files: leave out near-duplicates of validation and test too.")
    ] = None,
    approved: Annotated[
        Path | None, typer.Option("--approved", help="Approved ingredients; else the downloaded or shipped list.")
    ] = None,
    drugs: DrugsOption = None,
    chembl: ChemblOption = None,
    *,
    pubchem: PubchemOption = False,
    nlm: Annotated[bool, typer.Option("--nlm", help="Ask NLM for conditions nothing else knows.")] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that resolve names (Ray).")] = 1,
    address: Annotated[
        str | None, typer.Option("--address", help="Running Ray cluster, HOST:6379 or auto; else this machine alone.")
    ] = None,
) -> None:
    """Say what a build takes, read registry files, keep finished drug trials, and say which were successful and why.

    A killed build goes on with what it had read. Several workers write what one writes, to the byte. Nothing known
    after a trial's start is an input of a model: status and reasons are stored as outcomes.
    """
    from cladmop.corpus.build import build as run
    from cladmop.corpus.manifest import BuildSettings
    from cladmop.corpus_page import funnel_table, groups_table
    from cladmop.scale.copying import working_folder
    from cladmop.scale.job import Workers
    from cladmop.scale.names import name_crew
    from cladmop.storage import as_place

    if top is None:
        note("no --top: TOP's held-out trials are left out by number; give its folder to drop near-duplicates too")
    settings = BuildSettings(cutoff=cutoff, top=top, approved=approved)
    staff = Workers(workers, address)
    if (pubchem or nlm) and (workers > 1 or address is not None):
        raise InputError("--pubchem and --nlm ask the network, politely, from one process; leave out --workers")
    make = partial(drug_resolver, drugs and drugs.absolute(), chembl and chembl.absolute(), pubchem=pubchem)
    resolver = make()
    look_up = None
    if nlm:
        from cladmop.diseases.nlm import NlmLookup

        look_up = NlmLookup().match
    sources = [_source(text) for text in source]
    _forecast(sources, settings, resolver, staff)
    with working_folder(as_place(out)) as folder, name_crew(make, staff) as crew:
        manifest = run(sources, folder, settings, resolver, note, look_up, crew)
    print_table(funnel_table(manifest))
    print_table(groups_table(manifest))
    _summary(manifest)
    say(f"stored in {out}:")
    say("manifest.json, trials, unproven, stopped, drugs, diseases, dropped.parquet")


@app.command("report", short_help="Write an HTML page about a corpus.")
def report(
    folder: Annotated[str, typer.Argument(help=f"Corpus: {_PLACE}.")],
    out: Annotated[Path | None, typer.Option("--out", help="The page; FOLDER/report.html by default.")] = None,
) -> None:
    """Write a page with what each rule took out, plots, names that could not be resolved, and the paper's figures."""
    from tempfile import TemporaryDirectory

    from cladmop.corpus_page import write_corpus_page
    from cladmop.scale.copying import copy_folder
    from cladmop.storage import as_place, below, is_remote, write_bytes

    path = below(as_place(folder), _PAGE) if out is None else out
    with TemporaryDirectory(prefix="cladmop-") as fetched:
        page = Path(fetched) / _PAGE if is_remote(path) else Path(path)
        if is_remote(folder):
            copy_folder(folder, Path(fetched))
        write_corpus_page(Path(fetched if is_remote(folder) else folder), page)
        if is_remote(path):
            write_bytes(path, page.read_bytes())
    say(f"report: {path}")


@app.command("fetch", short_help="Save studies from the registry's API.")
def fetch(
    folder: Annotated[Path, typer.Argument(help="Where the raw pages go; a cut fetch continues there.")],
    phase: Annotated[
        list[str] | None, typer.Option("--phase", help="Only this phase: PHASE1, PHASE2, PHASE3; repeat it.")
    ] = None,
    query: Annotated[
        list[str] | None, typer.Option("--query", help="Another parameter of the API, NAME=VALUE; repeat it.")
    ] = None,
    registry: Annotated[str | None, typer.Option("--registry", help="Another address of the API.")] = None,
) -> None:
    """Say what is to come, then save studies as the API serves them, at one request a second.

    Build with --source FOLDER.
    """
    from cladmop.sources.api import REGISTRY, RegistryApi, corpus_query

    parameters = corpus_query(phase) if phase else corpus_query()
    for text in query or []:
        name, mark, value = text.partition("=")
        if not (mark and name and value):
            raise InputError(f"--query {text!r} is not NAME=VALUE; give e.g. query.cond=asthma")
        parameters[name] = value
    _fetch_forecast(registry or REGISTRY, parameters)
    found = RegistryApi(registry or REGISTRY, say=note).fetch(folder, parameters)
    say(f"{found.studies:,} studies on {found.pages:,} pages in {folder}; data of {found.timestamp}")


@app.command("approvals", short_help="Fetch the current list of approved drugs.")
def approvals(
    url: Annotated[str | None, typer.Option("--url", help="Another address of Drugs@FDA's data files.")] = None,
) -> None:
    """Fetch Drugs@FDA's data files, which later builds use in place of the list that ships."""
    from cladmop.corpus.approvals import DRUGS_AT_FDA, download_approved, read_ingredients

    path = download_approved(url or DRUGS_AT_FDA)
    say(f"{len(read_ingredients(path)):,} active ingredients in {path}")


def _source(text: str) -> "tuple[Path, SourceKind | None]":
    """Read ``FILE`` or ``KIND=FILE``."""
    from cladmop.sources.studies import SourceKind

    kind, mark, path = text.partition("=")
    if mark and kind in set(SourceKind) and not Path(text).exists():
        return Path(path), SourceKind(kind)
    return Path(text), None


def _forecast(
    sources: "Sequence[tuple[Path, SourceKind | None]]",
    settings: "BuildSettings",
    resolver: "DrugResolver",
    staff: "Workers",
) -> None:
    """Print what is to be read, and the time, memory and disk it takes, before any of it is done."""
    from cladmop.corpus.forecast import DISK_BYTES, measure, weigh
    from cladmop.sources.studies import SourceKind
    from cladmop.training.cost import duration, memory_used

    weights = [weigh(*source) for source in sources]
    for one in weights:
        told = f"about {_count(one.records, 'record')}" if one.records else "of which no record can be counted"
        say(f"{one.name} ({one.kind}): {_count(one.files, 'file')}, {one.bytes / 1e6:,.1f} MB, {told}")
    records = sum(one.records for one in weights)
    sized = sorted(zip(weights, sources, strict=True), key=lambda pair: -pair[0].bytes)
    readable = [(path, weight.kind) for weight, (path, _) in sized if weight.kind is not SourceKind.AACT]
    disk = f"disk {records * DISK_BYTES / 1e6:,.1f} MB"
    if not readable:
        say(f"expected: {disk}; how long an AACT archive takes is not known before it is unpacked")
        return
    rates = measure(readable, settings, resolver)
    memory = f"{(memory_used() + rates.memory(records)) / 1e9:,.1f} GB"
    if staff.number > 1:
        memory += f" and {staff.number} x {memory_used() / 1e9:,.1f} GB"
    who = _count(staff.number, "worker")
    if staff.number > 1 or staff.address is not None:
        who += " once Ray has started"
    say(
        f"expected: about {duration(rates.seconds(records, staff.number))} by {who}, as "
        f"{_count(rates.sample, 'record')} took here, memory {memory}, {disk}"
    )


def _fetch_forecast(registry: str, query: "Mapping[str, str]") -> None:
    """Print how many studies there are to fetch, and the bytes and the time they take."""
    from cladmop.corpus.fetchable import weigh_query
    from cladmop.training.cost import duration

    found = weigh_query(registry, query)
    if found.studies is None:
        say(f"expected: {found.bytes_each / 1e3:,.1f} kB a study; the registry does not say how many there are")
        return
    came, stored = found.studies * found.bytes_each, found.studies * found.stored_each
    say(
        f"expected: {_count(found.studies, 'study', 'studies')} in {_count(found.requests, 'request')}, "
        f"{duration(found.requests)} at least; about {came / 1e6:,.1f} MB to receive and {stored / 1e6:,.1f} MB of "
        f"disk, as the first {found.sample:,} take"
    )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _summary(manifest: "Mapping[str, Any]") -> None:
    counts = manifest["resolution"]
    needed, found = counts["trials that need a structure"], counts["of those, with one"]
    if needed:
        say(f"structures: {found:,} of the {needed:,} trials that need one have one ({found / needed:.0%})")
    say(f"diseases: {counts['trials with a disease code']:,} trials have an ICD-10-CM code")
