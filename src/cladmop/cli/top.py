"""``cladmop top``: the Trial Outcome Prediction benchmark."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.costs import note_files
from cladmop.cli.options import (
    ChemblOption,
    DataOption,
    DrugsOption,
    PubchemOption,
    drug_resolver,
    note,
    print_table,
    say,
)

app = typer.Typer(help="The Trial Outcome Prediction (TOP) benchmark.", no_args_is_help=True)


@app.command("download", short_help="Show the terms, fetch the CSV files.")
def download(
    folder: Annotated[Path, typer.Argument(help="Where the CSV files go; a cut download continues.")],
    base_url: Annotated[str | None, typer.Option("--base-url", help="Another address that serves the files.")] = None,
    *,
    accept: Annotated[
        bool, typer.Option("--accept-terms", help="Accept the terms of use without being asked.")
    ] = False,
) -> None:
    """Print TOP's terms of use, fetch its public CSV files and check their row counts."""
    from cladmop.sources import top as source
    from cladmop.storage import free_bytes

    files = [source.split_path(folder, phase, split) for phase, split in source.ROWS]
    note(source.TERMS)
    if not accept and not typer.confirm("Do you accept these terms?", err=True):
        raise typer.Exit(2)
    present = [place for place in files if place.is_file()]
    missing = f"{len(files) - len(present)} files to fetch" if len(present) < len(files) else "nothing to fetch"
    free = f"{free_bytes(folder) / 1e9:,.1f} GB free"
    note(f"{missing}, {len(present)} of {len(files)} are there and will be counted; {free}")
    paths = source.download_top(folder) if base_url is None else source.download_top(folder, base_url=base_url)
    for path in paths:
        say(str(path))


@app.command("audit", short_help="Count what is wrong in the files.")
def audit(
    data: DataOption,
    reference: Annotated[
        Path | None,
        typer.Option("--reference", help="CSV of right structures: name and smiles; else two sources must agree."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write audit.json, audit.md and index.html.")] = None,
) -> None:
    """Print wrong structures before and after repair, columns that tell the label, and overlaps between the files."""
    from cladmop.audit.known import Reference
    from cladmop.audit.tables import audit_tables
    from cladmop.audit.top import audit_top
    from cladmop.report import Section, write_report
    from cladmop.storage import write_json, write_text

    known = Reference.read(reference) if reference is not None else None
    if known is None:
        note("no --reference: a name is known where two sources here agree, so that repair is right by construction")
    note_files(data, 5.0, 540)
    found = audit_top(data, known=known)
    tables = audit_tables(found)
    for table in tables:
        print_table(table)
    if out is not None:
        write_json(out / "audit.json", found.to_dict())
        write_text(out / "audit.md", "\n".join(table.markdown() for table in tables))
        title = "Audit of the Trial Outcome Prediction benchmark"
        write_report(out / "index.html", title, [Section(table.caption, (table,)) for table in tables])
        note(f"written to {out}")


@app.command("repair", short_help="Write the files with structures resolved here.")
def repair(
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="Folder of the Parquet files; TOP's terms go with them.")],
    drugs: DrugsOption = None,
    chembl: ChemblOption = None,
    *,
    pubchem: PubchemOption = False,
) -> None:
    """Resolve every drug name and write each file as Parquet, every structure with its source."""
    from cladmop.repaired import repair_top
    from cladmop.sources.top import TERMS

    note(TERMS)
    note_files(data, 3.1, 260)
    for path in repair_top(data, out, drug_resolver(drugs, chembl, pubchem=pubchem)):
        say(str(path))
