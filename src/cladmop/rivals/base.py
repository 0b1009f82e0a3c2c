"""The interface of a rival."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.errors import CladmopError, CorruptArtefactError, InputError
from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.encoders.base import EncodedTrial


@dataclass(frozen=True)
class RivalState:
    """Everything a fitted rival knows, as it goes to disk."""

    settings: Mapping[str, Any]
    """JSON values."""
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Numeric arrays by name."""


Encode = Callable[[Sequence[Trial]], Sequence["EncodedTrial"]]
"""Turns trials into arrays, in input order: drugs, diseases and the hidden states of a frozen language model."""
Labelled = tuple[Sequence[Trial], ArrayLike]
"""Trials with their labels, 0 or 1."""


class Rival(Protocol):
    """A model of trials, behind the one door: it is fitted on labelled trials and gives scores, nothing else.

    Rivals that stop by validation trials are given those when they are made, never the trials that judge them.
    """

    kind: ClassVar[str]
    """Its name in tables, files and on the command line."""

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Fit on trials and their labels, 0 or 1, shape (n,).

        Raises
        ------
        InputError
            If there are no trials, the lengths differ, or only one class is there.
        """
        ...

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,).

        Raises
        ------
        CladmopError
            If the rival is not fitted.
        """
        ...


class StoredRival(Rival, Protocol):
    """A rival that can be written to disk and read back."""

    def state(self) -> RivalState:
        """Return what `from_state` needs to give identical scores."""
        ...

    @classmethod
    def from_state(cls, state: RivalState) -> Self:
        """Rebuild a fitted rival.

        Raises
        ------
        CorruptArtefactError
            If settings or tensors are missing or do not fit together.
        """
        ...


def fit_labels(trials: Sequence[Trial], labels: ArrayLike) -> NDArray[np.int64]:
    """Return the labels as int64, shape (n,), after making sure that a classifier can be fitted to them.

    Raises
    ------
    InputError
        If there are no trials, the lengths differ, a label is not 0 or 1, or only one class is there.
    """
    truth = np.asarray(labels)
    if truth.shape != (len(trials),):
        raise InputError(f"{len(trials)} trials but labels of shape {truth.shape}; give one label a trial")
    if not np.isin(truth, (0, 1)).all():
        raise InputError(f"labels hold {np.unique(truth)[:5].tolist()}; each must be 0 (failure) or 1 (success)")
    if len(np.unique(truth)) < 2:
        raise InputError(f"{len(trials)} trials of one class; fitting needs successes and failures")
    return truth.astype(np.int64)


def labelled_set(labelled: Labelled, what: str) -> tuple[Sequence[Trial], NDArray[np.int64]]:
    """Return trials and checked labels of a set that a rival is given when it is made.

    Raises
    ------
    InputError
        As `fit_labels`; the message names the set by ``what`` (``mexa-repaired, validation trials``).
    """
    try:
        return labelled[0], fit_labels(*labelled)
    except InputError as error:
        raise InputError(f"{what}: {error}") from error


def not_fitted(kind: str) -> CladmopError:
    """Return the error of a rival that is asked for scores before it was fitted."""
    return CladmopError(f"the rival {kind!r} is not fitted; call fit, or load a fitted one")


def expect_tensors(state: RivalState, kind: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Make sure that the stored tensors have the names and shapes they must have, and are finite.

    Raises
    ------
    CorruptArtefactError
        If a tensor is missing, or has another shape or an entry that is not finite.
    """
    for name, shape in shapes.items():
        found = state.tensors.get(name)
        if found is None or found.shape != shape:
            given = "missing" if found is None else f"of shape {found.shape}"
            raise CorruptArtefactError(f"stored rival {kind!r}: tensor {name!r} is {given}, not {shape}; fit it again")
        if not np.isfinite(found).all():
            raise CorruptArtefactError(f"stored rival {kind!r}: tensor {name!r} holds NaN or infinity; fit it again")
