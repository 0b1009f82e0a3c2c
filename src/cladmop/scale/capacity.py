"""What encoding takes, measured here and now, and what a whole registry would take on so many machines."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cladmop.encoders.shards import shard_bytes
from cladmop.errors import InputError
from cladmop.evaluation.tables import Table
from cladmop.training.cost import duration, memory_used

if TYPE_CHECKING:
    from cladmop.encoders.base import TextEncoder

REGISTRY_TOKENS = 300_000_000
"""Tokens in the criteria and names of ClinicalTrials.gov's 590,000 studies, about."""
MACHINES = (1, 2, 4, 8, 16, 32, 64)
_SAMPLE = 4_000
"""Tokens of one pass, about."""


@dataclass(frozen=True)
class Cost:
    """What a language model costs on one machine, measured."""

    encoder: str
    """Name of the encoder."""
    device: str
    """What it ran on, for people."""
    workers: int
    """Workers that fill the machine: its cores, or one for a GPU."""
    tokens: int
    """Tokens encoded in the measurement."""
    seconds: float
    """Time it took the whole machine."""
    bytes_per_token: float
    """What the states of one token take on disk."""
    memory: int
    """Resident bytes of one worker at most."""

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds

    @property
    def seconds_per_million(self) -> float:
        """Seconds that a million tokens take on one machine."""
        return 1e6 / self.rate


def measure(
    encoder: "TextEncoder",
    texts: Sequence[str],
    *,
    pool: bool,
    seconds: float,
    device: str = "cpu",
    threads: int | None = None,
) -> Cost:
    """Encode a sample of texts again and again for a while.

    Parameters
    ----------
    encoder
        The language model, on the device that is measured.
    texts
        Texts like those to come; an even sample of a few thousand tokens is used.
    pool
        Keep the mean over tokens instead of every token.
    seconds
        How long to measure at least, above 0; one pass is made whatever it takes.
    device
        ``cpu``, or the name of the GPU.
    threads
        CPU threads; as many as PyTorch takes by default.

    Raises
    ------
    InputError
        If there is no text, or no time.
    """
    if not texts or not seconds > 0:
        raise InputError(f"{len(texts)} texts and {seconds} seconds to measure with; give a text and a time above 0")
    counts = encoder.count_tokens(texts)
    sample, tokens = _sample(texts, counts)
    passes, spent = _timed(lambda: encoder.encode(sample, pool=pool), seconds, threads)
    vectors = len(sample) if pool else tokens
    return Cost(
        encoder=encoder.name,
        device=device,
        workers=cores() if device == "cpu" else 1,
        tokens=tokens * passes,
        seconds=spent,
        bytes_per_token=shard_bytes(len(sample), vectors, encoder.width) / tokens,
        memory=memory_used(),
    )


def plan_table(costs: Sequence[Cost], tokens: int, machines: Sequence[int] = MACHINES) -> Table:
    """Return time, disk and memory of encoding so many tokens, by number of machines like the one measured.

    Raises
    ------
    InputError
        If ``tokens`` is below 1.
    """
    if tokens < 1:
        raise InputError(f"{tokens} tokens; give 1 or more")
    rows = tuple(
        (
            f"{number} x {cost.device}",
            duration(tokens / cost.rate / number),
            f"{cost.bytes_per_token * tokens / number / 1e9:,.1f} GB",
            f"{cost.workers} x {cost.memory / 1e9:,.1f} GB",
        )
        for cost in costs
        for number in machines
    )
    told = "; ".join(
        f"{cost.device}: {cost.seconds_per_million:,.1f} s a million tokens "
        f"({cost.rate:,.0f} tokens/s, measured over {cost.tokens:,} tokens in {cost.seconds:.1f} s)"
        for cost in costs
    )
    total = costs[0].bytes_per_token * tokens / 1e9
    note = (
        f"{told}. All states together: {total:,.1f} GB. Shards need nothing of each other, so that time is divided by "
        "the machines; reading the registry and loading the model are not in it. One worker a core, or one a GPU."
    )
    header = ("machines", "time", "disk a machine", "memory a machine")
    return Table(f"Encoding {tokens:,} tokens with {costs[0].encoder}", header, rows, note)


def cores() -> int:
    """Return the processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measured_devices() -> dict[str, str]:
    """Return what can be measured here, by its name for people: the CPU, and a GPU where there is one."""
    import torch

    return {"cpu": "cpu"} | ({torch.cuda.get_device_name(): "cuda"} if torch.cuda.is_available() else {})


def _timed(work: Callable[[], object], seconds: float, threads: int | None) -> tuple[int, float]:
    """Return how often some work was done in at least that time, and in what time, after it was done once."""
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(threads or usual)
    try:
        work()
        start, passes = time.perf_counter(), 0
        while not passes or time.perf_counter() - start < seconds:
            work()
            passes += 1
        return passes, time.perf_counter() - start
    finally:
        torch.set_num_threads(usual)


def _sample(texts: Sequence[str], counts: Sequence[int]) -> tuple[list[str], int]:
    """Return an even sample of the texts of about ``_SAMPLE`` tokens, all where there are fewer, and its tokens."""
    step = max(1, sum(counts) // _SAMPLE)
    rows = range(min(step // 2, len(texts) - 1), len(texts), step)
    return [texts[row] for row in rows], sum(counts[row] for row in rows)
