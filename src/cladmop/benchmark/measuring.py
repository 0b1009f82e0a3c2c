"""From rows of scores to measures: the one place where labels of scored trials are read."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cladmop.benchmark.measures import ALL, NOT_RUN, ON_FOLDS, Measure
from cladmop.benchmark.tasks import Task
from cladmop.evaluation.bootstrap import evaluate, ten_bootstraps_80
from cladmop.evaluation.compare import compare
from cladmop.evaluation.estimate import METRICS, Estimate, Evaluation
from cladmop.evaluation.metrics import average_precision, best_threshold, roc_auc
from cladmop.evaluation.scores import join_scores
from cladmop.evaluation.subsets import evaluate_subsets
from cladmop.results import Scores, mean_of_draws

_BOOTSTRAPPED = ("f1", "average_precision", "roc_auc")


@dataclass(frozen=True)
class Scored:
    """The scores of one model, one mapping a seed or draw."""

    name: str
    group: str
    note: str
    test: Sequence[Scores]
    valid: Sequence[Scores] = ()
    """To choose the F1 threshold on; without them it is one half."""
    epochs: Sequence[Sequence[Scores]] = ()
    """Scores of the judged trials at the end of each epoch, one sequence a seed."""
    headline: bool = False
    """Whether subsets are measured too."""


@dataclass(frozen=True)
class Measurer:
    """Measures rows of one task; reads its labels when first asked for a figure."""

    task: Task
    reference: str
    """Name of the row that every other is compared with."""
    subsets: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Subsets of the scored trials by name, each of shape (n,), in the task's order."""
    n_bootstrap: int = 1000

    @cached_property
    def labels(self) -> dict[str, int]:
        """Labels of the scored trials by NCT id, in the task's order."""
        found = self.task.read_labels()
        return {str(trial.nct_id): found[str(trial.nct_id)] for trial in self.task.test}

    @cached_property
    def truth(self) -> NDArray[np.int64]:
        """Labels of the scored trials, shape (n,)."""
        return np.fromiter(self.labels.values(), dtype=np.int64)

    def measure(self, rows: Sequence[Scored]) -> list[Measure]:
        """Return every figure of every row: metrics, the papers' bootstraps, differences, subsets, epochs."""
        return [
            *(measure for row in rows for measure in self._figures(row)),
            *self._differences(rows),
            *(measure for row in rows if row.headline for measure in self._on_subsets(row)),
            *(measure for row in rows if row.epochs for measure in self._epochs_on_test(row)),
        ]

    def not_run(self, name: str, group: str, reason: str) -> Measure:
        """Return the record of a contestant that was not run."""
        return self._made(ALL, name, group, NOT_RUN, note=reason)

    def on_folds(self, values: Mapping[str, float]) -> list[Measure]:
        """Return the records of the choice of the reference."""
        return [self._made(ON_FOLDS, name, "", "roc_auc", value=value) for name, value in values.items()]

    def _draws(self, row: Scored) -> NDArray[np.float64]:
        """Return the scores, shape (draws, n)."""
        return np.stack([join_scores(scores, self.labels, row.name)[1] for scores in row.test])

    def _thresholds(self, row: Scored) -> list[float]:
        if not row.valid:
            return [0.5] * len(row.test)
        labels = {str(trial.nct_id): label for trial, label in zip(*self.task.valid, strict=True)}
        return [best_threshold(*join_scores(scores, labels, f"{row.name}, valid")) for scores in row.valid]

    def _figures(self, row: Scored) -> Iterator[Measure]:
        draws, thresholds = self._draws(row), self._thresholds(row)
        pairs = list(zip(draws, thresholds, strict=True))
        evaluations = [evaluate(self.truth, scores, threshold, self.n_bootstrap) for scores, threshold in pairs]
        whole = evaluations[0] if len(evaluations) == 1 else mean_of_draws(evaluations)
        for name in METRICS:
            values = [getattr(one, name).value for one in evaluations]
            yield self._figure(row, name, getattr(whole, name), whole, spread=_sd(values), note=row.note)
        papers = [ten_bootstraps_80(self.truth, scores, threshold) for scores, threshold in pairs]
        for name in _BOOTSTRAPPED:
            mean, sd = (fmean(getattr(one[name], part) for one in papers) for part in ("mean", "sd"))
            yield self._figure(row, f"bootstrap80_{name}", Estimate(mean, math.nan, math.nan), whole, spread=sd)

    def _differences(self, rows: Sequence[Scored]) -> Iterator[Measure]:
        scores = {row.name: self._draws(row) for row in rows}
        by_name = {row.name: row for row in rows}
        if self.reference not in scores:
            return
        for one in compare(self.truth, scores, self.reference, self.n_bootstrap):
            row = by_name[one.name]
            common: dict[str, Any] = {
                "draws": len(row.test), "n": len(self.truth), "successes": int(self.truth.sum()),
                "reference": one.reference,
            }  # fmt: skip
            roc, precision = one.delong.difference, one.bootstrap.average_precision
            yield self._made(
                ALL, row.name, row.group, "roc_auc_difference", value=roc.value, low=roc.low, high=roc.high,
                p=one.delong.p_value, holm=one.holm_p, detectable=one.detectable, **common,
            )  # fmt: skip
            yield self._made(
                ALL, row.name, row.group, "average_precision_difference", value=precision.value, low=precision.low,
                high=precision.high, p=one.bootstrap.average_precision_p, **common,
            )  # fmt: skip

    def _on_subsets(self, row: Scored) -> Iterator[Measure]:
        draws = self._draws(row)
        for found in evaluate_subsets(self.truth, draws, self.subsets, self.n_bootstrap):
            size = {"n": found.n, "successes": found.successes, "draws": found.draws}
            for name in ("base_rate", "roc_auc", "average_precision"):
                one: Estimate = getattr(found, name)
                spread = found.spread if name == "roc_auc" else math.nan
                yield self._made(
                    found.name, row.name, row.group, name, value=one.value, low=one.low, high=one.high, spread=spread,
                    **size,
                )  # fmt: skip

    def _epochs_on_test(self, row: Scored) -> Iterator[Measure]:
        """Return what picking each seed's epoch by ROC-AUC on the scored trials would print: never a result."""
        chosen = []
        for epochs in row.epochs:
            found = [join_scores(scores, self.labels, row.name)[1] for scores in epochs]
            chosen.append(max(found, key=lambda scores: roc_auc(self.truth, scores)))
        for name, metric in {"roc_auc": roc_auc, "average_precision": average_precision}.items():
            values = [metric(self.truth, scores) for scores in chosen]
            yield self._made(
                ALL, row.name, row.group, f"epoch_on_test_{name}", value=fmean(values), spread=_sd(values),
                draws=len(values), n=len(self.truth), successes=int(self.truth.sum()),
            )  # fmt: skip

    def _figure(
        self,
        row: Scored,
        measure: str,
        found: Estimate,
        of: Evaluation,
        **further: Any,  # noqa: ANN401 (fields of Measure)
    ) -> Measure:
        return self._made(
            ALL, row.name, row.group, measure, value=found.value, low=found.low, high=found.high,
            draws=len(row.test), n=of.n, successes=of.successes, **further,
        )  # fmt: skip

    def _made(self, subset: str, model: str, group: str, measure: str, **figures: Any) -> Measure:  # noqa: ANN401 (fields of Measure)
        return Measure(self.task.name, subset, model, group, measure, **figures)


def _sd(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else math.nan
