"""What the page is answered by a model that is invented: it shows at will what the real one shows seldom."""

import math
import time
import zlib
from dataclasses import dataclass
from typing import Any

from cladmop.records import Phase, Trial
from cladmop.server.bodies import fields_of
from cladmop.server.service import SimilarTo, WhatIf, limits_of
from cladmop.server.settings import Settings

NOTE = "An association in past trials, not a cause: changing the protocol need not change the outcome."
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 180 130"><title>drawn</title><path d="M60 40 90 25 120 40 '
    '120 75 90 90 60 75Z" fill="none" stroke="#333" stroke-width="2"/><circle cx="90" cy="25" r="12" fill="#3d94cb" '
    'opacity=".5"/><circle cx="60" cy="75" r="12" fill="#de8f3d" opacity=".5"/></svg>'
)
ESTIMATE = {"value": 0.06, "low": 0.05, "high": 0.1}
TESTED = {
    "data": "an invented test", "command": "cladmop benchmark trust", "trials": 627, "base_rate": 0.55,
    "roc_auc": ESTIMATE,
    "brier": {"before": ESTIMATE, "after": ESTIMATE}, "ece": {"before": ESTIMATE, "after": ESTIMATE},
    "coverage": {"0.9": {"covered": 0.94, "low": 0.92, "high": 0.96, "trials": 627, "decided": 0.3, "right": 0.8}},
}  # fmt: skip
PAST_RATES = (
    {"of": "phase I", "kind": "phase", "successes": 412, "trials": 980, "rate": 0.42, "low": 0.39, "high": 0.45},
    {"of": "neoplasms", "kind": "disease", "successes": 60, "trials": 181, "rate": 0.33, "low": 0.27, "high": 0.4},
    {"of": "docetaxel", "kind": "drug", "successes": 0, "trials": 0, "rate": None, "low": None, "high": None},
)


@dataclass
class Knobs:
    """How the model behaves; tests turn them."""

    outside: bool = False
    outcomes: tuple[str, ...] = ("success", "failure")
    slow: float = 0.0
    """Seconds that an explanation, a what-if or a chunk of a portfolio takes."""
    index: bool = True


class InventedService:
    """Stands in for `TrialService`; the score is a sum of weights, one for each text."""

    def __init__(self) -> None:
        self.knobs = Knobs()

    def describe(self, settings: Settings) -> dict[str, Any]:
        """Answer /model."""
        return {
            "title": "cladmop default", "terms": "Non-commercial use only.", "version": "0.9",
            "trained_on": "1,913 trials of TOP", "base_rates": {"I": {"rate": 0.57, "trials": 1161}},
            "coverage": {"0.9": {"covered": 0.91, "low": 0.88, "high": 0.93, "trials": 627}},
            "tested": TESTED,
            "phases": [phase.value for phase in Phase], "limits": limits_of(settings.limits),
            "lookup": settings.lookup,
            "index": {"trials": 3210, "source": "ClinicalTrials.gov"} if self.knobs.index else None,
        }  # fmt: skip

    def predict(self, trials) -> list[dict[str, Any]]:
        """Answer /predict."""
        return [self._row(trial) | {"trial": fields_of(trial)} for trial in trials]

    def predict_rows(self, chunks) -> list[list[dict[str, Any]]]:
        """Score parts of a portfolio."""
        time.sleep(self.knobs.slow)
        return [[self._row(trial) for trial in trials] for trials in chunks]

    def explain(self, trials) -> list[dict[str, Any]]:
        """Answer /explain."""
        time.sleep(self.knobs.slow)
        return [explanation(trial) for trial in trials]

    def what_if(self, asked: list[WhatIf]) -> list[dict[str, Any]]:
        """Answer /whatif."""
        time.sleep(self.knobs.slow)
        return [change(one.trial, one.edited) for one in asked]

    def rank(self, trials) -> list[dict[str, Any]]:
        """Answer /whatif/rank."""
        return [ranking(trial) for trial in trials]

    def similar(self, asked: list[SimilarTo]) -> list[dict[str, Any]]:
        """Answer /similar."""
        source = "ClinicalTrials.gov, processed 2024-01-01."
        return [{"trials": past_trials(), "base_rates": list(PAST_RATES), "source": source} for _ in asked]

    def _row(self, trial: Trial) -> dict[str, Any]:
        shown = around(score(trial))
        outside = self.knobs.outside
        return {
            "nctid": trial.nct_id, "probability": shown["probability"], "title": trial.title,
            "phase": trial.phase.value, "base_rate": 0.568, "base_rate_group": "I", "base_rate_trials": 1161,
            "interval": {"low": shown["low"], "high": shown["high"], "level": 0.9},
            "sets": [{"level": 0.8, "outcomes": ["success"]}, {"level": 0.9, "outcomes": list(self.knobs.outcomes)}],
            "domain": {"distance": 0.4, "percentile": 99.0 if outside else 60.0, "outside": outside},
            "drugs": [resolution(drug.name) for drug in trial.drugs], "diseases": ["C34.90"],
            "warnings": [f"drug {drug.name!r} is not mapped" for drug in trial.drugs if drug.name.startswith("XYZ")],
        }  # fmt: skip


