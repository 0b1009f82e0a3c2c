"""The model card, generated from the run: what the model is, its data and terms, its figures, its limits."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cladmop import __version__

if TYPE_CHECKING:
    from cladmop.estimator.classifier import TrialOutcomeClassifier
    from cladmop.evaluation.estimate import Evaluation

TOP_TERMS = (
    "TOP's terms are Non-Commercial Use. Weights trained on it carry that restriction: do not use this model, or its "
    "scores, in commercial work."
)
"""What the card of a model trained on the TOP benchmark must say."""
UNCALIBRATED, CROSS_CALIBRATED = "uncalibrated", "cross-calibrated"
"""Names, among the metrics, of the blend before calibration, and calibrated on the other folds."""
_METRICS = {
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "base_rate": "base rate",
    "f1": "F1",
    "all_positive_f1": "all-positive F1",
}
_CALIBRATION = {"brier": "Brier", "ece": "ECE"}
_TASK = "text-classification"
"""The hub's task that is nearest: a class and its probability, from what is written."""
_WHAT = {
    "states": "logistic regression on the language model's states, averaged over inclusion items, exclusion items, "
    "drug names and disease names, at four depths",
    "words": "TF-IDF of words and word pairs of the criteria, logistic regression",
    "characters": "TF-IDF of 2 to 5 characters within words of the criteria, logistic regression",
}


def out_of_fold_metrics(model: "TrialOutcomeClassifier") -> dict[str, Any]:
    """Return the evaluation of the blend and of each part on out-of-fold scores, overall and by phase, as JSON values.

    A phase with one class only is left out.
    """
    from cladmop.evaluation.bootstrap import evaluate

    labels, threshold = model.out_of_fold_labels_, model.blend_.threshold
    chosen = {"all": np.ones(len(labels), dtype=bool)}
    chosen |= {group: model.out_of_fold_groups_ == group for group in sorted(set(model.out_of_fold_groups_.tolist()))}
    scores = {
        "blend": model.out_of_fold_,
        CROSS_CALIBRATED: model.cross_calibrated_,
        UNCALIBRATED: model.blend_.uncalibrated(model.out_of_fold_parts_),
        **model.out_of_fold_parts_,
    }
    return {
        group: {name: evaluate(labels[rows], values[rows], threshold).to_dict() for name, values in scores.items()}
        for group, rows in chosen.items()
        if len(set(labels[rows].tolist())) == 2
    }


def card_text(model: "TrialOutcomeClassifier", metrics: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    """Render the model card; ``card`` may hold ``title``, ``data``, ``terms`` and ``command``."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    blends = _evaluations("blend", metrics)
    rows = [(title, _cells(blends, name)) for name, title in _METRICS.items()]
    for when, which in (("before", UNCALIBRATED), ("after", CROSS_CALIBRATED)):
        rows += [
            (f"{title} {when} calibration", _cells(_evaluations(which, metrics), name))
            for name, title in _CALIBRATION.items()
        ]
    environment = Environment(
        loader=PackageLoader("cladmop", "templates"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 (the card is Markdown, made of our own words and numbers)
        keep_trailing_newline=True,
    )
    return environment.get_template("card.md").render(
        metadata=metadata(model, metrics, card),
        folds="random folds" if model.random_folds else "folds ordered by NCT number (a stand-in for time)",
        title=card.get("title", "cladmop model"),
        version=__version__,
        parts=[
            {"name": name, "weight": weight, "what": _WHAT.get(name) or _describe_networks(model)}
            for name, weight in model.blend_.weights.items()
        ],
        trials=blends["all"].n,
        successes=blends["all"].successes,
        data=card.get("data", "given by the user"),
        terms=card.get("terms", ""),
        encoder=model.encoder if model.networks_ or model.states_ else "none",
        groups=[(f"phase {group}" if group != "all" else "all phases", blend.n) for group, blend in blends.items()],
        metrics=rows,
        coverage=model.coverage_,
        refits=model.replicates,
        command=card.get("command", "TrialOutcomeClassifier.fit"),
    )


def metadata(model: "TrialOutcomeClassifier", metrics: Mapping[str, Any], card: Mapping[str, Any]) -> dict[str, Any]:
    """Return the head of the card, as the Hugging Face hub reads it: licence, tags, base model, figures.

    Parameters
    ----------
    model
        The model.
    metrics
        As `out_of_fold_metrics` gives them; those over all phases are stated, calibration as of the other folds.
    card
        As for `card_text`. Terms make the licence ``other``, under the name ``non-commercial-use`` where they are
        those of TOP; without terms no licence is stated.
    """
    terms = card.get("terms", "")
    title = card.get("title", "cladmop model")
    licence = "non-commercial-use" if TOP_TERMS in terms else "see-data-and-terms"
    base = _base_model(model)
    named = [("blend", name, shown) for name, shown in _METRICS.items()]
    named += [(CROSS_CALIBRATED, name, shown) for name, shown in _CALIBRATION.items()]
    figures = [
        {
            "type": name,
            "value": round(getattr(_evaluations(which, metrics)["all"], name).value, 4),
            "name": f"{shown}, out of fold",
        }
        for which, name, shown in named
    ]
    result = {
        "task": {"type": _TASK, "name": "Clinical trial outcome prediction"},
        "dataset": {"type": "clinical-trials", "name": card.get("data", "given by the user"), "split": "out of fold"},
        "metrics": figures,
    }
    return {
        "language": "en",
        **({"license": "other", "license_name": licence} if terms else {}),
        "library_name": "cladmop",
        "pipeline_tag": _TASK,
        **({"base_model": base} if base else {}),
        "tags": ["clinical-trials", "outcome-prediction", *(["non-commercial"] if TOP_TERMS in terms else [])],
        "model-index": [{"name": title, "results": [result]}],
    }


def _base_model(model: "TrialOutcomeClassifier") -> str | None:
    """Return the language model's name on the hub, if a part uses one that has such a name."""
    from cladmop.encoders.weights import MODELS

    if not (model.networks_ or model.states_):
        return None
    if model.encoder in MODELS:
        return MODELS[model.encoder].source
    return model.encoder if model.encoder.count("/") == 1 and not Path(model.encoder).is_dir() else None


def _evaluations(which: str, metrics: Mapping[str, Any]) -> "dict[str, Evaluation]":
    from cladmop.evaluation.estimate import Evaluation

    return {group: Evaluation.from_dict(parts[which]) for group, parts in metrics.items()}


def _cells(evaluations: "Mapping[str, Evaluation]", name: str) -> list[str]:
    return [getattr(evaluation, name).text() for evaluation in evaluations.values()]


def _describe_networks(model: "TrialOutcomeClassifier") -> str:
    pretraining = "pre-trained by pair matching" if model.pretraining else "without pre-training"
    return (
        f"{len(model.networks_)} CLaDMoP networks, one a fold, preset `{model.preset}`, {pretraining}; "
        f"{model.encoder} states of criteria {model.units}, {model.structures} structures"
    )
