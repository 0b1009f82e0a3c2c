"""What is answered about a trial: its nearest past trials, and base rates of its kind with their counts."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal, Self

_STUDY = "https://clinicaltrials.gov/study/"


@dataclass(frozen=True)
class PastTrial:
    """A finished trial of the past that is like the one asked about."""

    nct_id: str
    title: str
    phase: str
    """As registered, in TOP's spelling (``phase 1``)."""
    start_date: dt.date | None
    end_date: dt.date | None
    """End of data collection; none where the registry states none, but before the corpus' cut-off."""
    outcome: Literal["successful", "unproven", "stopped"]
    """As the corpus' rules have it; see `Similar.source`."""
    reason: str
    """Why it counts as that, in words."""
    similarity: float
    """Cosine of the embeddings, in [-1, 1]."""
    same_criteria: bool = False
    """Whether its eligibility criteria are, word for word, those of the trial asked about."""

    @property
    def link(self) -> str:
        """Its page at ClinicalTrials.gov."""
        return _STUDY + self.nct_id

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "nct_id": self.nct_id,
            "title": self.title,
            "phase": self.phase,
            "start_date": _iso(self.start_date),
            "end_date": _iso(self.end_date),
            "outcome": self.outcome,
            "reason": self.reason,
            "similarity": self.similarity,
            "same_criteria": self.same_criteria,
            "link": self.link,
        }


@dataclass(frozen=True)
class BaseRate:
    """How many past trials of one kind succeeded; all is none where there was no such trial."""

    of: str
    """The kind, in words (``phase I``, ``asthma (J45)``, ``cisplatin``)."""
    kind: Literal["phase", "disease", "drug"]
    successes: int
    trials: int
    rate: float | None
    """Share of successes, 0 to 1."""
    low: float | None
    """Lower end of its 95% Wilson interval."""
    high: float | None

    @classmethod
    def of_counts(cls, of: str, kind: Literal["phase", "disease", "drug"], successes: int, trials: int) -> Self:
        """Return the rate with its interval (E. B. Wilson, JASA 22, 1927); unknown without a trial."""
        if not trials:
            return cls(of, kind, 0, 0, None, None, None)
        from scipy.stats import binomtest

        interval = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
        return cls(of, kind, successes, trials, successes / trials, float(interval.low), float(interval.high))

    def text(self) -> str:
        """Return ``12 of 40``, or that nothing is known."""
        return f"{self.successes:,} of {self.trials:,}" if self.trials else "unknown: no past trial"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; rate and interval are null where there was no trial."""
        return {
            "of": self.of,
            "kind": self.kind,
            "successes": self.successes,
            "trials": self.trials,
            "rate": self.rate,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True)
class Similar:
    """All that the past has to say about one trial."""

    trials: tuple[PastTrial, ...]
    """The most similar first."""
    base_rates: tuple[BaseRate, ...]
    before: dt.date | None
    """Only trials that ended before this date were looked at; none for all."""
    left_out: int
    """Past trials left out because they had not ended by then."""
    source: str
    """Attribution with processing date, and what successful means."""

    @property
    def note(self) -> str:
        """Which past was looked at, in one sentence."""
        if self.before is None:
            return "All past trials were looked at: none is left out by date."
        return (
            f"Only trials that had ended before {self.before} were looked at, so that nothing later is seen: "
            f"{self.left_out:,} are left out."
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "trials": [trial.to_json() for trial in self.trials],
            "base_rates": [rate.to_json() for rate in self.base_rates],
            "before": _iso(self.before),
            "left_out": self.left_out,
            "note": self.note,
            "source": self.source,
        }


def _iso(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()
