"""What the benchmark will take, from what each model took once: seconds a fit, scaled by the trials."""

from typing import TYPE_CHECKING

from cladmop.training.cost import duration, gigabytes, memory_used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cladmop.benchmark.bench import Bench
    from cladmop.benchmark.contestants import Contestant

_TRIALS = 1_788
"""Trials of TOP phase I, which the seconds below are of."""
_SECONDS = {
    "Base rate": 0.1, "Criteria length": 3.0, "TF-IDF words": 4.0, "TF-IDF words, wider": 4.0,
    "TF-IDF characters": 27.0, "History": 18.0, "Logistic regression": 1.0, "Random forest": 4.0,
    "kNN + random forest": 4.0, "AdaBoost": 4.0, "Gradient boosting": 2.0, "Feed-forward": 1.0,
    "MiniLM, last layer": 0.4, "MiniLM, four layers": 0.6, "SmolLM2, asked": 1_700.0, "MEXA-CTP as released": 140.0,
    "MEXA-CTP repaired": 180.0, "HINT-style": 10.0, "CLaDMoP, paper preset": 550.0, "CLaDMoP": 170.0,
    "CLaDMoP, published structures": 170.0, "CLaDMoP, SmolLM2": 170.0, "cladmop blend": 240.0,
    "cladmop, shipped": 8.0, "CLaDMoP, zero-shot": 160.0,
}  # fmt: skip
"""Seconds of one fit and its scores, states cached, on two cores: times between the stored draws of two runs on TOP
phase I. What a contestant shares with an earlier one, such as a pre-trained network, is counted twice."""
_SHOT_SECONDS = {"MiniLM": 0.1, "MAML": 0.7, "ANIL": 0.2, "CLaDMoP": 5.0}
"""The same of one few-shot draw, by the first word of the name."""
_NETWORK_BYTES = 1_200_000_000
"""What training a network on those trials adds to the memory of the process, as measured there."""
_BY_TEXT = {"trivial", "text", "look-up"}
"""Groups that need no hidden states."""


def cost_lines(bench: "Bench", draws: "Sequence[tuple[Contestant, int, int]]") -> list[str]:
    """Return what is left to do in words: fits, time and memory, and what encoding takes where states are needed.

    Parameters
    ----------
    bench
        Task and encoders.
    draws
        Each contestant with its number of draws and how many of them are left.
    """
    total, left = sum(number for _, number, _ in draws), sum(number for _, _, number in draws)
    if not left:
        return [f"nothing to fit, all {total:,} fits of {len(draws)} models are there"]
    trials = [*bench.task.train[0], *bench.task.valid[0], *bench.task.test, *bench.task.others[0]]
    open_ones = [(one, number) for one, _, number in draws if number]
    lines = []
    if any(one.group not in _BY_TEXT for one, _ in open_ones):
        lines.append(bench.encoding_cost(trials))
    scale = (len(bench.task.train[0]) + len(bench.task.valid[0]) + len(bench.task.test)) / _TRIALS
    timed = [(seconds_of(one), number) for one, number in open_ones]
    seconds = scale * sum(each * number for each, number in timed if each is not None)
    memory = memory_used() + (_NETWORK_BYTES if any(one.group in {"network", "cladmop"} for one, _ in open_ones) else 0)
    unknown = sum(each is None for each, _ in timed)
    lines.append(
        f"{left:,} of {total:,} fits of {len(draws)} models left: about {duration(seconds)} on two cores"
        + (f" without {unknown} models that were never timed" if unknown else "")
        + f", about {gigabytes(memory)} of memory"
    )
    return lines


def seconds_of(contestant: "Contestant") -> float | None:
    """Return the seconds that one fit took on TOP phase I; none of a model that was not timed there."""
    if contestant.chance == "shots":
        return _SHOT_SECONDS.get(contestant.name.partition(",")[0])
    return _SECONDS.get(contestant.name)
