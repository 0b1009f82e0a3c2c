"""Logistic regression on frozen hidden states, averaged: the plainest use of a language model, and part of the blend.

Shapes: n trials, L levels, W width of the language model, P = 4 parts (inclusion, exclusion, drug names, disease
names), D = P x L x W features, G phase groups told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.records import Phase
from cladmop.rivals.phases import phase_columns

PARTS = 4
_CLIP = 4.0  # standard deviations; beyond, a state says no more
INVERSE_PENALTY = 0.1
"""Inverse strength of the ridge penalty: heavy, chosen on folds of TOP phase I train and valid."""
_PHASES = list(Phase)
_AT_ONCE = 16
"""Trials whose states are averaged together: those of MiniLM's items then stay in a core's cache."""


@dataclass
class StatesModel:
    """A fitted regression; four means a trial, standardised, clipped and scaled to unit expected length a part."""

    mean: NDArray[np.float32]
    """Mean of each feature over the training trials, shape (D,)."""
    deviation: NDArray[np.float32]
    """Standard deviation, never zero, shape (D,)."""
    coefficients: NDArray[np.float32]
    """Weight of each standardised feature in the log-odds, shape (D,)."""
    phases: NDArray[np.float32]
    """Weight of each phase group (`phase_columns`), shape (G,)."""
    intercept: float

    @classmethod
    def fit(cls, encoded: Sequence[EncodedTrial], labels: ArrayLike, weights: ArrayLike) -> Self:
        """Fit on trials, labels and sample weights, shape (n,) each."""
        from sklearn.linear_model import LogisticRegression

        raw = part_means(encoded)
        mean, deviation = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-6)
        features = np.hstack([_scaled(raw, mean, deviation), _phases(encoded)])
        model = LogisticRegression(C=INVERSE_PENALTY, max_iter=5000)
        model.fit(features, np.asarray(labels), sample_weight=np.asarray(weights))
        weights_D, phases_G = np.split(model.coef_[0].astype(np.float32), [raw.shape[1]])
        return cls(mean, deviation, weights_D, phases_G, float(model.intercept_[0]))

    def predict_proba(self, encoded: Sequence[EncodedTrial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,)."""
        return self.probabilities(self.design(encoded))

    def probabilities(self, design: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probabilities of success, shape (n,), of trials whose `design` is at hand."""
        from scipy.special import expit

        features, phases = np.split(design, [len(self.mean)], axis=1)
        logits = features @ self.coefficients + phases @ self.phases + self.intercept
        return np.asarray(expit(logits), dtype=np.float64)

    def design(self, encoded: Sequence[EncodedTrial]) -> NDArray[np.float32]:
        """Return what the regression sees: standardised part means, then phase groups, shape (n, D + G)."""
        return np.hstack([_scaled(part_means(encoded), self.mean, self.deviation), _phases(encoded)])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `from_tensors` needs to give identical scores."""
        return {
            "mean": self.mean,
            "deviation": self.deviation,
            "coefficients": self.coefficients,
            "phases": self.phases,
            "intercept": np.array([self.intercept], dtype=np.float64),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `tensors`.

        Raises
        ------
        KeyError
            If an array is missing.
        """
        return cls(
            mean=tensors["mean"],
            deviation=tensors["deviation"],
            coefficients=tensors["coefficients"],
            phases=tensors["phases"],
            intercept=float(tensors["intercept"][0]),
        )


def part_means(encoded: Sequence[EncodedTrial], levels: slice = slice(None)) -> NDArray[np.float32]:
    """Return the mean state of each part at each level, shape (n, P x L x W); an absent part is zero.

    Zero is told from a state by the regression itself: after standardising it is far from every mean. ``levels``
    takes only some of the four.
    """
    means = [_means_of(encoded[start : start + _AT_ONCE], levels) for start in range(0, len(encoded), _AT_ONCE)]
    return np.concatenate(means).reshape(len(encoded), -1)


def _means_of(encoded: Sequence[EncodedTrial], levels: slice) -> NDArray[np.float32]:
    """Return means of shape (n, P, L, W)."""
    import torch
    from torch.nn import functional

    parts_R = np.concatenate(
        [kinds + np.int64(PARTS * row) for row, one in enumerate(encoded) for kinds in (one.side, 2 + one.name_kinds)]
    )
    states_LRW = np.concatenate([states[levels] for one in encoded for states in (one.criteria, one.names)], axis=1)
    order_R = np.argsort(parts_R, kind="stable")
    starts_B = np.searchsorted(parts_R[order_R], np.arange(PARTS * len(encoded)))
    order, starts = torch.from_numpy(order_R), torch.from_numpy(starts_B)
    means_LBW = [
        functional.embedding_bag(order, torch.from_numpy(level).float(), starts, mode="mean") for level in states_LRW
    ]
    width = states_LRW.shape[2]
    return torch.stack(means_LBW, dim=1).numpy().reshape(len(encoded), PARTS, len(states_LRW), width)


def _scaled(raw: NDArray[np.float32], mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> NDArray[np.float32]:
    standard = raw - mean
    standard /= deviation
    np.clip(standard, -_CLIP, _CLIP, out=standard)
    standard /= np.float32(np.sqrt(raw.shape[1] / PARTS))
    return standard


def _phases(encoded: Sequence[EncodedTrial]) -> NDArray[np.float32]:
    return phase_columns([_PHASES[trial.phase] for trial in encoded])
