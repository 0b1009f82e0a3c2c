"""Subsets of scored trials: those that are new to a model, and those of one therapeutic area."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Parts = Sequence[frozenset[str]]
"""What each trial holds: identities of drugs, ICD-10 categories, or chapters; empty where nothing is known."""


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
    """
    found = {title: np.array([chapter in one for one in chapters], np.bool_) for chapter, title in titles.items()}
    present = {title: mask for title, mask in found.items() if mask.any()}
    ranked = dict(sorted(present.items(), key=lambda pair: -int(pair[1].sum())))
    none = np.array([not one for one in chapters], np.bool_)
    return {**ranked, **({"no disease code": none} if none.any() else {})}
