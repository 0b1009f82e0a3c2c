"""Cross-fitted members: every training trial has a score by models that never saw its label.

Shapes: n training trials.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.estimator.replicates import Replicates, bootstrap_counts
from cladmop.estimator.states import INVERSE_PENALTY, StatesModel
from cladmop.evaluation.folds import Fold
from cladmop.pipeline import NetworkSettings, mean_probability, train_network
from cladmop.records import Trial
from cladmop.rivals.tfidf import TextModel, TextSettings

if TYPE_CHECKING:
    from cladmop.model.cladmop import CLaDMoP

STATES = "states"
"""Name of the part that reads hidden states."""
Scores = NDArray[np.float64]
Item = TypeVar("Item")
Model = TypeVar("Model", TextModel, StatesModel)


@dataclass(frozen=True)
class TrainingSet:
    """Labelled trials and how they are cut into folds."""

    trials: Sequence[Trial]
    encoded: Sequence[EncodedTrial]
    """Of the same trials; empty where no part needs hidden states."""
    labels: NDArray[np.int64]
    """Shape (n,)."""
    weights: NDArray[np.float64]
    """How much each trial counts, shape (n,)."""
    folds: Sequence[Fold]


def fit_text(name: str, data: TrainingSet) -> tuple[TextModel, Scores]:
    """Fit the text part ``words`` or ``characters``; return it with out-of-fold probabilities, shape (n,)."""
    make = {"words": TextSettings.words, "characters": TextSettings.characters}[name]
    settings = make(precision="float16", phases=True)

    def fit(rows: NDArray[np.intp]) -> TextModel:
        return TextModel(settings).fit(_take(data.trials, rows), data.labels[rows], weights=data.weights[rows])

    return _cross_fit(fit, data.trials, data.folds)


def fit_states(data: TrainingSet) -> tuple[StatesModel, Scores]:
    """Fit the regression on hidden states; return it with out-of-fold probabilities, shape (n,)."""

    def fit(rows: NDArray[np.intp]) -> StatesModel:
        return StatesModel.fit(_take(data.encoded, rows), data.labels[rows], data.weights[rows])

    return _cross_fit(fit, data.encoded, data.folds)


def _cross_fit(
    fit: Callable[[NDArray[np.intp]], Model], items: Sequence[Any], folds: Sequence[Fold]
) -> tuple[Model, Scores]:
    """Return the model of all rows, and out-of-fold probabilities by those of the folds' training rows."""
    scores = np.full(len(items), np.nan)
    for fold in folds:
        scores[fold.validation] = fit(fold.train).predict_proba(_take(items, fold.validation))
    return fit(np.arange(len(items))), scores


def fit_networks(
    data: TrainingSet, pool: Sequence[EncodedTrial], settings: NetworkSettings, folder: Path
) -> tuple[list["CLaDMoP"], Scores]:
    """Train one network a fold, and return them with out-of-fold probabilities, shape (n,).

    Pre-training sees ``pool`` and the fold's own training successes, never a held-out trial; the number of epochs is
    fixed, so that held-out trials do not decide when to stop either.
    """
    networks, scores = [], np.full(len(data.labels), np.nan)
    for number, fold in enumerate(data.folds):
        train = _take(data.encoded, fold.train), data.labels[fold.train].tolist()
        network = train_network(folder / f"fold-{number}", settings, train, ([], []), pool)
        round_to_half(network)
        networks.append(network)
        scores[fold.validation] = mean_probability([network], _take(data.encoded, fold.validation))
    return networks, scores


def refit(
    data: TrainingSet, texts: Mapping[str, TextModel], states: StatesModel | None, refits: int, seed: int
) -> dict[str, Replicates]:
    """Fit each regression of a blend again on the same ``refits`` bootstrap samples, over the features it has."""
    counts = bootstrap_counts(data.labels, refits, seed)
    found = {
        name: Replicates.fit(model.design(data.trials), data.labels, counts, data.weights, model.settings.C)
        for name, model in texts.items()
    }
    if states is not None:
        design = states.design(data.encoded)
        found[STATES] = Replicates.fit(design, data.labels, counts, data.weights, INVERSE_PENALTY)
    return found


def round_to_half(network: "CLaDMoP") -> None:
    """Round the weights in place to what half precision holds, so that a model folder of half the size is exact."""
    for tensor in network.state_dict().values():
        tensor.copy_(tensor.half().to(tensor.dtype))


def _take(items: Sequence[Item], rows: NDArray[np.intp]) -> list[Item]:
    return [items[row] for row in rows]
