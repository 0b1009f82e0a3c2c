"""``cladmop models``: language-model weights that need no hub."""

from typing import Annotated

import typer

from cladmop.cli.options import note, print_table, say

app = typer.Typer(help="Get and list the embedded language models.", no_args_is_help=True)


@app.command("get", short_help="Fetch and check an embedded model.")
def get(name: Annotated[str, typer.Argument(help="Name as `cladmop models list` shows it.")]) -> None:
    """Fetch the weights of an embedded model, check every file, and print their folder."""
    from cladmop.encoders import weights
    from cladmop.storage import free_bytes

    model = weights.embedded(name)
    folder = weights.folder_of(name)
    if any(one.name == name and one.state == "ready" for one in weights.available()):
        note(f"{name} is there: nothing to fetch, {model.bytes_stored / 1e6:,.0f} MB to check")
    else:
        free = free_bytes(folder) / 1e6
        size = model.bytes_stored / 1e6
        note(f"{name}: {size:,.0f} MB on disk once fetched, of {free:,.0f} MB free in {folder.parent}")
    say(str(weights.verify(name)))


@app.command("list", short_help="List the embedded models.")
def list_models() -> None:
    """Print the embedded models, whether they are here, their size, licence and source."""
    from cladmop.encoders.weights import available
    from cladmop.evaluation.tables import Table

    rows = tuple(
        (model.name, model.state, f"{model.bytes / 1e6:,.0f} MB", model.licence, model.source, model.carrier)
        for model in available()
    )
    header = ("name", "state", "size", "licence", "source", "carrier")
    print_table(Table("Embedded language models", header, rows, words=(0, 1, 3, 4, 5)))
