"""``cladmop cache``: the hidden states kept on disk."""

from typing import Annotated

import typer

from cladmop.cli.options import print_table, say

app = typer.Typer(help="Cached hidden states: what is stored, and removing it.", no_args_is_help=True)


@app.command("list", short_help="Show what the states take on disk.")
def list_states() -> None:
    """Print what each encoder's states take on disk."""
    from cladmop.config import states_dir
    from cladmop.encoders.cache import StateCache
    from cladmop.evaluation.tables import Table

    rows = tuple(
        (entry.encoder, entry.unit, entry.fingerprint[:12], str(entry.shards), f"{entry.bytes / 1e6:,.1f} MB")
        for entry in StateCache(states_dir()).stats()
    )
    print_table(Table(f"Hidden states in {states_dir()}", ("encoder", "unit", "fingerprint", "shards", "size"), rows))


@app.command("evict", short_help="Remove damaged and old states.")
def evict(
    max_gb: Annotated[float | None, typer.Option("--max-gb", help="Keep at most this much; 0 empties it.")] = None,
    older_than_days: Annotated[float | None, typer.Option("--older-than-days", help="Remove what is older.")] = None,
) -> None:
    """Remove damaged shards, and the oldest or old ones if a limit is given; they are computed again when needed."""
    from cladmop.config import states_dir
    from cladmop.encoders.cache import StateCache

    limit = None if max_gb is None else int(max_gb * 1e9)
    freed = StateCache(states_dir()).evict(max_bytes=limit, older_than_days=older_than_days)
    say(f"{freed / 1e6:,.1f} MB freed in {states_dir()}")
