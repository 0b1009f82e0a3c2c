"""Whether explanations point at what moves the score, and come from what the model learned.

Two checks of contributions by leaving out (`cladmop.explain`). *Deletion and insertion*: taking out (or putting in) the
criteria that contribute most towards where the score leans must move it further than the same number drawn at random.
*Randomised weights* (Adebayo et al. 2018, arXiv:1810.03292): the contributions of the same model with its learned
weights shuffled must not resemble those of the model.

Shapes: n trials, S shares of their criteria, D random orders.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.benchmark.shuffled import with_shuffled_weights
from cladmop.errors import InputError
from cladmop.evaluation.bootstrap import percentile_interval
from cladmop.evaluation.estimate import Estimate
from cladmop.explain.left_out import chunks, criteria_of, leave_out
from cladmop.records import Trial
from cladmop.training.cost import duration, gigabytes, memory_used

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier

LEAST_ITEMS = 5
"""Criteria that a trial must have to take part."""
SHARES = tuple(tenth / 10 for tenth in range(1, 11))
"""Shares of a trial's criteria that are taken out or put in, rounded, one criterion at least."""
HEADLINE = 0.2
"""The share whose ratio is the headline."""
GUIDED, LONGEST, RANDOM = "contributors first", "longest first", "random"
Orders = Mapping[str, Sequence[NDArray[np.intp]]]
"""By name, one or several orders of a trial's criteria."""
Moved = Mapping[str, NDArray[np.float64]]
"""By name of the order, how far each trial's log-odds moved at each share, shape (n, S)."""
_BOOTSTRAPS = 2000
_TIMED = 3
"""Trials whose contributions tell how long the checks will take."""


@dataclass(frozen=True)
class Settings:
    """How both checks are run."""

    draws: int = 5
    """Random orders of each trial's criteria, D."""
    shuffles: int = 3
    """Models with shuffled weights."""
    seed: int = 0
    trials: int | None = None
    """Trials drawn by seed, at least 2; all that take part if none."""

    def __post_init__(self) -> None:
        """Refuse numbers that leave nothing to compare.

        Raises
        ------
        InputError
            If there are fewer than one random order, one shuffled model or two trials.
        """
        if self.draws < 1 or self.shuffles < 1 or (self.trials is not None and self.trials < 2):
            raise InputError(
                f"{self.draws} random orders, {self.shuffles} shuffled models, {self.trials} trials: give one or more "
                "of the first two, and two trials or more"
            )


@dataclass(frozen=True)
class ExplanationChecks:
    """What both checks gave."""

    trials: int
    deletion: Moved
    """``|log-odds without the first criteria of the order - log-odds|``, the mean over random orders."""
    insertion: Moved
    """``|log-odds of the first criteria of the order - log-odds without any criteria|``, likewise."""
    signed: NDArray[np.float64]
    """Spearman's correlation of contributions with those of shuffled models, mean over these, shape (n,)."""
    unsigned: NDArray[np.float64]
    """The same of their absolute values: high where the text, not the weights, decides what moves a score."""
    seed: int

    def mean(self, values: NDArray[np.float64]) -> Estimate:
        """Return a mean over trials with its 95% bootstrap interval, from values of shape (n,)."""
        return percentile_interval(float(values.mean()), values[self._resamples()].mean(axis=1))

    def ratio(self, moved: Moved, share: float, over: str = RANDOM) -> Estimate:
        """Return how many times as far the guided order moves scores as another, means over trials, paired."""
        place = SHARES.index(share)
        guided, other = moved[GUIDED][:, place], moved[over][:, place]
        rows = self._resamples()
        return percentile_interval(
            float(guided.mean() / other.mean()), guided[rows].mean(axis=1) / other[rows].mean(axis=1)
        )

    def _resamples(self) -> NDArray[np.intp]:
        return np.random.default_rng(self.seed).integers(0, self.trials, size=(_BOOTSTRAPS, self.trials))


