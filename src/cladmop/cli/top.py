"""``cladmop top``: the Trial Outcome Prediction benchmark."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.options import note, say

app = typer.Typer(help="The Trial Outcome Prediction (TOP) benchmark.", no_args_is_help=True)


@app.callback()
def top() -> None:
    """Keep `download` a sub-command although it is the only one."""


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

    note(source.TERMS)
    if not accept and not typer.confirm("Do you accept these terms?", err=True):
        raise typer.Exit(2)
    paths = source.download_top(folder) if base_url is None else source.download_top(folder, base_url=base_url)
    for path in paths:
        say(str(path))
