"""Contestants with no labels of the phase, or a handful: zero-shot and few-shot."""

import copy
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from cladmop.benchmark.contestants import Contestant, Make
from cladmop.benchmark.networks import zero_shot
from cladmop.errors import MissingArtefactError

if TYPE_CHECKING:
    from cladmop.benchmark.bench import Bench
    from cladmop.rivals.base import Labelled, Rival

SIZES = (8, 16, 32, 64)
"""Trials a class, as in the paper."""
_QUICK = 32


def _regression(bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.pooled import PooledStates

    return PooledStates(bench.encoder(), levels="all")


def _others(bench: "Bench") -> "Labelled":
    """Return the trials of other phases, or leave a row out that has none to learn on."""
    if len(set(bench.task.others[1])) < 2:
        raise MissingArtefactError("needs labelled trials of other phases to meta-learn on; this task has none")
    return bench.task.others


def _maml(bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.meta.rival import Maml

    # A shallow copy shares what meta-learning gave, so that all draws cost it once.
    return copy.copy(bench.once("maml", lambda: Maml(bench.encoder(), _others(bench)).meta_learn()))


def _anil(bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.meta.rival import Anil

    return copy.copy(bench.once("anil", lambda: Anil(bench.encoder(), _others(bench)).meta_learn()))


def _require(bench: "Bench", k: int) -> None:
    """Refuse a task with too few trials of a class, which leaves the row out and no others."""
    labels = bench.task.train[1]
    rarer = min(labels.count(0), labels.count(1))
    if rarer < k:
        raise MissingArtefactError(f"needs {k} training trials of each class; the rarer one has {rarer}")


def _few(make: Make, k: int, bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.few_shot import FewShot

    _require(bench, k)
    return FewShot(partial(make, bench, draw), k, draw)


def _shot(k: int, bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.few_shot import FewShot
    from cladmop.rivals.network import Shot

    _require(bench, k)
    start = bench.once("pre-trained", lambda: zero_shot(bench, 0).fit(*bench.task.train))
    folder = bench.folder / "stages" / "few-shot" / f"{k:03d}-{draw:02d}"
    return FewShot(lambda: Shot(start, draw, folder), k, draw)


def few_shot_contestants(sizes: Sequence[int] = SIZES) -> list[Contestant]:
    """Return the contestants of this module for some numbers of trials a class."""
    made = [
        Contestant(
            "CLaDMoP, zero-shot", "few-shot", "pair matching alone: the match of criteria with their own drugs and "
            "diseases (the paper states no score); no labels", zero_shot, chance="seed", quick=False,
        )
    ]  # fmt: skip
    kinds: list[tuple[str, str, Make]] = [
        ("MiniLM, four layers", "logistic regression on mean-pooled states", _regression),
        ("MAML", "Finn et al., ICML 2017, meta-learned on the other phases' trials", _maml),
        ("ANIL", "Raghu et al., ICLR 2020: MAML that adapts the head alone", _anil),
    ]
    for k in sizes:
        quick, ending = k == _QUICK, f"; {k} training trials of each class"
        made += [
            Contestant(f"{name}, {k}-shot", "few-shot", note + ending, partial(_few, make, k), "shots", quick=quick)
            for name, note, make in kinds
        ]
        note = f"pre-trained by pair matching, fine-tuned by LoRA{ending}"
        made.append(Contestant(f"CLaDMoP, {k}-shot", "few-shot", note, partial(_shot, k), "shots", quick=quick))
    return made
