"""Tables of a benchmark, made of its measures alone: what stands in the README is made of the stored results file."""

import math
from collections.abc import Iterable, Mapping, Sequence

from cladmop.benchmark.measures import ALL, NOT_RUN, ON_FOLDS, Measure
from cladmop.evaluation.compare import detectable_sentence
from cladmop.evaluation.estimate import Estimate, short
from cladmop.evaluation.published import published
from cladmop.evaluation.tables import Table, published_table

_FIGURES = ("roc_auc", "average_precision", "f1", "brier", "ece")
_ON_TEST = "epoch_on_test_roc_auc"
_PAPERS = {"MEXA-CTP as released": "MEXA-CTP", "CLaDMoP, paper preset": "CLaDMoP (paper)"}
"""Rows that stand for a published model."""
_BOOTSTRAPS = "bootstrap80_"
Figures = Mapping[str, Measure]


def tables(measures: Sequence[Measure], phase: str | None, *, narrow: bool = False) -> list[Table]:
    """Return every table that the measures hold, the results first.

    ``phase`` names the phase of TOP whose published figures stand beside, if any; ``narrow`` fits 80 columns.
    """
    made = [results(measures, narrow=narrow), differences(measures, narrow=narrow)]
    optional = [subsets(measures)]
    optional += [] if phase is None else [as_published(measures, phase), reproductions(measures, phase)]
    made += [table for table in (*optional, on_folds(measures)) if table is not None and table.rows]
    made.append(contestants(measures))
    return made


def results(measures: Sequence[Measure], *, narrow: bool = False) -> Table:
    """Return the table of results: every figure with its interval, spread over seeds, base rate and all-positive F1."""
    models = by_model(one for one in measures if one.subset == ALL and one.measure != NOT_RUN)
    caption, note = _caption(measures), _results_note(measures)
    if narrow:
        rows = tuple((name, _stacked(found["roc_auc"]), _stacked(found["average_precision"])) for name, found in models)
        return Table(caption, ("model", "ROC-AUC", "AP"), rows, note)
    header = ("model", "ROC-AUC", "SD", "AP", "F1", "Brier", "ECE")
    return Table(caption, header, tuple(_results_row(name, found) for name, found in models), note)


def _results_row(name: str, found: Figures) -> tuple[str, ...]:
    roc, precision, f1, brier, ece = (found[figure] for figure in _FIGURES)
    spread = "" if math.isnan(roc.spread) else f"{short(roc.spread)} ({roc.draws})"
    return name, text(roc), spread, text(precision), text(f1), text(brier), text(ece)


def _results_note(measures: Sequence[Measure]) -> str:
    rates = {
        one.measure: one for one in measures if one.subset == ALL and one.measure in {"base_rate", "all_positive_f1"}
    }
    base, positive = rates["base_rate"], rates["all_positive_f1"]
    return (
        f"{base.n} trials, {base.successes} of them successful: base rate {text(base)}, which is the AP of a random "
        f"ranking; F1 of calling all a success {text(positive)}. [95% bootstrap interval]. SD: standard deviation of "
        "ROC-AUC over (that many) seeds, or draws of the few-shot rows, whose mean is given and whose interval "
        "holds both the draw and the trials. AP: average precision of scores. F1: at the threshold chosen on "
        f"validation. {detectable(measures)}"
    )


def differences(measures: Sequence[Measure], *, narrow: bool = False) -> Table:
    """Return the paired differences from the reference, with both tests and the correction for their number."""
    models = by_model(one for one in measures if one.subset == ALL and one.measure.endswith("_difference"))
    reference = next((found["roc_auc_difference"].reference for _, found in models), "the reference")
    rows = tuple(_difference_row(name, found, narrow=narrow) for name, found in models)
    header: tuple[str, ...] = ("model", "ROC-AUC difference", "p (Holm)", "AP difference")
    if not narrow:
        header = ("model", "ROC-AUC difference", "p", "p (Holm)", "AP difference", "p", "detectable")
    note = (
        f"The row minus {reference}, on the same trials. ROC-AUC: DeLong's test, p also after Holm's correction for "
        f"the {len(rows)} rows. AP: paired bootstrap, p not corrected. Of repeated rows the mean over seeds or "
        f"draws is compared. Detectable: the ROC-AUC difference found four times in five. {detectable(measures)}"
    )
    return Table(f"{_caption(measures)}: paired differences from {reference}", header, rows, note)


def _difference_row(name: str, found: Figures, *, narrow: bool) -> tuple[str, ...]:
    roc, precision = found["roc_auc_difference"], found["average_precision_difference"]
    if narrow:
        return name, _stacked(roc), _p(roc.holm), _stacked(precision)
    return name, text(roc), _p(roc.p), _p(roc.holm), text(precision), _p(precision.p), short(roc.detectable)


def detectable(measures: Sequence[Measure]) -> str:
    """Return the sentence on the smallest difference that the task can show."""
    found = [one for one in measures if one.subset == ALL and one.measure == "roc_auc_difference"]
    if not found:
        return ""
    return detectable_sentence((one.detectable for one in found), found[0].n, found[0].reference)


