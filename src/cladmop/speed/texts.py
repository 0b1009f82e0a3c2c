"""Texts and trials to measure on: invented criteria as long as real ones, or TOP's own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cladmop.records import Trial
from cladmop.sources.examples import example_trials

_LOG_WORDS = (2.42, 0.87)
"""Mean and deviation of ln(words) of the items of TOP phase I validation; a word is 1.35 tokens there."""
_LONGEST = 160
ITEMS = 24
"""Items of a trial, about the mean over TOP."""


def invented_items(number: int, seed: int = 0) -> list[str]:
    """Return different criteria, lengths distributed as in real ones, words drawn from the bundled examples."""
    draw = np.random.default_rng(seed)
    words = sorted({word for trial in example_trials() for item in trial.criteria for word in item.split()})
    lengths = np.clip(draw.lognormal(*_LOG_WORDS, number).round().astype(int), 2, _LONGEST)
    # A number at the end keeps short texts apart, so that no cache answers for another.
    return [f"{' '.join(draw.choice(words, length - 1))} {seed}.{row}" for row, length in enumerate(lengths)]


def top_items(folder: Path, number: int, seed: int = 0) -> list[str]:
    """Return criteria of TOP's phase I validation trials, drawn at random, in the order drawn.

    Raises
    ------
    MissingArtefactError, InputError, CorruptArtefactError
        As ``read_top``.
    """
    from cladmop.sources.top import read_top, split_path

    trials = read_top(split_path(folder, "I", "valid"))
    items = sorted({item for one in trials for item in one.trial.criteria})
    order = np.random.default_rng(seed).permutation(len(items))[:number]
    return [items[row] for row in order]


def invented_trials(number: int, items: Sequence[str], seed: int = 0, each: int = ITEMS) -> list[Trial]:
    """Return the bundled examples over and over, with criteria drawn from ``items``, half on either side."""
    draw = np.random.default_rng(seed)
    examples = example_trials()
    trials = []
    for row in range(number):
        drawn = [items[one] for one in draw.choice(len(items), min(each, len(items)), replace=False)]
        half = len(drawn) // 2
        sides = {"inclusion": tuple(drawn[:half]), "exclusion": tuple(drawn[half:])}
        trials.append(examples[row % len(examples)].model_copy(update=sides))
    return trials
