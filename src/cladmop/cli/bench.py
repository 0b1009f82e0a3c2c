"""``cladmop bench``: speed as ratios against named rivals, measured in one run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cladmop.cli.options import ModelOption, note, print_table, say


def bench(
    *,
    tiny: Annotated[bool, typer.Option("--tiny", help="Under a minute: few texts, two rounds, one thread.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only JSON: a list with one object a figure.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder that gets speed.md and speed.json.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="TOP's folder: encode its criteria, not invented ones.")
    ] = None,
    model: ModelOption = "default",
) -> None:
    """Measure encoding, fusion and prediction in turn with named rivals, on this machine."""
    from cladmop.speed.running import FULL, TINY, cost_line, run, table, write
    from cladmop.speed.running import as_json as plain

    sizes = TINY if tiny else FULL
    note(cost_line(sizes))
    figures = run(sizes, model, data, note)
    if as_json:
        say(json.dumps(plain(figures), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print_table(table(figures, sizes))
    for path in [] if out is None else write(figures, sizes, out):
        note(f"written: {path}")
