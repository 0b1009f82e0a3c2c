"""What rival networks that stop by validation trials have in common: how they are made, asked and trained a step."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from cladmop.rivals.base import Encode, Labelled, labelled_set, not_fitted

if TYPE_CHECKING:
    import torch


class TrainedNetwork(Protocol):
    """What training leaves."""

    @property
    def history(self) -> Sequence[Mapping[str, float]]:
        """Losses and other values of each epoch."""
        ...

    @property
    def best(self) -> int:
        """Index of the epoch that validation chose."""
        ...


T = TypeVar("T", bound=TrainedNetwork)


class StoppedRival(Generic[T]):
    """Base of rivals that are given validation trials when they are made (see `Rival`).

    Parameters
    ----------
    encode
        Turns trials into arrays.
    valid
        Labelled trials that choose the epoch, never those that judge it.
    seed
        Decides all that is random; equal seeds give equal scores.

    Raises
    ------
    InputError
        If ``valid`` is empty or of one class only.
    """

    kind: ClassVar[str]

    def __init__(self, encode: Encode, valid: Labelled, seed: int) -> None:
        self.encode, self.seed = encode, seed
        self._valid, self._valid_labels = labelled_set(valid, f"{self.kind}, validation trials")
        self._trained: T | None = None

    @property
    def best_epoch(self) -> int:
        """Number, from 1, of the epoch that validation chose; an error before ``fit``."""
        return self._fitted.best + 1

    @property
    def history(self) -> Sequence[Mapping[str, float]]:
        """Training ``loss``, ``valid_loss`` and other values of each epoch; an error before ``fit``."""
        return self._fitted.history

    @property
    def _fitted(self) -> T:
        if self._trained is None:
            raise not_fitted(self.kind)
        return self._trained

    def _probabilities(self, logits: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the probabilities of log-odds that are computed on one thread, so that they are equal each time."""
        from scipy.special import expit

        from cladmop.training.loop import reproducible
        from cladmop.training.settings import TrainSettings

        with reproducible(TrainSettings(seed=self.seed)):
            return np.asarray(expit(logits()), dtype=np.float64)


def descend(optimizer: "torch.optim.Optimizer", loss: "torch.Tensor", name: str) -> float:
    """Take one step down a loss, and return its value.

    Raises
    ------
    DivergedError
        If the loss is not finite; ``name`` says whose it is.
    """
    from cladmop.training.loop import DivergedError

    value = loss.item()
    if not math.isfinite(value):
        raise DivergedError(f"{name}: the loss became {value}; lower learning_rate")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    optimizer.step()
    return value
