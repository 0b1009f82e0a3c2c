"""The whole benchmark: what is measured, what it will cost, and how it is shown."""

import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cladmop.evaluation.tables import Table
from cladmop.speed.measuring import LEVEL, Figure, Rounds
from cladmop.storage import write_json, write_text

MODELS = ("minilm", "smollm2")


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    texts: dict[str, int]
    """Texts that each embedded model encodes a round."""
    lengths: tuple[int, ...]
    """Criteria tokens T of the fusion."""
    trials: int
    """Cached trials scored a round."""
    rounds: Rounds
    """How each item is measured."""
    threads: int | None
    """Threads of torch; its own choice if none."""
    minutes: float
    """About what all of it takes on two cores."""


FULL = Sizes(
    {"minilm": 600, "smollm2": 160}, (128, 256, 512, 1024, 2048, 4096, 8192), 10_000, Rounds(7, 60.0), None, 8.0
)
TINY = Sizes({"minilm": 96, "smollm2": 32}, (128, 1024), 200, Rounds(2, 3.0, cpu=True), 1, 0.7)
"""On one thread and in its own processor time, so that what else the machine does disturbs little."""


_CLOCKS = {True: "processor time on one thread", False: "elapsed time"}


def run(sizes: Sizes, model: str, data: Path | None, say: Callable[[str], None]) -> list[Figure]:
    """Measure everything; ``say`` is told each item before it begins.

    Parameters
    ----------
    sizes
        `FULL`, `TINY`, or others.
    model
        Model folder for the items on prediction.
    data
        Folder of TOP, to encode its criteria; invented ones if none.
    """
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.speed.encoding import measure_encoding
    from cladmop.speed.fusion import measure_fusion
    from cladmop.speed.prediction import measure_latency, measure_throughput
    from cladmop.speed.texts import invented_items, top_items

    figures: list[Figure] = []
    with _threads(sizes.threads):
        for name in MODELS:
            number = sizes.texts[name]
            say(f"encode {name}: {number} {'invented texts' if data is None else 'criteria of TOP'}")
            texts = invented_items(number) if data is None else top_items(data, number)
            figures += measure_encoding(name, texts, sizes.rounds)
        say(f"fusion: T = {', '.join(f'{t:,}' for t in sizes.lengths)}")
        figures += measure_fusion(sizes.lengths, sizes.rounds)
        say(f"prediction: model {model}")
        classifier = TrialOutcomeClassifier.from_pretrained(model)
        figures += measure_latency(classifier, sizes.rounds)
        say(f"throughput: {sizes.trials:,} trials")
        figures += measure_throughput(classifier, sizes.trials, sizes.rounds)
    return figures


def cost_line(sizes: Sizes) -> str:
    """Return one line on what `run` will cost."""
    texts = " and ".join(f"{number} texts with {name}" for name, number in sizes.texts.items())
    return (
        f"about {sizes.minutes:g} minutes on two cores: {texts}, fusion to T = {max(sizes.lengths):,}, "
        f"{sizes.trials:,} cached trials; at most {sizes.rounds.repeats} rounds each"
    )


def table(figures: Sequence[Figure], sizes: Sizes) -> Table:
    """Return the figures, measured at ``sizes``, as a table."""
    rows = tuple(
        (one.name, f"{one.value:,.3g}" if one.value < 100 else f"{one.value:,.0f}", one.unit, one.rival,
         f"{one.ratio:.2f} [{one.low:.2f}, {one.high:.2f}]", one.reading, _goal(one), one.note)
        for one in figures
    )  # fmt: skip
    header = ("item", "measured", "unit", "rival, same run", "ratio", "reading", "goal", "note")
    clock = _CLOCKS[sizes.rounds.cpu]
    note = f"[{LEVEL:.0%} bootstrap interval of the median ratio over rounds], rivals in turn, in {clock}. {machine()}."
    return Table("Speed beside named rivals", header, rows, note, words=(0, 2, 3, 5, 6, 7))


def _goal(one: Figure) -> str:
    return f"{one.goal}: {'met' if one.met else 'not met'}" if one.goal else ""


def write(figures: Sequence[Figure], sizes: Sizes, folder: Path) -> list[Path]:
    """Write ``speed.md`` and ``speed.json`` into a folder and return their paths.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    markdown, plain = folder / "speed.md", folder / "speed.json"
    write_text(markdown, "# Speed\n\n" + table(figures, sizes).markdown())
    write_json(plain, as_json(figures))
    return [markdown, plain]


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return a list of objects with name, value, unit, rival, ratio and more."""
    found: list[dict[str, Any]] = json.loads(json.dumps([one.to_dict() for one in figures]))
    return found


def machine() -> str:
    """Return the machine in a few words: processor, cores, versions."""
    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    cores = os.cpu_count() or 1
    return f"{platform.machine()}, {capability}, {cores} cores, PyTorch {torch.__version__}"


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
