"""Prediction: warm, cold beside the language model alone, and trials a second once texts are cached."""

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cladmop.records import Trial
from cladmop.speed.measuring import Figure, Ratio, Rounds, figure
from cladmop.speed.texts import ITEMS, invented_items, invented_trials

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier

WARM_GOAL = "value <= 30"
COLD_GOAL = "ratio <= 1.2"
CACHED_GOAL = "value >= 2000"
_CHUNK = 1_000
"""Trials scored in one call: their arrays take about 80 kB each."""
_MEMORY_MB = 1_024.0
_WITHOUT = "the same model without cache"
_POOL = 600
"""Different criteria that the cached trials are made of, at most."""


def measure_latency(model: "TrialOutcomeClassifier", rounds: Rounds) -> list[Figure]:
    """Measure one trial, asked for again and asked for the first time.

    Parameters
    ----------
    model
        A fitted model; from here on it keeps its states in memory.
    rounds
        How it is measured.
    """
    model.keep_in_memory(_MEMORY_MB)
    fresh = _fresh(model, rounds.repeats + 2)
    known = fresh[0]
    texts: list[str] = []

    def cold() -> None:
        trial = fresh.pop()
        texts[:] = _texts(trial)
        model.predict_trials([trial])

    # Alone comes after cold, so that it reads the very same texts; an encoder remembers nothing.
    calls = {
        "cold": cold,
        "alone": lambda: model.trial_encoder().text.encode(texts, pool=True),
        "warm": lambda: model.predict_trials([known]),
    }
    model.predict_trials([known])
    found = rounds.in_turn(calls)
    note = f"{ITEMS} criteria, {len(_texts(known)) - ITEMS} names, interval and sets included"
    warm, cold_s, alone = (found[name] for name in ("warm", "cold", "alone"))
    return [
        figure("warm prediction", 1e3 * statistics.median(warm), "ms", _WITHOUT, Ratio.of(cold_s, warm),
               reading="times as fast", goal=WARM_GOAL, note=note),
        figure("cold prediction", 1e3 * statistics.median(cold_s), "ms", "the language model alone, same texts",
               Ratio.of(cold_s, alone), reading="times the cost", goal=COLD_GOAL, note=note),
    ]  # fmt: skip


def measure_throughput(model: "TrialOutcomeClassifier", trials: int, rounds: Rounds) -> list[Figure]:
    """Measure trials a second where every text is cached, beside the same model that has none of them.

    Parameters
    ----------
    model
        A fitted model; from here on it keeps its states in memory.
    trials
        How many are scored in a round.
    rounds
        How it is measured.
    """
    model.keep_in_memory(_MEMORY_MB)
    pool = min(_POOL, max(2 * ITEMS, trials // 2))
    cached = invented_trials(trials, invented_items(pool, seed=1), seed=1)
    at_once = min(8, max(1, trials // 100))
    fresh = _fresh(model, at_once * (rounds.repeats + 1))

    def uncached() -> None:
        model.score_trials([fresh.pop() for _ in range(at_once)])

    calls = {"model": lambda: _score(model, cached), "fresh": uncached}
    if model.networks_:
        calls["network"] = lambda: _score_by_one(model, cached)
    found = rounds.in_turn(calls)
    others = [at_once / one for one in found["fresh"]]
    note = f"{trials:,} trials of {ITEMS} criteria from {pool} texts, {_CHUNK:,} a call"
    figures = []
    for name, what in (("network", "one CLaDMoP network"), ("model", "whole model, refits for intervals included")):
        if name in found:
            rates = [trials / one for one in found[name]]
            figures.append(
                figure(f"cached trials a second, {what}", statistics.median(rates), "trials/s", _WITHOUT,
                       Ratio.of(rates, others), reading="times as fast", goal=CACHED_GOAL, note=note)
            )  # fmt: skip
    return figures


def _score_by_one(model: "TrialOutcomeClassifier", trials: Sequence[Trial]) -> None:
    """Score by the first network alone: the paper's model, from trials whose states are cached."""
    from cladmop.training.predict import predict_logits

    for start in range(0, len(trials), _CHUNK):
        encoded = model.trial_encoder().encode(trials[start : start + _CHUNK])
        assert math.isfinite(float(predict_logits(model.networks_[0], encoded).sum()))


def _score(model: "TrialOutcomeClassifier", trials: Sequence[Trial]) -> None:
    for start in range(0, len(trials), _CHUNK):
        odds = model.score_trials(trials[start : start + _CHUNK]).log_odds
        assert math.isfinite(float(odds.sum()))


def _fresh(model: "TrialOutcomeClassifier", number: int) -> list[Trial]:
    """Return trials of which no two share a criterion; their drugs are known, as those of the cached ones are."""
    items = invented_items(number * ITEMS, seed=3)
    trials = [invented_trials(1, items[row * ITEMS : (row + 1) * ITEMS], seed=row)[0] for row in range(number)]
    names = [trial.model_copy(update={"inclusion": (), "exclusion": ()}) for trial in trials[:1]]
    model.predict_trials(names)
    return trials


def _texts(trial: Trial) -> list[str]:
    return [*trial.criteria, *(drug.name for drug in trial.drugs), *(disease.name for disease in trial.diseases)]
