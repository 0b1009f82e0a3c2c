"""How members become one probability: mean of log-odds by weight, then a calibration of two numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import CorruptArtefactError
from cladmop.evaluation.calibration import Calibrator, Platt, calibrator_from_dict
from cladmop.evaluation.folds import Fold
from cladmop.evaluation.metrics import best_threshold

_EDGE = 1e-6  # probabilities are kept this far from 0 and 1 before their log-odds are taken


def log_odds(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return ``ln(p / (1 - p))``, same shape, with p kept within 1e-6 of 0 and 1."""
    clipped = np.clip(np.asarray(probabilities, dtype=np.float64), _EDGE, 1 - _EDGE)
    return np.log(clipped) - np.log1p(-clipped)


@dataclass(frozen=True)
class Blend:
    """A fitted blend: which parts, how heavy, how calibrated, and where F1 is cut."""

    weights: dict[str, float]
    """Weight of each part by name; they sum to 1."""
    calibrator: Calibrator
    """From the blended score to the probability, fitted on out-of-fold scores."""
    threshold: float
    """Probability from which on a trial is called a success: best F1 out of fold."""

    @classmethod
    def fit(cls, labels: ArrayLike, parts: Mapping[str, ArrayLike], weights: Mapping[str, float]) -> Self:
        """Calibrate the blend on out-of-fold probabilities, shape (n,) a part.

        Raises
        ------
        InputError
            If only one class is there.
        """
        total = sum(weights[name] for name in parts)
        shares = {name: weights[name] / total for name in parts}
        score = _blended(parts, shares)
        calibrator = Platt.fit(labels, score)
        return cls(shares, calibrator, best_threshold(labels, calibrator(score)))

    def __call__(self, parts: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Return calibrated probabilities, shape (n,), from those of the parts."""
        return self.calibrator(self.uncalibrated(parts))

    def uncalibrated(self, parts: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Return the mean of the parts' log-odds by weight, as a probability, before it is calibrated."""
        return _blended(parts, self.weights)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"weights": self.weights, "calibrator": self.calibrator.to_dict(), "threshold": self.threshold}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave.

        Raises
        ------
        CorruptArtefactError
            If a key is missing or malformed.
        """
        try:
            weights = {str(name): float(weight) for name, weight in plain["weights"].items()}
            return cls(weights, calibrator_from_dict(plain["calibrator"]), float(plain["threshold"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorruptArtefactError(
                f"the blend in config.json is malformed ({error!r}); get the model again"
            ) from error


def cross_calibrated(
    labels: NDArray[np.int64],
    parts: Mapping[str, NDArray[np.float64]],
    weights: Mapping[str, float],
    folds: Sequence[Fold],
) -> NDArray[np.float64]:
    """Return out-of-fold probabilities, shape (n,), each calibrated on the other folds' trials."""
    found = np.full(len(labels), np.nan)
    for fold in folds:
        blend = Blend.fit(labels[fold.train], {name: part[fold.train] for name, part in parts.items()}, weights)
        found[fold.validation] = blend({name: part[fold.validation] for name, part in parts.items()})
    return found


def _blended(parts: Mapping[str, ArrayLike], weights: Mapping[str, float]) -> NDArray[np.float64]:
    from scipy.special import expit

    logits = sum(weights[name] * log_odds(parts[name]) for name in weights)
    return np.asarray(expit(logits), dtype=np.float64)
