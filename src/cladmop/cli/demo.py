"""``cladmop demo``: score the bundled example trials and write a small report."""

import time
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.options import ModelOption, note, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cladmop.estimator import Prediction
    from cladmop.report import Section


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder of the report.")] = Path("demo-report"),
    model: ModelOption = "default",
) -> None:
    """Score the bundled example trials with the shipped model and write an HTML report."""
    from cladmop.cli.predict import print_predictions
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.report import write_report
    from cladmop.sources.examples import example_trials

    started = time.perf_counter()
    predictions = TrialOutcomeClassifier.from_pretrained(model).predict_trials(example_trials())
    note(f"{len(predictions)} trials scored in {time.perf_counter() - started:.1f} s, loading included")
    print_predictions(predictions)
    path = out / "index.html"
    lead = (
        "Invented trials in the manner of real ones, scored by the shipped model. A probability is an association in "
        "past trials, to be read beside the base rate of its phase; it is no advice."
    )
    write_report(path, "cladmop: example trials", report_sections(predictions), lead)
    say(f"report: {path}")


def report_sections(predictions: "Sequence[Prediction]") -> "list[Section]":
    """Return the report: all trials in one plot and table, then each trial with its drugs and remarks."""
    from cladmop.evaluation.estimate import Estimate
    from cladmop.evaluation.plots import forest_plot, forest_table, histogram_plot, histogram_table
    from cladmop.evaluation.tables import Table
    from cladmop.report import Plot, Section

    names = [f"{number}. {prediction.label()}" for number, prediction in enumerate(predictions, start=1)]
    scores = [prediction.probability for prediction in predictions]
    above = {
        shorten(name, 32, placeholder=" ..."): Estimate(
            *(value - prediction.base_rate.rate for value in _with_interval(prediction))
        )
        for name, prediction in zip(names, predictions, strict=True)
    }
    quantity = "probability minus base rate of the phase, 90% interval"
    overview = Table(
        "Probability of success beside the base rate of its phase",
        ("trial", "probability", "base rate", "phase"),
        tuple(
            (name, f"{p.probability:.2f}", f"{p.base_rate.rate:.2f}", p.trial.phase.value)
            for name, p in zip(names, predictions, strict=True)
        ),
    )
    plots = (
        Plot(
            forest_plot(above, quantity), "Where each trial stands against its base rate", forest_table(above, quantity)
        ),
        Plot(histogram_plot(scores), "Distribution of the probabilities", histogram_table(scores)),
    )
    trials = [_trial_section(name, prediction) for name, prediction in zip(names, predictions, strict=True)]
    return [Section("All trials", (overview, *plots)), *trials]


def _with_interval(prediction: "Prediction") -> tuple[float, float, float]:
    """Return the probability with the ends of its interval, which are itself where the model has none."""
    interval = prediction.interval
    if interval is None:
        return (prediction.probability,) * 3
    return prediction.probability, interval.low, interval.high


def _trial_section(name: str, prediction: "Prediction") -> "Section":
    from cladmop.evaluation.tables import Table
    from cladmop.report import Paragraph, Section

    trial, base = prediction.trial, prediction.base_rate
    value, low, high = _with_interval(prediction)
    summary = (
        f"Probability {value:.2f}, 90% interval {low:.2f} to {high:.2f}; {prediction.sets[-1].words()}; "
        f"base rate {base.rate:.2f} over {base.trials:,} training trials of "
        f"phase {base.group}. {len(trial.inclusion)} inclusion and {len(trial.exclusion)} exclusion items."
    )
    drugs = Table(
        "How each drug was read",
        ("as written", "read as", "kind", "InChIKey", "source"),
        tuple((d.query, d.name, d.kind.value, d.inchikey or "no structure", d.source) for d in prediction.drugs),
    )
    remarks = tuple(Paragraph(warning, caution=True) for warning in prediction.warnings)
    return Section(name, (Paragraph(summary), drugs, *remarks))
