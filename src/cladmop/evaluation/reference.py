"""Which simple rival is the one to beat? Chosen on training trials, before any scored label is read."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from numpy.typing import ArrayLike

from cladmop.errors import InputError
from cladmop.evaluation.checks import checked
from cladmop.evaluation.folds import Fold
from cladmop.evaluation.metrics import roc_auc


def choose_reference(
    labels: ArrayLike, scores: Mapping[str, ArrayLike], folds: Sequence[Fold]
) -> tuple[str, dict[str, float]]:
    """Return the rival with the highest mean ROC-AUC over folds, and that mean of every rival.

    The mean over folds, and not the ROC-AUC of all trials together: models of different folds have scales of their own.
    Of equal means the earlier name wins. Only trials that rivals are fitted on belong here, none that judges them.

    Parameters
    ----------
    labels : array_like of shape (n,)
        0 or 1 a training trial.
    scores : mapping of str to array_like of shape (n,)
        Scores of each trial by a rival that was fitted without its fold.
    folds : sequence of Fold
        Whose validation rows hold every trial once (`ordered_folds`); each must hold both classes.

    Returns
    -------
    name : str
        Of the reference.
    means : dict
        Mean ROC-AUC of each rival, in the order of ``scores``.

    Raises
    ------
    InputError
        If there is no rival, labels or scores are malformed, a fold holds one class only, or the folds do not hold
        every trial once.
    """
    if not scores:
        raise InputError("no rival to choose the reference from; give the scores of at least one")
    _check_folds(labels, folds)
    means = {}
    for name, values in scores.items():
        truth, found = checked(labels, values)
        means[name] = fmean(roc_auc(truth[fold.validation], found[fold.validation]) for fold in folds)
    return max(means, key=lambda name: means[name]), means


def _check_folds(labels: ArrayLike, folds: Sequence[Fold]) -> None:
    truth = checked(labels, np.zeros(np.shape(labels)))[0]
    held_out = np.sort(np.concatenate([fold.validation for fold in folds])) if folds else np.empty(0)
    if not np.array_equal(held_out, np.arange(len(truth))):
        raise InputError(
            f"{len(folds)} folds validate on {len(held_out)} rows, which are not each of {len(truth)} trials once; "
            "use ordered_folds of these trials"
        )
    for fold in folds:
        if len(np.unique(truth[fold.validation])) < 2:
            raise InputError(f"fold {fold.name!r} holds one class only; use fewer folds or more trials")
