"""The tables of a check of neighbours, with 95% bootstrap intervals over the trials that ask.

Shapes: m trials that ask, R resamples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cladmop.evaluation.bootstrap import Resampled, percentile_interval, resample_draws, resamples
from cladmop.evaluation.estimate import short
from cladmop.evaluation.tables import Table
from cladmop.similar.check import Checked, Judged, K

_RESAMPLES = 1000
_COLUMNS = ("a drug in common", "a disease in common", "same phase", "ROC-AUC")


@dataclass(frozen=True)
class _Measured:
    """The four figures of one way to find neighbours, each with its resamples, which are paired between ways."""

    figures: tuple[Resampled, ...]

    def cells(self) -> tuple[str, ...]:
        return tuple(figure.interval().text() for figure in self.figures)

    def less(self, other: "_Measured") -> tuple[str, ...]:
        """Return the differences from another way."""
        pairs = zip(self.figures, other.figures, strict=True)
        return tuple(
            percentile_interval(one.value - two.value, one.resamples - two.resamples).text() for one, two in pairs
        )


def check_tables(checked: Checked) -> list[Table]:
    """Return the figures of all ways, the differences of ours from them, and how ours was chosen."""
    known = checked.successful | checked.stopped
    measured = {name: _measure(judged, checked.successful, known) for name, judged in checked.reported.items()}
    return [_figures(checked, measured, known), _differences(checked, measured), _variants(checked)]


def _measure(judged: Judged, successful: NDArray[np.bool_], known: NDArray[np.bool_]) -> _Measured:
    shares = [_mean(column) for column in (judged.drug, judged.disease, judged.phase)]
    truth = successful[known].astype(np.int64)
    outcome = resample_draws(truth, judged.success[known][None], _RESAMPLES, 0)["roc_auc"]
    return _Measured((*shares, outcome))


def _mean(values: NDArray[np.float64]) -> Resampled:
    """Return the mean over trials that have the figure; which those are is the same for every way."""
    there = values[~np.isnan(values)]
    draws = [counts @ there / len(there) for counts in resamples(np.zeros(len(there), np.int64), _RESAMPLES, 0)]
    return Resampled(float(there.mean()), np.concatenate(draws))


def _figures(checked: Checked, measured: Mapping[str, _Measured], known: NDArray[np.bool_]) -> Table:
    judged = checked.reported[checked.chosen]
    with_drug, with_disease = (int((~np.isnan(column)).sum()) for column in (judged.drug, judged.disease))
    successes = int(checked.successful.sum())
    note = (
        f"{len(known):,} trials that started from {checked.since} on ask, {with_drug:,} of them with a drug and "
        f"{with_disease:,} with a disease; each is compared with those that had ended when it started. The network "
        f"learned from {checked.taught:,} successful trials that started earlier. ROC-AUC: of the share of successful "
        f"neighbours, for {successes:,} successful against {int(checked.stopped.sum()):,} stopped trials (base rate "
        f"{short(successes / int(known.sum()))}). Success follows from what became of the drugs: neighbours with the "
        "same drug share it. [95% bootstrap interval over trials]"
    )
    rows = tuple((name, *each.cells()) for name, each in measured.items())
    return Table(f"The {K} nearest past trials: share of them with", ("neighbours by", *_COLUMNS), rows, note)


def _differences(checked: Checked, measured: Mapping[str, _Measured]) -> Table:
    ours = measured[checked.chosen]
    rows = tuple((name, *ours.less(each)) for name, each in measured.items() if name != checked.chosen)
    caption = f"{checked.chosen}: difference from each other way"
    return Table(caption, ("from", *_COLUMNS), rows, "Paired, in the same resamples; above 0 where ours is higher.")


def _variants(checked: Checked) -> Table:
    rows = tuple(
        (
            name,
            *(short(float(np.nanmean(column))) for column in (judged.drug, judged.disease, judged.phase)),
            short(judged.merit()),
        )
        for name, judged in checked.variants.items()
    )
    trials = len(checked.variants[checked.chosen].drug)
    note = f"On {trials:,} other trials that ask. Chosen by the mean of drug and disease: {checked.chosen}."
    return Table("How ours was chosen", ("variant", *_COLUMNS[:3], "mean of drug and disease"), rows, note)
