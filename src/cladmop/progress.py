"""Progress bars on standard error: rate and time left on a terminal, silent elsewhere."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

QUIET = "CLADMOP_QUIET"
"""Environment variable that turns bars off: two processes would draw over each other."""


class Bar:
    """A running bar; ``advance`` moves it by the work done (trials, tokens, epochs)."""

    def __init__(self, progress: "Progress | None", task: "TaskID | None") -> None:
        self._progress = progress
        self._task = task

    def advance(self, amount: float = 1.0, note: str = "") -> None:
        """Move the bar by ``amount`` and show ``note`` beside it."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, advance=amount, note=note)


def _rate_column() -> "ProgressColumn":
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.1f}/s" if task.speed else "")

    return Rate()


@contextmanager
def progress_bar(description: str, total: float, unit: str = "") -> Iterator[Bar]:
    """Show a bar of ``total`` units of work while the block runs; nothing when stderr is no terminal, or `QUIET`."""
    if QUIET in os.environ or not sys.stderr.isatty():
        yield Bar(None, None)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} " + unit),
        _rate_column(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress, progress.add_task(description, total=total, note=""))
