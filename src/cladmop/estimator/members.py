"""Cross-fitted members: one network a fold, so that every training trial has a score that never saw its label."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.evaluation.folds import Fold
from cladmop.evaluation.rivals.tfidf import TextModel, TextSettings
from cladmop.pipeline import NetworkSettings, mean_probability, train_network
from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.model.cladmop import CLaDMoP


@dataclass(frozen=True)
class CrossFitted:
    """Networks of all folds, and out-of-fold probabilities."""

    networks: list["CLaDMoP"]
    out_of_fold: NDArray[np.float64]
    """Shape (n,): each trial's score by the network whose fold held it out."""


def cross_fit_networks(  # noqa: PLR0917 (what, its labels, its folds, then how and where)
    encoded: Sequence[EncodedTrial],
    labels: NDArray[np.int64],
    folds: Sequence[Fold],
    pool: Sequence[EncodedTrial],
    settings: NetworkSettings,
    folder: Path,
) -> CrossFitted:
    """Train one network a fold, early stopping on the trials it holds out.

    Pre-training sees ``pool`` and the fold's own training successes, never a held-out trial.
    """
    networks, scores = [], np.full(len(labels), np.nan)
    for number, fold in enumerate(folds):
        train = [encoded[row] for row in fold.train]
        valid = [encoded[row] for row in fold.validation]
        labelled = (train, labels[fold.train].tolist()), (valid, labels[fold.validation].tolist())
        network = train_network(folder / f"fold-{number}", settings, *labelled, pool)
        networks.append(network)
        scores[fold.validation] = mean_probability([network], valid)
    return CrossFitted(networks, scores)


def text_model_settings(name: str) -> TextSettings:
    """Return the settings of the text part ``words`` or ``characters``, rounded to float16 to ship small."""
    make = {"words": TextSettings.words, "characters": TextSettings.characters}[name]
    return make(precision="float16")


def cross_fit_text(
    name: str, trials: Sequence[Trial], labels: NDArray[np.int64], folds: Sequence[Fold]
) -> tuple[TextModel, NDArray[np.float64]]:
    """Fit a text model on all trials, and return it with out-of-fold probabilities, shape (n,)."""
    scores = np.full(len(labels), np.nan)
    for fold in folds:
        model = TextModel(text_model_settings(name)).fit([trials[row] for row in fold.train], labels[fold.train])
        scores[fold.validation] = model.predict_proba([trials[row] for row in fold.validation])
    return TextModel(text_model_settings(name)).fit(trials, labels), scores
