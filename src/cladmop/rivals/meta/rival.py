"""MAML and ANIL as rivals: meta-learned on other phases, adapted to the few trials given to ``fit``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.records import Trial
from cladmop.rivals.base import Encode, Labelled, fit_labels, labelled_set, not_fitted
from cladmop.rivals.meta.features import Standardiser
from cladmop.rivals.meta.settings import MetaSettings
from cladmop.rivals.meta.tasks import chapter_and_phase, group_tasks

if TYPE_CHECKING:
    from cladmop.rivals.meta.network import MetaNetwork, Weights


class MetaRival:
    """A small network whose starting weights are learned on the tasks of other phases (base of `Maml` and `Anil`).

    Tasks are the ICD-10 chapters of each phase that have enough trials of both classes, and all other trials together.
    Meta-learning runs once, in `meta_learn` or the first `fit`; a shallow copy (``copy.copy``) shares what it gave,
    so that many draws cost one meta-learning.

    Parameters
    ----------
    encode
        Turns trials into hidden states; the features are the mean of the last and the third level over inclusion
        items, exclusion items, drug names and disease names.
    others
        Labelled trials of other phases than the one to be scored.
    settings
        Sizes and step sizes; by default those of the class.
    seed
        Decides starting weights and episodes; equal seeds give equal scores.

    Raises
    ------
    InputError
        If ``others`` is empty or of one class only.
    """

    kind: ClassVar[str]
    default: ClassVar[MetaSettings]
    """Settings where none are given."""
    head_only: ClassVar[bool]
    """Whether the inner loop moves the head alone."""

    def __init__(
        self, encode: Encode, others: Labelled, *, settings: MetaSettings | None = None, seed: int = 0
    ) -> None:
        self.encode, self.settings, self.seed = encode, settings or self.default, seed
        self._others, self._other_labels = labelled_set(others, f"{self.kind}, trials of other phases to meta-learn on")
        self._learned: tuple[Standardiser, MetaNetwork] | None = None
        self._adapted: Weights | None = None

    def meta_learn(self) -> Self:
        """Learn the starting weights on the other phases, unless that is done already.

        Raises
        ------
        InputError
            If no chapter, nor all trials together, has enough trials of both classes.
        DivergedError
            If the loss is not finite.
        """
        if self._learned is None:
            self._learned = self._meta_learned()
        return self

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Meta-learn if that is not done, then adapt to trials of the phase to be scored (see `Rival`)."""
        truth = fit_labels(trials, labels)
        import torch

        from cladmop.rivals.meta.adapt import InnerLoop, adapt
        from cladmop.rivals.meta.network import weights_of
        from cladmop.training.loop import reproducible
        from cladmop.training.settings import TrainSettings

        self.meta_learn()
        assert self._learned is not None
        standardiser, network = self._learned
        features = torch.from_numpy(standardiser.features(self.encode(trials)))
        inner = InnerLoop(self.settings.adapt_steps, self.settings.inner_rate, self._moving(network))
        with reproducible(TrainSettings(seed=self.seed)), torch.no_grad():
            self._adapted = adapt(network, weights_of(network), features, torch.from_numpy(truth).float(), inner)
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`)."""
        if self._learned is None or self._adapted is None:
            raise not_fitted(self.kind)
        import torch

        standardiser, network = self._learned
        features = torch.from_numpy(standardiser.features(self.encode(trials)))
        with torch.no_grad():
            logits = torch.func.functional_call(network, dict(self._adapted), (features,))
        return np.asarray(torch.sigmoid(logits.double()).numpy(), dtype=np.float64)

    def _meta_learned(self) -> tuple[Standardiser, "MetaNetwork"]:
        import torch

        from cladmop.rivals.meta.adapt import InnerLoop
        from cladmop.rivals.meta.learn import meta_learn
        from cladmop.rivals.meta.network import MetaNetwork
        from cladmop.training.loop import reproducible
        from cladmop.training.settings import TrainSettings

        encoded = self.encode(self._others)
        enough = self.settings.shots + self.settings.queries
        tasks = group_tasks(chapter_and_phase(encoded), self._other_labels, enough)
        standardiser = Standardiser.fit(encoded)
        trials = torch.from_numpy(standardiser.features(encoded))
        labels = torch.from_numpy(self._other_labels).float()
        with reproducible(TrainSettings(seed=self.seed)):
            network = MetaNetwork(trials.shape[1], self.settings.hidden)
            inner = InnerLoop(self.settings.inner_steps, self.settings.inner_rate, self._moving(network))
            meta_learn(network, trials, labels, tasks, inner, self.settings, self.seed)
        return standardiser, network

    def _moving(self, network: "MetaNetwork") -> tuple[str, ...]:
        from cladmop.rivals.meta.network import HEAD

        return HEAD if self.head_only else tuple(name for name, _ in network.named_parameters())


class Maml(MetaRival):
    """MAML (Finn et al., ICML 2017): the inner loop moves all weights."""

    kind: ClassVar[str] = "maml"
    default: ClassVar[MetaSettings] = MetaSettings()
    head_only: ClassVar[bool] = False


class Anil(MetaRival):
    """ANIL (Raghu et al., ICLR 2020): the inner loop moves the head alone, over features that are meta-learned.

    On TOP its best step size (chosen as all `MetaSettings`) is so small that what is adapted scores much like what was
    meta-learned: larger steps lost more at 8 trials a class than they won at 64.
    """

    kind: ClassVar[str] = "anil"
    default: ClassVar[MetaSettings] = MetaSettings(inner_rate=0.1)
    head_only: ClassVar[bool] = True
