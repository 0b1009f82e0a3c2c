"""How far a trial lies from the trials the model learned from.

The distance is Mahalanobis's, on 64 principal components of the language model's last level averaged over inclusion
items, exclusion items, drug names and disease names: the root mean square of the standardised components, about 1 for
a training trial. Only the cloud's centre and axes are kept, no training trial. Chosen among sixteen distances by the
Brier score's slope over held-out folds (docs/LOG.md).

Shapes: n trials, F = P x W features of the last level, Q components.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.estimator.states import part_means
from cladmop.estimator.stored import StoredArrays
from cladmop.evaluation.folds import Fold

COMPONENTS = 64
OUTSIDE = 95.0
"""Percentile of held-out training trials' distances beyond which a trial is called outside."""
_FLATTEST = 1e-3
"""Least standard deviation of a component, of that of the first."""
_PERCENTILES = np.arange(0, 101, dtype=np.float64)


@dataclass(frozen=True)
class Domain:
    """Where a trial lies among those the model learned from."""

    distance: float
    """About 1 for a typical training trial."""
    percentile: float
    """Share of held-out training trials that lie nearer, 0 to 100."""
    outside: bool
    """Whether it is farther than 95% of them."""


@dataclass(frozen=True)
class TrainingCloud(StoredArrays):
    """Centre and axes of the training trials, and how far trials held out of them lie."""

    mean: NDArray[np.float32]
    """Shape (F,)."""
    axes: NDArray[np.float16]
    """Principal axes, each divided by the standard deviation along it, shape (Q, F)."""
    percentiles: NDArray[np.float64]
    """Distances of held-out trials at percentiles 0, 1, ... 100, shape (101,)."""

    @classmethod
    def fit(cls, encoded: Sequence[EncodedTrial], folds: Sequence[Fold]) -> Self:
        """Fit on all trials; percentiles come from clouds of each fold's training trials."""
        features = _features(encoded)
        distances = [
            _distances(features[fold.validation], *_axes(features[fold.train])) for fold in folds if len(fold.train)
        ]
        return cls(*_axes(features), np.percentile(np.concatenate(distances), _PERCENTILES))

    def distances(self, encoded: Sequence[EncodedTrial]) -> NDArray[np.float64]:
        """Return the distance of each trial, shape (n,)."""
        return _distances(_features(encoded), self.mean, self.axes)

    def place(self, encoded: Sequence[EncodedTrial]) -> list[Domain]:
        """Return where each trial lies."""
        distances = self.distances(encoded)
        places = np.interp(distances, self.percentiles, _PERCENTILES)
        return [
            Domain(float(distance), float(place), bool(distance > self.percentiles[int(OUTSIDE)]))
            for distance, place in zip(distances, places, strict=True)
        ]


def _features(encoded: Sequence[EncodedTrial]) -> NDArray[np.float32]:
    return part_means(encoded, levels=slice(-1, None))


def _axes(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    from sklearn.decomposition import PCA

    components = min(COMPONENTS, features.shape[1], len(features) - 1)
    pca = PCA(components, svd_solver="full").fit(features)
    # Axes along which training trials hardly differ would be noise, stretched beyond half precision.
    deviations = np.sqrt(pca.explained_variance_)
    kept = deviations > max(_FLATTEST * deviations[0], _FLATTEST**2)
    axes = pca.components_[kept] / deviations[kept, None]
    return pca.mean_.astype(np.float32), axes.astype(np.float16)


def _distances(
    features: NDArray[np.float32], mean: NDArray[np.float32], axes: NDArray[np.float16]
) -> NDArray[np.float64]:
    standard = (features - mean).astype(np.float64) @ axes.astype(np.float64).T
    return np.asarray(np.sqrt((standard**2).mean(axis=1)), dtype=np.float64)