def weight(text: str) -> float:
    """An invented contribution in log-odds, the same for the same text."""
    return (zlib.crc32(text.encode()) % 1000 / 1000 - 0.5) ** 3 * 4


def chance(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def score(trial: Trial) -> float:
    texts = [*trial.criteria, *(drug.name for drug in trial.drugs), *(one.name for one in trial.diseases)]
    return 0.3 + sum(map(weight, texts)) + {"I": 0.1, "II": -0.2}.get(trial.phase.group, 0.0)


def around(log_odds: float) -> dict[str, float]:
    return {"probability": chance(log_odds), "low": chance(log_odds - 0.4), "high": chance(log_odds + 0.4)}


def effect(log_odds: float, contribution: float) -> dict[str, Any]:
    points = chance(log_odds) - chance(log_odds - contribution)
    spread = 0.004 + 0.3 * abs(points)
    low, high = points - spread, points + spread
    return {"contribution": contribution, "points": points, "low": low, "high": high, "sure": low > 0 or high < 0}


def resolution(name: str) -> dict[str, Any]:
    known = not name.upper().startswith(("XYZ", "<"))
    return {
        "query": name, "name": name.lower().split(" ")[0] if known else name,
        "kind": "small molecule" if known else "unmapped", "smiles": "C1CCCCC1" if known else None,
        "inchikey": "XDTMQSROBMDMFD-UHFFFAOYSA-N" if known else None, "source": "dictionary" if known else "none",
        "confidence": 0.95 if known else 0.0, "date": "2024-05-01" if known else "",
        "conflict": ["chembl: GHASVSINZRGABV"] if known else [], "drawing": DRAWING if known else None,
    }  # fmt: skip


def item_effects(trial: Trial) -> list[dict[str, Any]]:
    whole = score(trial)
    return [
        {"side": side, "item": number, "text": text, **effect(whole, weight(text))}
        for side in ("inclusion", "exclusion")
        for number, text in enumerate(getattr(trial, side), start=1)
    ]


def explanation(trial: Trial) -> dict[str, Any]:
    whole, items = score(trial), item_effects(trial)
    strongest = max(items, key=lambda item: abs(item["points"]))["text"] if items else "nothing"
    named = {
        kind: [{"name": one.name, "drawing": None, **effect(whole, weight(one.name))} for one in getattr(trial, kind)]
        for kind in ("drugs", "diseases")
    }
    summary = f"The score leans most on “{strongest}”. This is an association in past trials, not a cause."
    return {
        "probability": chance(whole), "base_rate": 0.568, "items": items, **named, "rest": -0.12, "summary": summary,
    }  # fmt: skip


def change(old: Trial, new: Trial) -> dict[str, Any]:
    before, after = score(old), score(new)
    gone = [f"removed: “{text}”" for text in old.criteria if text not in new.criteria]
    come = [f"added: “{text}”" for text in new.criteria if text not in old.criteria]
    points = chance(after) - chance(before)
    moved = {"points": points, "low": points - 0.02, "high": points + 0.02, "sure": abs(points) > 0.02}
    return {
        "before": around(before), "after": around(after), "change": {**moved, "log_odds": after - before},
        "changed": [*gone, *come] or ["other edits"], "note": NOTE,
    }  # fmt: skip


def ranking(trial: Trial) -> dict[str, Any]:
    removals = []
    for one in item_effects(trial):
        turned = {"points": -one["points"], "low": -one["high"], "high": -one["low"]}
        removals.append({**{name: one[name] for name in ("side", "item", "text", "sure")}, **turned})
    removals.sort(key=lambda one: -one["points"])
    return {"before": around(score(trial)), "removals": removals, "note": NOTE}


def past_trials() -> list[dict[str, Any]]:
    """Seven past trials, one of them with a link that is none."""
    kinds = ("successful", "unproven", "stopped")
    return [
        {
            "nct_id": f"NCT9500{number:04}", "title": f"An <b>invented</b> past trial {number} in cancer",
            "phase": "phase 1", "start_date": f"2005-0{number}-01", "outcome": kinds[number % 3],
            "reason": "slow accrual" if number % 3 == 2 else None, "similarity": 0.98 - number / 50,
            "link": "javascript:alert(1)" if number == 3 else f"https://clinicaltrials.gov/study/NCT9500{number:04}",
        }
        for number in range(1, 8)
    ]  # fmt: skip
