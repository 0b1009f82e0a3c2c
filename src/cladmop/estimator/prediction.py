"""One trial's score with all that a reader needs to judge it."""

from dataclasses import asdict, dataclass
from typing import Any

from cladmop.drugs.resolve import Resolution
from cladmop.estimator.conformal import OutcomeSet
from cladmop.estimator.domain import Domain
from cladmop.estimator.scores import Interval
from cladmop.records import Trial


@dataclass(frozen=True)
class BaseRate:
    """Share of successes among the training trials that a score is compared with."""

    group: str
    """Phase group (``I``, ``II``, ``III``), or ``all`` where training held none of the trial's phase."""
    rate: float
    """Share of successes, 0 to 1."""
    trials: int
    """Number of training trials it was counted on."""


@dataclass(frozen=True)
class Prediction:
    """The probability that a trial succeeds, beside its base rate, with what the model saw and did not see."""

    trial: Trial
    probability: float
    """Calibrated probability of success, 0 to 1."""
    interval: Interval | None
    """Where the probability would lie, were the model fitted on other such trials; none without bootstrap refits."""
    sets: tuple[OutcomeSet, ...]
    """The outcomes that cannot be ruled out, one set a level: both where the model abstains."""
    domain: Domain | None
    """Where the trial lies among those the model learned from; none where no part reads hidden states."""
    base_rate: BaseRate
    drugs: tuple[Resolution, ...]
    """How each drug name was mapped; the kind says which were not."""
    diseases: tuple[str, ...]
    """ICD-10-CM codes the model saw."""
    warnings: tuple[str, ...]
    """Plain-words remarks: what is absent, unmapped or unusual."""

    def label(self) -> str:
        """Return the trial's NCT id and title, as far as it has them."""
        return " ".join(part for part in (self.trial.nct_id, self.trial.title) if part) or "trial without a name"

    def to_json(self) -> dict[str, Any]:
        """Return the prediction as one JSON object, ``nctid`` and ``probability`` first."""
        return {
            "nctid": self.trial.nct_id,
            "probability": self.probability,
            "title": self.trial.title,
            "phase": self.trial.phase.value,
            "base_rate": self.base_rate.rate,
            "base_rate_group": self.base_rate.group,
            "base_rate_trials": self.base_rate.trials,
            "interval": None if self.interval is None else asdict(self.interval),
            "sets": [{"level": one.level, "outcomes": list(one.outcomes)} for one in self.sets],
            "domain": None if self.domain is None else asdict(self.domain),
            "drugs": [drug.to_dict() for drug in self.drugs],
            "diseases": list(self.diseases),
            "warnings": list(self.warnings),
        }
