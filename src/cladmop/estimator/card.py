"""The model card, generated from the run: what the model is, its data and terms, its figures, its limits."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cladmop import __version__

if TYPE_CHECKING:
    from cladmop.estimator.classifier import TrialOutcomeClassifier

TOP_TERMS = (
    "TOP's terms are Non-Commercial Use. Weights trained on it carry that restriction: do not use this model, or its "
    "scores, in commercial work."
)
"""What the card of a model trained on the TOP benchmark must say."""
_METRICS = {
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "base_rate": "base rate",
    "f1": "F1",
    "all_positive_f1": "all-positive F1",
    "brier": "Brier",
    "ece": "ECE",
}
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
    scores = {"blend": model.out_of_fold_, **model.out_of_fold_parts_}
    return {
        group: {name: evaluate(labels[rows], values[rows], threshold).to_dict() for name, values in scores.items()}
        for group, rows in chosen.items()
        if len(set(labels[rows].tolist())) == 2
    }


def card_text(model: "TrialOutcomeClassifier", metrics: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    """Render the model card; ``card`` may hold ``title``, ``data``, ``terms`` and ``command``."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from cladmop.evaluation.estimate import Evaluation

    blends = {group: Evaluation.from_dict(parts["blend"]) for group, parts in metrics.items()}
    environment = Environment(
        loader=PackageLoader("cladmop", "templates"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 (the card is Markdown, made of our own words and numbers)
        keep_trailing_newline=True,
    )
    return environment.get_template("card.md").render(
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
        metrics=[
            (title, [getattr(blend, name).text() for blend in blends.values()]) for name, title in _METRICS.items()
        ],
        command=card.get("command", "TrialOutcomeClassifier.fit"),
    )


def _describe_networks(model: "TrialOutcomeClassifier") -> str:
    pretraining = "pre-trained by pair matching" if model.pretraining else "without pre-training"
    return (
        f"{len(model.networks_)} CLaDMoP networks, one a fold, preset `{model.preset}`, {pretraining}; "
        f"{model.encoder} states of criteria {model.units}, {model.structures} structures"
    )
