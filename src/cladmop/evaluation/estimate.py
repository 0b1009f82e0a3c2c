"""What an evaluation gives: values with intervals, as records that print and store themselves."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cladmop.errors import CorruptArtefactError

_ENDS = ("value", "low", "high")
METRICS = ("base_rate", "roc_auc", "average_precision", "f1", "all_positive_f1", "brier", "log_loss", "ece")
"""Names of the estimates of an `Evaluation`."""

_UNDEFINED = "–"  # noqa: RUF001 (an en dash is the usual mark of an empty cell)


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    def text(self, digits: int = 3) -> str:
        """Return ``.661 [.618, .704]``, or a dash where the value is not defined."""
        if math.isnan(self.value):
            return _UNDEFINED
        low, high = short(self.low, digits), short(self.high, digits)
        return f"{short(self.value, digits)} [{low}, {high}]"


def short(value: float, digits: int = 3) -> str:
    """Return a figure as the field prints it, without the leading zero: ``.661``, ``-.012``, ``1.000``."""
    if math.isnan(value):
        return _UNDEFINED
    text = f"{value:z.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


@dataclass(frozen=True)
class Evaluation:
    """Every metric of one set of scores."""

    n: int
    """Trials."""
    successes: int
    """Trials with label 1."""
    threshold: float
    """Scores from here on are called successes in F1."""
    base_rate: Estimate
    roc_auc: Estimate
    average_precision: Estimate
    f1: Estimate
    all_positive_f1: Estimate
    brier: Estimate
    log_loss: Estimate
    ece: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; NaN becomes null."""
        plain: dict[str, Any] = dataclasses.asdict(self)
        for name in METRICS:
            plain[name] = {key: None if math.isnan(value) else value for key, value in plain[name].items()}
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave.

        Raises
        ------
        CorruptArtefactError
            If a key is missing or has the wrong kind of value.
        """
        try:
            estimates = {
                name: Estimate(*(math.nan if plain[name][key] is None else float(plain[name][key]) for key in _ENDS))
                for name in METRICS
            }
            n, successes, threshold = int(plain["n"]), int(plain["successes"]), float(plain["threshold"])
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptArtefactError(f"a stored evaluation is not readable ({error!r}); evaluate again") from error
        return cls(n=n, successes=successes, threshold=threshold, **estimates)


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (ddof 1) over resamples."""

    mean: float
    sd: float
