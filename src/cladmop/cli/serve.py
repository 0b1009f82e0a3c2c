"""``cladmop serve``: the REST API and the page, on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.options import ModelOption, note

_START = "about 15 s on two cores, about 1 GB of memory"
"""What the shipped model and index took, language model included."""


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")] = 8000,
    model: ModelOption = "default",
    index: Annotated[
        Path | None,
        typer.Option("--index", help="Folder of past trials (`cladmop similar build`); else the shipped one."),
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option("--registry", metavar="URL", help="API v2 to look NCT numbers up at, if not ClinicalTrials.gov."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Another name under which it may be called; repeat it.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File with the token that callers need; else $CLADMOP_TOKEN.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="Threads of the language model; by default the processors less one."),
    ] = None,
    max_json: Annotated[int, typer.Option("--max-json", min=1, help="Kilobytes of a JSON body.")] = 2_000,
    max_upload: Annotated[int, typer.Option("--max-upload", min=1, help="Kilobytes of an uploaded file.")] = 20_000,
    max_items: Annotated[int, typer.Option("--max-items", min=1, help="Criteria of one trial.")] = 250,
    max_characters: Annotated[int, typer.Option("--max-characters", min=1, help="Characters of one trial.")] = 60_000,
    max_trials: Annotated[int, typer.Option("--max-trials", min=1, help="Trials of one batch.")] = 2_000,
    max_requests: Annotated[int, typer.Option("--max-requests", min=1, help="Requests worked on at one time.")] = 128,
    max_connections: Annotated[int, typer.Option("--max-connections", min=1, help="Open connections.")] = 512,
    stop_seconds: Annotated[
        float, typer.Option("--stop-seconds", min=0.1, help="Time that running requests have when it is stopped.")
    ] = 20,
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
    *,
    lookup: Annotated[
        bool, typer.Option("--lookup/--no-lookup", help="Look NCT numbers up, the only request it makes to others.")
    ] = True,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the REST API and the page: one warm model, no outside request but look-ups of NCT numbers.

    Bodies are limited in size and time, uploads stay in memory, and nothing that a request says is logged.
    """
    from cladmop.server.run import run
    from cladmop.server.settings import Limits, Settings, read_token

    limits = Limits(
        json_bytes=1_000 * max_json,
        upload_bytes=1_000 * max_upload,
        items=max_items,
        characters=max_characters,
        trials=max_trials,
        requests=max_requests,
        connections=max_connections,
        stop_seconds=stop_seconds,
    )
    settings = Settings(
        host=host,
        port=port,
        model=model,
        index=str(index) if index is not None else None,
        registry=registry,
        lookup=lookup,
        token=read_token(token_file),
        allowed_hosts=tuple(allow_host or ()),
        threads=threads,
        limits=limits,
    )
    if not settings.is_local and settings.token is None:
        note(f"warning: everybody who reaches {host} may use this service; --token-file FILE asks for a token")
    note(f"loading the model and past trials: {_START}")
    run(settings, log_level, note, open_page=open_page)
