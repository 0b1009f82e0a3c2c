"""What cladmop ships, behind the door of the rivals: its recipe fitted here, and its weights as they are."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.records import Trial
from cladmop.rivals.base import Labelled, Rival, fit_labels, not_fitted

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier

OTHER_PHASES = 0.3
"""Weight of the other phases' trials in the recipe, as in `cladmop fit`."""


class Recipe:
    """`TrialOutcomeClassifier` with its default settings, as `cladmop fit` trains it, on the training trials alone.

    Parameters
    ----------
    others
        Labelled trials of other phases, which count `OTHER_PHASES` each.
    seed
        Of its networks.
    folder
        Where its networks keep their checkpoints.
    encoder
        Frozen language model: an embedded name, a hub name or a folder.
    """

    kind: ClassVar[str] = "recipe"

    def __init__(self, others: Labelled, seed: int, folder: Path, encoder: str = "minilm") -> None:
        self._others = others
        self._seed = seed
        self._folder = folder
        self._encoder = encoder
        self._model: TrialOutcomeClassifier | None = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Fit networks, states and words, calibrated out of fold (see `Rival`)."""
        from cladmop.estimator import TrialOutcomeClassifier

        own = fit_labels(trials, labels)
        others, other_labels = self._others
        weights = np.repeat([1.0, OTHER_PHASES], [len(own), len(others)])
        model = TrialOutcomeClassifier(encoder=self._encoder, replicates=0, seed=self._seed, work_dir=self._folder)
        self._model = model.fit([*trials, *others], [*own, *np.asarray(other_labels, dtype=np.int64)], weights)
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        if self._model is None:
            raise not_fitted(self.kind)
        return np.asarray(self._model.predict_proba(trials)[:, 1], dtype=np.float64)


class Wider:
    """A rival that is fitted on the validation trials too, as the shipped model was: its fair counterpart.

    Parameters
    ----------
    rival
        Unfitted.
    valid
        Labelled validation trials; nothing is stopped by them here.
    """

    kind: ClassVar[str] = "wider"

    def __init__(self, rival: Rival, valid: Labelled) -> None:
        self._rival = rival
        self._valid = valid

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Fit on the trials and the validation trials (see `Rival`)."""
        more, more_labels = self._valid
        self._rival.fit([*trials, *more], np.concatenate([np.asarray(labels), np.asarray(more_labels)]))
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        return self._rival.predict_proba(trials)


class Shipped:
    """The model folder that comes with the package; it learns nothing here."""

    kind: ClassVar[str] = "shipped"

    def __init__(self) -> None:
        self._model: TrialOutcomeClassifier | None = None

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Load the weights; trials and labels are looked at by nobody but the check that all rivals make."""
        from cladmop.estimator import TrialOutcomeClassifier

        fit_labels(trials, labels)
        self._model = TrialOutcomeClassifier.from_pretrained("default")
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        if self._model is None:
            raise not_fitted(self.kind)
        return np.asarray(self._model.predict_proba(trials)[:, 1], dtype=np.float64)
