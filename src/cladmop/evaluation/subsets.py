"""Subsets of scored trials: those that are new to a model, those of one therapeutic area, and figures on them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import InputError
from cladmop.evaluation.bootstrap import checked_draws, resample_draws
from cladmop.evaluation.estimate import Estimate
from cladmop.evaluation.metrics import roc_auc

Mask = NDArray[np.bool_]
Parts = Sequence[frozenset[str]]
"""What each trial holds: identities of drugs, ICD-10 categories, or chapters; empty where nothing is known."""
LEAST = 30
"""Trials below which a subset gets no figure: its interval would span most of what is possible."""
_NONE = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class SubsetEvaluation:
    """One set of scores on one subset; figures are NaN where it holds fewer than `LEAST` trials or one class."""

    name: str
    n: int
    """Trials of the subset."""
    successes: int
    base_rate: Estimate
    """What average precision is to be read against."""
    roc_auc: Estimate
    """Mean over draws; its interval holds the sampling of trials, not that of draws."""
    average_precision: Estimate
    """Likewise."""
    draws: int
    """Seeds or draws that the figures are the mean of."""
    spread: float
    """Standard deviation of ROC-AUC over draws (ddof 1); NaN for a single one."""


def unseen(kind: str, train: Parts, scored: Parts) -> dict[str, Mask]:
    """Return the scored trials whose drugs or diseases are new, each as a mask of shape (n,).

    Trials of which nothing is known are in no subset.

    Parameters
    ----------
    kind
        What the parts are, in one word (``drugs``).
    train, scored
        Parts of each training trial and of each scored trial.

    Returns
    -------
    dict
        ``new drugs: combination`` (the set as a whole is in no training trial, the paper's "new diseases") and
        ``new drugs: every one`` (no part of it is).
    """
    combinations, parts = set(train), frozenset[str]().union(*train)
    return {
        f"new {kind}: combination": np.array([bool(one) and one not in combinations for one in scored], np.bool_),
        f"new {kind}: every one": np.array([bool(one) and not one & parts for one in scored], np.bool_),
    }


def areas(chapters: Parts, titles: Mapping[str, str]) -> dict[str, Mask]:
    """Return the scored trials of each ICD-10 chapter that is there, by title, most frequent first.

    A trial with diseases of several chapters is in each of them; trials without codes are in ``no disease code``.

    Raises
    ------
    InputError
        If a chapter has no title.
    """
    untitled = sorted(frozenset[str]().union(*chapters) - set(titles))
    if untitled:
        raise InputError(f"chapter {untitled[0]!r} has no title; give one of each ICD-10 chapter that trials are of")
    found = {title: np.array([chapter in one for one in chapters], np.bool_) for chapter, title in titles.items()}
    present = {title: mask for title, mask in found.items() if mask.any()}
    ranked = dict(sorted(present.items(), key=lambda pair: -int(pair[1].sum())))
    none = np.array([not one for one in chapters], np.bool_)
    return {**ranked, **({"no disease code": none} if none.any() else {})}


def evaluate_subsets(
    labels: ArrayLike, scores: ArrayLike, subsets: Mapping[str, Mask], n_bootstrap: int = 1000, seed: int = 0
) -> list[SubsetEvaluation]:
    """Return ROC-AUC and average precision on each subset with 95% bootstrap intervals, and its base rate.

    Subsets are many and small: one that stands out shows nothing by itself.

    Parameters
    ----------
    labels : array_like of shape (n,)
        0 or 1 a trial.
    scores : array_like of shape (n,) or (draws, n)
        Finite scores of the same trials.
    subsets : mapping of str to boolean ndarray of shape (n,)
        As `unseen` and `areas` give them.
    n_bootstrap, seed : int
        Resamples of the trials of each subset, and the seed that they follow from.

    Returns
    -------
    list of SubsetEvaluation
        In the order of ``subsets``; none is left out.

    Raises
    ------
    InputError
        If labels or scores are malformed, or a subset is no boolean mask of the trials.
    """
    truth, draws = checked_draws(labels, scores)
    for name, mask in subsets.items():
        if mask.dtype != np.bool_ or mask.shape != truth.shape:
            raise InputError(
                f"subset {name!r} is of {mask.dtype} and shape {mask.shape}; give {len(truth)} booleans, one a trial"
            )
    return [_on_subset(name, truth[mask], draws[:, mask], n_bootstrap, seed) for name, mask in subsets.items()]


def _on_subset(
    name: str, truth: NDArray[np.int64], draws: NDArray[np.float64], n_bootstrap: int, seed: int
) -> SubsetEvaluation:
    n, successes = len(truth), int(truth.sum())
    if n < LEAST or successes in {0, n}:
        return SubsetEvaluation(name, n, successes, _NONE, _NONE, _NONE, len(draws), math.nan)
    found = {metric: one.interval() for metric, one in resample_draws(truth, draws, n_bootstrap, seed).items()}
    each = [roc_auc(truth, values) for values in draws]
    spread = float(np.std(each, ddof=1)) if len(each) > 1 else math.nan
    return SubsetEvaluation(name, n, successes, draws=len(draws), spread=spread, **found)