def check_explanations(
    model: "TrialOutcomeClassifier",
    trials: Sequence[Trial],
    settings: Settings | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> ExplanationChecks:
    """Run both checks on the trials with five criteria or more; no label is read.

    Parameters
    ----------
    model
        A fitted model.
    trials
        The trials; for what a reader will see, those the model never saw.
    settings
        The defaults if none.
    say
        Told of the progress.

    Raises
    ------
    InputError
        If fewer than two trials have five criteria.
    """
    settings = settings or Settings()
    chosen = [trial for trial in trials if len(trial.criteria) >= LEAST_ITEMS]
    if len(chosen) < 2:
        raise InputError(f"{len(chosen)} of {len(trials)} trials have {LEAST_ITEMS} criteria; give two such or more")
    chosen = _drawn(chosen, settings)
    say(f"{len(chosen)} of {len(trials)} trials take part: {_cost(model, chosen, settings)}")
    base, own = contributions(model, chosen)
    say("contributions found; taking criteria out and putting them in")
    random = np.random.default_rng(settings.seed)
    deletion, insertion = [], []
    for trial, score, values in zip(chosen, base, own, strict=True):
        orders = _orders(trial, values * _lean(model, trial, score), random, settings.draws)
        deletion.append(_moved(model, [score], trial, orders, keep=False))
        bare = log_odds_of(model, [leave_out(trial, criteria_of(trial))])
        insertion.append(_moved(model, bare, trial, orders, keep=True))
    say("asking models with shuffled weights")
    shuffled = [
        contributions(with_shuffled_weights(model, settings.seed + number), chosen)[1]
        for number in range(settings.shuffles)
    ]
    return ExplanationChecks(
        len(chosen),
        _stacked(deletion),
        _stacked(insertion),
        _resemblance(own, shuffled),
        _resemblance([abs(one) for one in own], [[abs(one) for one in each] for each in shuffled]),
        settings.seed,
    )


def _cost(model: "TrialOutcomeClassifier", trials: Sequence[Trial], settings: Settings) -> str:
    """Return how many edits of the trials are scored, and for how long, from the contributions of a few of them."""
    some = trials[:_TIMED]
    log_odds_of(model, some)  # Loads and encodes what the clock should not see.
    start = perf_counter()
    contributions(model, some)
    pace = (perf_counter() - start) / sum(1 + len(trial.criteria) for trial in some)
    left_out = sum(1 + len(trial.criteria) for trial in trials) * (1 + settings.shuffles)
    moved = 2 * len(trials) * len(SHARES) * (2 + settings.draws)
    seconds = (left_out + moved) * pace
    memory = gigabytes(memory_used())
    return f"{left_out + moved:,} edits to score, about {duration(seconds)}, about {memory} of memory"


def _drawn(trials: list[Trial], settings: Settings) -> list[Trial]:
    if settings.trials is None or settings.trials >= len(trials):
        return trials
    drawn = np.random.default_rng(settings.seed).choice(len(trials), size=settings.trials, replace=False)
    return [trials[row] for row in np.sort(drawn)]


def contributions(
    model: "TrialOutcomeClassifier", trials: Sequence[Trial]
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Return the log-odds of each trial, shape (n,), and what each of its criteria adds to them, one array a trial."""
    variants = [[trial, *(leave_out(trial, [part]) for part in criteria_of(trial))] for trial in trials]
    scores = log_odds_of(model, [one for each in variants for one in each])
    parts = np.split(scores, np.cumsum([len(each) for each in variants])[:-1])
    return np.array([part[0] for part in parts]), [part[0] - part[1:] for part in parts]


def log_odds_of(model: "TrialOutcomeClassifier", trials: Sequence[Trial]) -> NDArray[np.float64]:
    """Return calibrated log-odds of success, shape (n,), with bounded memory and without the refits."""
    from cladmop.estimator.blend import log_odds

    return np.concatenate([log_odds(model.predict_proba(chunk)[:, 1]) for chunk in chunks(trials)])


def _lean(model: "TrialOutcomeClassifier", trial: Trial, score: float) -> float:
    """Return 1 where the score lies above the base rate of the trial's phase, else -1."""
    from cladmop.estimator.blend import log_odds

    base_rate = model.base_rates_.get(trial.phase.group, model.base_rates_["all"])
    return 1.0 if score >= float(log_odds(base_rate.rate)) else -1.0


def _orders(trial: Trial, towards: NDArray[np.float64], random: np.random.Generator, draws: int) -> Orders:
    lengths = np.array([len(text) for text in trial.criteria])
    return {
        GUIDED: [np.argsort(-towards, kind="stable")],
        LONGEST: [np.argsort(-lengths, kind="stable")],
        RANDOM: [random.permutation(len(lengths)) for _ in range(draws)],
    }


def _moved(
    model: "TrialOutcomeClassifier", start: Sequence[float] | NDArray[np.float64], trial: Trial, orders: Orders,
    *, keep: bool,
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """Return how far the log-odds move from ``start`` where the first criteria are kept alone or left out, (S,)."""
    parts = criteria_of(trial)
    every = [order for several in orders.values() for order in several]
    variants = []
    for order in every:
        for share in SHARES:
            number = max(1, round(share * len(parts)))
            gone = order[number:] if keep else order[:number]
            variants.append(leave_out(trial, [parts[place] for place in gone]))
    moved = abs(log_odds_of(model, variants) - start[0]).reshape(len(every), len(SHARES))
    ends = np.cumsum([len(several) for several in orders.values()])
    return {name: rows.mean(axis=0) for name, rows in zip(orders, np.split(moved, ends[:-1]), strict=True)}


def _stacked(moved: Sequence[Mapping[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.stack([one[name] for one in moved]) for name in moved[0]}


def _resemblance(
    own: Sequence[NDArray[np.float64]], others: Sequence[Sequence[NDArray[np.float64]]]
) -> NDArray[np.float64]:
    """Return the rank correlation within each trial, mean over the other models, shape (n,)."""
    found = [[_rank_correlation(mine, theirs) for mine, theirs in zip(own, each, strict=True)] for each in others]
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def _rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Spearman's correlation; a constant resembles nothing."""
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic) if np.ptp(first) > 0 and np.ptp(second) > 0 else 0.0
