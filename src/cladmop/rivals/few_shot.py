"""Any rival, fitted on a handful of the training trials."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.records import Trial
from cladmop.rivals.base import Rival, fit_labels, not_fitted
from cladmop.rivals.meta.tasks import draw_shots


class FewShot:
    """A rival that sees ``k`` failures and ``k`` successes of the trials it is given.

    The draws are those of the few-shot runs of the network: equal k, draw and seed give equal trials.

    Parameters
    ----------
    make
        Makes the unfitted rival that is fitted on the drawn trials.
    k
        Trials a class.
    draw
        Number of the draw, from 0.
    seed
        Decides the drawn trials, with ``k`` and ``draw``.
    """

    kind: ClassVar[str] = "few-shot"

    def __init__(self, make: Callable[[], Rival], k: int, draw: int = 0, seed: int = 0) -> None:
        self.make, self.k, self.draw, self.seed = make, k, draw, seed
        self._fitted: Rival | None = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Draw the trials and fit the rival on them, in their own order (see `Rival`).

        Raises
        ------
        InputError
            Also if a class has fewer than ``k`` trials.
        """
        truth = fit_labels(trials, labels)
        rows = draw_shots(truth, self.k, self.draw, self.seed)
        self._fitted = self.make().fit([trials[row] for row in rows], truth[rows])
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        if self._fitted is None:
            raise not_fitted(self.kind)
        return self._fitted.predict_proba(trials)
