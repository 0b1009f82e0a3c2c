"""Calibration: from scores that rank well to probabilities that mean what they say.

Fitted on validation scores, never on test, and stored as plain numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import CorruptArtefactError, InputError
from cladmop.evaluation.checks import checked

_EDGE = 1e-6  # scores are kept this far from 0 and 1 before their log-odds are taken


class Calibrator(Protocol):
    """A fitted map from scores in [0, 1] to probabilities."""

    kind: ClassVar[str]

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each score, shape (n,)."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, readable by `calibrator_from_dict`."""
        ...


@dataclass(frozen=True)
class Platt:
    """Platt scaling (1999): p = sigmoid(slope x logit(score) + intercept). Two numbers, so fit for few trials."""

    kind: ClassVar[str] = "platt"
    slope: float
    """Below 1 the scores were too sure; negative where they rank the wrong way round."""
    intercept: float
    """Shift of the log-odds."""

    @classmethod
    def fit(cls, labels: ArrayLike, scores: ArrayLike) -> Self:
        """Fit by maximum likelihood on Platt's smoothed targets, which keep separable scores from diverging.

        Raises
        ------
        InputError
            If labels or scores are malformed, a score lies outside [0, 1], or only one class is there.
        """
        from sklearn.linear_model import LogisticRegression

        truth, values = _both_classes(labels, scores)
        successes, failures = int(truth.sum()), int((1 - truth).sum())
        target = np.where(truth == 1, (successes + 1) / (successes + 2), 1 / (failures + 2))
        # A soft target t is a success of weight t and a failure of weight 1 - t.
        logits = np.tile(_logit(values), 2)[:, None]
        classes = np.repeat([1, 0], len(values))
        model = LogisticRegression(C=np.inf).fit(logits, classes, sample_weight=np.concatenate([target, 1 - target]))
        return cls(float(model.coef_[0, 0]), float(model.intercept_[0]))

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each score, shape (n,)."""
        from scipy.special import expit

        logits = self.slope * _logit(np.asarray(scores, dtype=np.float64)) + self.intercept
        return np.asarray(expit(logits), dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"kind": self.kind, "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True)
class Isotonic:
    """Isotonic regression: the best non-decreasing map, straight between its knots and flat outside them.

    It makes ties, which cost a little ROC-AUC, and wants some hundred trials.
    """

    kind: ClassVar[str] = "isotonic"
    scores: tuple[float, ...]
    """Knots, ascending, at least one."""
    probabilities: tuple[float, ...]
    """Values at the knots, never falling."""

    @classmethod
    def fit(cls, labels: ArrayLike, scores: ArrayLike) -> Self:
        """Fit by pooling adjacent violators.

        Raises
        ------
        InputError
            If labels or scores are malformed, a score lies outside [0, 1], or only one class is there.
        """
        from sklearn.isotonic import IsotonicRegression

        truth, values = _both_classes(labels, scores)
        model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(values, truth)
        return cls(tuple(model.X_thresholds_.tolist()), tuple(model.y_thresholds_.tolist()))

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each score, shape (n,)."""
        return np.interp(np.asarray(scores, dtype=np.float64), self.scores, self.probabilities)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"kind": self.kind, "scores": list(self.scores), "probabilities": list(self.probabilities)}


def calibrator_from_dict(plain: Mapping[str, Any]) -> Calibrator:
    """Read what ``to_dict`` of a calibrator gave.

    Raises
    ------
    CorruptArtefactError
        If it is no calibrator, or its numbers are missing, not finite or not ascending.
    """
    try:
        if plain["kind"] == Platt.kind:
            return _finite(Platt(float(plain["slope"]), float(plain["intercept"])))
        if plain["kind"] == Isotonic.kind:
            knots = tuple(map(float, plain["scores"])), tuple(map(float, plain["probabilities"]))
            return _ascending(Isotonic(*knots))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtefactError(f"a stored calibrator is not readable ({error!r}); calibrate again") from error
    raise CorruptArtefactError(f"a stored calibrator is of kind {plain['kind']!r}; it must be platt or isotonic")


def _finite(platt: Platt) -> Platt:
    if not np.isfinite([platt.slope, platt.intercept]).all():
        raise ValueError(f"slope {platt.slope}, intercept {platt.intercept}")
    return platt


def _ascending(isotonic: Isotonic) -> Isotonic:
    knots, values = np.array(isotonic.scores), np.array(isotonic.probabilities)
    if (
        len(knots) != len(values)
        or not len(knots)
        or not (np.diff(knots) > 0).all()
        or not (np.diff(values) >= 0).all()
    ):
        raise ValueError(f"{len(knots)} knots and {len(values)} values that do not ascend together")
    return isotonic


def _both_classes(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truth, values = checked(labels, scores, probabilities=True)
    if truth.min() == truth.max():
        raise InputError(f"all {len(truth)} labels are {truth[0]}; calibration needs successes and failures")
    return truth, values


def _logit(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(scores, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(kept / (1 - kept)), dtype=np.float64)
