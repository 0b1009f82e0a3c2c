"""``cladmop corpus``: from registry files to a corpus of finished trials with their outcome."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cladmop.cli.options import ChemblOption, DrugsOption, PubchemOption, drug_resolver, note, print_table, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cladmop.sources.studies import SourceKind

app = typer.Typer(help="Build and look at a corpus of successful trials.", no_args_is_help=True)


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
    out: Annotated[Path, typer.Option("--out", help="Folder of the corpus.")],
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
) -> None:
    """Read registry files, keep finished drug trials, resolve names, and say which trials were successful and why.

    A killed build goes on with what it had read. Nothing known after a trial's start is an input of a model: status
    and reasons are stored as outcomes.
    """
    from cladmop.corpus.build import build as run
    from cladmop.corpus.manifest import BuildSettings
    from cladmop.corpus_page import funnel_table, groups_table

    if top is None:
        note("no --top: TOP's held-out trials are left out by number; give its folder to drop near-duplicates too")
    settings = BuildSettings(cutoff=cutoff, top=top, approved=approved)
    resolver = drug_resolver(drugs, chembl, pubchem=pubchem)
    look_up = None
    if nlm:
        from cladmop.diseases.nlm import NlmLookup

        look_up = NlmLookup().match
    manifest = run([_source(text) for text in source], out, settings, resolver, note, look_up)
    print_table(funnel_table(manifest))
    print_table(groups_table(manifest))
    _summary(manifest)
    say(f"stored in {out}: manifest.json, trials, unproven, stopped, drugs, diseases, dropped.parquet")


@app.command("report", short_help="Write an HTML page about a corpus.")
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of the corpus.")],
    out: Annotated[Path | None, typer.Option("--out", help="The page; FOLDER/report.html by default.")] = None,
) -> None:
    """Write a page with what each rule took out, plots, names that could not be resolved, and the paper's figures."""
    from cladmop.corpus_page import write_corpus_page

    path = out or folder / "report.html"
    write_corpus_page(folder, path)
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
    """Save studies as the API serves them, page by page, at one request a second; build with --source FOLDER."""
    from cladmop.errors import InputError
    from cladmop.sources.api import REGISTRY, RegistryApi, corpus_query

    parameters = corpus_query(phase) if phase else corpus_query()
    for text in query or []:
        name, mark, value = text.partition("=")
        if not (mark and name and value):
            raise InputError(f"--query {text!r} is not NAME=VALUE; give e.g. query.cond=asthma")
        parameters[name] = value
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


def _summary(manifest: "Mapping[str, Any]") -> None:
    counts = manifest["resolution"]
    needed, found = counts["trials that need a structure"], counts["of those, with one"]
    if needed:
        say(f"structures: {found:,} of the {needed:,} trials that need one have one ({found / needed:.0%})")
    say(f"diseases: {counts['trials with a disease code']:,} trials have an ICD-10-CM code")
