"""Bootstrap refits of a blend's regressions: what the training sample could have been.

Shapes: n trials, D columns of a part's design matrix (features, then phase groups), R refits.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cladmop.estimator.stored import StoredArrays


@dataclass(frozen=True)
class Replicates(StoredArrays):
    """One regression, fitted anew on R bootstrapped training samples over the same features."""

    coefficients: NDArray[np.float16]
    """Shape (R, D)."""
    intercepts: NDArray[np.float64]
    """Shape (R,)."""

    @classmethod
    def fit(
        cls,
        design: Any,  # noqa: ANN401 (a dense or sparse matrix)
        labels: NDArray[np.int64],
        counts: NDArray[np.int64],
        weights: NDArray[np.float64],
        C: float,
    ) -> Self:
        """Refit a ridge logistic regression.

        Parameters
        ----------
        design
            Dense or sparse, shape (n, D).
        labels
            0 or 1, shape (n,).
        counts
            How often each refit draws each trial, shape (R, n).
        weights
            How much each trial counts besides, shape (n,).
        C
            Inverse strength of the penalty, as of the model itself.
        """
        from sklearn.linear_model import LogisticRegression

        coefficients = np.zeros((len(counts), design.shape[1]), dtype=np.float16)
        intercepts = np.zeros(len(counts))
        for row, drawn in enumerate(counts):
            kept = np.flatnonzero(drawn)
            model = LogisticRegression(C=C, max_iter=5000)
            model.fit(design[kept], labels[kept], sample_weight=(weights * drawn)[kept])
            coefficients[row], intercepts[row] = model.coef_[0], model.intercept_[0]
        return cls(coefficients, intercepts)

    def logits(self, design: Any) -> NDArray[np.float64]:  # noqa: ANN401 (a dense or sparse matrix)
        """Return the log-odds of each trial by each refit, shape (R, n), from a design matrix of shape (n, D)."""
        products = design @ self._columns
        return np.asarray(products, dtype=np.float64).T + self.intercepts[:, None]

    @cached_property
    def _columns(self) -> NDArray[np.float32]:
        """The coefficients, shape (D, R), rows in one piece: a sparse design would copy them otherwise."""
        return np.ascontiguousarray(self.coefficients.T.astype(np.float32))


def bootstrap_counts(labels: NDArray[np.int64], refits: int, seed: int) -> NDArray[np.int64]:
    """Return how often each of ``refits`` bootstrap samples draws each trial, within each class, shape (R, n)."""
    generator = np.random.default_rng([seed, 0xB00])
    counts = np.zeros((refits, len(labels)), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        counts[:, rows] = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=refits)
    return counts
