"""How far a model's probabilities, outcome sets and out-of-domain flag can be trusted, on trials it never saw.

Shapes: n labelled trials.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cladmop.estimator.coverage import Coverage, measure_coverage
from cladmop.estimator.prediction import Prediction
from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.estimate import short
from cladmop.evaluation.tables import Table
from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier


@dataclass(frozen=True)
class Judged:
    """Predictions of labelled trials, with the blend's score before calibration."""

    predictions: Sequence[Prediction]
    uncalibrated: NDArray[np.float64]
    """Shape (n,)."""
    labels: NDArray[np.int64]
    """Shape (n,)."""
    threshold: float
    """Of F1, as the model has it."""

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Calibrated probabilities of success, shape (n,)."""
        return np.array([one.probability for one in self.predictions])


def judge(model: "TrialOutcomeClassifier", trials: Sequence[Trial], labels: Sequence[int]) -> Judged:
    """Score labelled trials, at least one of each outcome."""
    uncalibrated = model.blend_.uncalibrated(model.part_probabilities(trials))
    return Judged(model.predict_trials(trials), uncalibrated, np.array(labels), model.blend_.threshold)


def calibration_table(judged: Judged, name: str) -> Table:
    """Return Brier score, log loss and ECE before and after calibration, beside those of the base rate."""
    constant = np.full(len(judged.labels), judged.labels.mean())
    rows = []
    for title, scores in (
        ("always the base rate of these trials", constant),
        ("before calibration", judged.uncalibrated),
        ("after calibration", judged.probabilities),
    ):
        found = evaluate(judged.labels, scores, judged.threshold)
        rows.append((title, found.brier.text(), found.log_loss.text(), found.ece.text()))
    return Table(
        f"{name}: calibration, before and after",
        ("probabilities", "Brier", "log loss", "ECE"),
        tuple(rows),
        f"{len(judged.labels)} trials, base rate {short(float(judged.labels.mean()))}. "
        "[95% bootstrap interval]. Platt scaling, fitted on out-of-fold scores of the training trials.",
    )


def sets_table(judged: Judged, name: str) -> Table:
    """Return how often the outcome sets hold the outcome, and how often they decide."""
    coverages = measure_coverage([one.sets for one in judged.predictions], judged.labels)
    return Table(
        f"{name}: outcome sets",
        ("level", "hold the outcome", "one outcome", "right where one"),
        tuple(_coverage_row(coverage) for coverage in coverages),
        "Share of trials [95% Wilson interval]. A set of both outcomes abstains. Class-conditional conformal sets, "
        "calibrated on out-of-fold scores: their level holds in the long run for trials like those of training, not "
        "for later ones.",
    )


def _coverage_row(coverage: Coverage) -> tuple[str, str, str, str]:
    right = "none decided" if coverage.right is None else f"{coverage.right:.0%}"
    return f"{coverage.level:.0%}", coverage.text(), f"{coverage.decided:.0%}", right


def domain_table(judged: Judged, name: str) -> Table:
    """Return accuracy by distance from the training trials: the flag, and thirds of the distance.

    A model without a distance gives a table of one row.
    """
    places = [one.domain for one in judged.predictions]
    groups = {"all": np.ones(len(places), dtype=bool)}
    if all(place is not None for place in places):
        outside = np.array([place is not None and place.outside for place in places])
        distances = np.array([place.distance for place in places if place is not None])
        near, far = np.quantile(distances, [1 / 3, 2 / 3])
        groups |= {
            "inside": ~outside,
            "outside (flagged)": outside,
            "nearest third": distances <= near,
            "middle third": (distances > near) & (distances <= far),
            "farthest third": distances > far,
        }
    return Table(
        f"{name}: by distance from the training trials",
        ("trials", "n", "base rate", "ROC-AUC", "Brier", "90% sets hold"),
        tuple(_domain_row(judged, title, rows) for title, rows in groups.items()),
        "Flagged: farther than 95% of held-out training trials. [95% interval]. Differences between rows whose "
        "intervals overlap are not established.",
    )


def record(judged: Judged, name: str, command: str) -> dict[str, Any]:
    """Return what a model folder keeps of the test (``tested.json``): coverage, and calibration before and after."""
    before = evaluate(judged.labels, judged.uncalibrated, judged.threshold)
    after = evaluate(judged.labels, judged.probabilities, judged.threshold)
    return {
        "data": name,
        "command": command,
        "trials": len(judged.labels),
        "base_rate": float(judged.labels.mean()),
        "roc_auc": asdict(after.roc_auc),
        "brier": {"before": asdict(before.brier), "after": asdict(after.brier)},
        "ece": {"before": asdict(before.ece), "after": asdict(after.ece)},
        "coverage": [asdict(one) for one in measure_coverage([one.sets for one in judged.predictions], judged.labels)],
    }


def _domain_row(judged: Judged, title: str, rows: NDArray[np.bool_]) -> tuple[str, ...]:
    labels = judged.labels[rows]
    if not len(labels):
        return (title, "0", *["none"] * 4)
    sets = [one.sets for one, chosen in zip(judged.predictions, rows, strict=True) if chosen]
    held = measure_coverage(sets, labels)[-1].text()
    found = evaluate(labels, judged.probabilities[rows], judged.threshold)
    return (title, str(len(labels)), short(float(labels.mean())), found.roc_auc.text(), found.brier.text(), held)