def subsets(measures: Sequence[Measure]) -> Table | None:
    """Return ROC-AUC on new diseases, new drugs and therapeutic areas; none where no subset was measured."""
    cells = [one for one in measures if one.subset not in {ALL, ON_FOLDS} and one.measure == "roc_auc"]
    names = list(dict.fromkeys(one.model for one in cells))
    if not cells:
        return None
    rows = []
    for subset in dict.fromkeys(one.subset for one in cells):
        found = {one.model: one for one in cells if one.subset == subset}
        first = next(iter(found.values()))
        rate = short(first.successes / first.n) if first.n else "-"
        rows.append((subset, str(first.n), rate, *(text(found[name]) if name in found else "-" for name in names)))
    note = (
        "ROC-AUC [95% bootstrap interval] within the subset; no figure where a subset holds fewer than 30 trials "
        "or one class. Subsets are small and many: a high or low cell by itself shows nothing. A trial with "
        "diseases of several areas is in each of them. Of repeated rows the mean is given, and the interval holds the "
        "sampling of trials alone."
    )
    return Table(f"{_caption(measures)}: subsets", ("subset", "n", "base", *names), tuple(rows), note)


def as_published(measures: Sequence[Measure], phase: str) -> Table | None:
    """Return our rows in the convention of the papers, 10 bootstraps of 80%, beside what papers print."""
    models = by_model(one for one in measures if one.measure.startswith(_BOOTSTRAPS))
    if not models:
        return None
    ours = [
        (name, *(_spread(found[_BOOTSTRAPS + figure]) for figure in _FIGURES[:3]), "this run") for name, found in models
    ]
    papers = [
        (
            row.name,
            short(row.roc_auc),
            f'{short(row.precision)} ("PR-AUC")',
            short(row.f1),
            f"{row.source}; {row.caveat}",
        )
        for row in published(phase)
    ]
    note = (
        "Mean and standard deviation over 10 bootstraps of 80% of the trials, as papers report: no interval of "
        "the metric. " + published_table(phase).note
    )
    header = ("model", "ROC-AUC", "AP", "F1", "source")
    return Table(f"{_caption(measures)}: in the papers' convention", header, (*ours, *papers), note, words=(0, 4))


def reproductions(measures: Sequence[Measure], phase: str) -> Table | None:
    """Return how far our runs of published models are from what their papers print, and why that may be."""
    models = dict(by_model(one for one in measures if one.subset == ALL))
    papers = {row.name: row for row in published(phase)}
    rows = tuple(
        _reproduction(name, models[name], papers[paper].roc_auc)
        for name, paper in _PAPERS.items()
        if name in models and "roc_auc" in models[name] and paper in papers
    )
    note = (
        "Chosen on test is no result: the epoch with the best ROC-AUC on the scored trials themselves, as the "
        "released code of MEXA-CTP chooses it, mean over seeds; what it gains over the epoch chosen on "
        "validation is what that choice is worth. Inputs and language models differ from the papers' "
        "(docs/deviations.md)."
    )
    header = (
        "model",
        "published ROC-AUC",
        "here",
        "here minus published",
        "published in our interval",
        "chosen on test",
    )
    return Table(f"{_caption(measures)}: published models, run again", header, rows, note)


def _reproduction(name: str, found: Figures, paper: float) -> tuple[str, ...]:
    ours, on_test = found["roc_auc"], found.get(_ON_TEST)
    inside = "yes" if ours.low <= paper <= ours.high else "no"
    chosen_on_test = text(on_test) if on_test else short(math.nan)
    return name, short(paper), text(ours), short(ours.value - paper), inside, chosen_on_test


def on_folds(measures: Sequence[Measure]) -> Table | None:
    """Return the choice of the reference: simple rivals on folds of the training trials."""
    found = sorted((one for one in measures if one.subset == ON_FOLDS), key=lambda one: -one.value)
    rows = tuple((one.model, short(one.value)) for one in found)
    note = (
        "Mean ROC-AUC over five folds by NCT number, or fewer where five do not hold both classes. The first row "
        "is the reference; no scored trial took part."
    )
    return Table("Simple rivals on folds of the training trials", ("model", "ROC-AUC"), rows, note)


def contestants(measures: Sequence[Measure]) -> Table:
    """Return what each row is and where it comes from, and why some were not run."""
    told: dict[str, tuple[str, str]] = {}
    for one in measures:
        if one.measure == NOT_RUN:
            told[one.model] = one.group, f"not run: {one.note}"
        elif one.note:
            told.setdefault(one.model, (one.group, one.note))
    rows = tuple((name, group, note) for name, (group, note) in told.items())
    return Table("The models", ("model", "kind", "what it is"), rows, words=(0, 1, 2))


def by_model(measures: Iterable[Measure]) -> list[tuple[str, dict[str, Measure]]]:
    """Return measures by name of model, in their order, then by name of measure."""
    found: dict[str, dict[str, Measure]] = {}
    for one in measures:
        found.setdefault(one.model, {})[one.measure] = one
    return list(found.items())


def text(measure: Measure) -> str:
    """Return ``.661 [.618, .704]``, or the value alone where it has no interval."""
    if math.isnan(measure.low):
        return short(measure.value)
    return Estimate(measure.value, measure.low, measure.high).text()


def _spread(measure: Measure) -> str:
    return f"{short(measure.value)} ± {short(measure.spread)}"


def _stacked(measure: Measure) -> str:
    return f"{short(measure.value)}\n{short(measure.low)} to {short(measure.high)}"


def _p(value: float) -> str:
    return short(value) if math.isnan(value) else f"{value:.3f}"


def _caption(measures: Sequence[Measure]) -> str:
    return measures[0].task
