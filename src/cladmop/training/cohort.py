"""The trials of pre-training, and what each of them may teach.

Shapes: n trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError

Objective = Literal["matching", "completion", "both"]
"""What pre-training learns: to match pairs, to tell completed from stopped trials, or both at once."""
UNKNOWN = -1
"""Of a trial that completion is not learned from: its status is not known, not to be used, or not of the past."""


@dataclass(frozen=True, eq=False)
class PretrainTrials:
    """Past trials with the labels of both objectives.

    Whether a trial completed is a label of trials that ended before the cut-off, never an input. Trials that judge a
    model, in validation or test, must not be here: whoever builds this leaves them out.

    Raises
    ------
    InputError
        If there is not one label of each kind for each trial, or a label is none of the values allowed.
    """

    encoded: Sequence[EncodedTrial]
    """The trials, n of them."""
    successful: NDArray[np.bool_]
    """Whether a trial takes part in pair matching, shape ``n``."""
    completed: NDArray[np.int8]
    """1 completed, 0 stopped (terminated or withdrawn), -1 not known or not to be used, shape ``n``."""

    def __post_init__(self) -> None:
        """Check lengths and values."""
        self._require_array("successful", self.successful, np.bool_)
        self._require_array("completed", self.completed, np.int8)
        wrong = np.flatnonzero(~np.isin(self.completed, (UNKNOWN, 0, 1)))
        if len(wrong):
            raise InputError(
                f"PretrainTrials.completed[{wrong[0]}] is {self.completed[wrong[0]]}; "
                "use 1 for completed, 0 for stopped, -1 for not known"
            )

    def _require_array(self, name: str, values: NDArray[Any], kind: type[np.generic]) -> None:
        if not isinstance(values, np.ndarray) or values.dtype != kind:
            received = getattr(values, "dtype", type(values).__name__)
            raise InputError(f"PretrainTrials.{name} is of type {received}; give a numpy array of {kind.__name__}")
        if np.shape(values) != (len(self.encoded),):
            raise InputError(
                f"PretrainTrials.{name} has shape {np.shape(values)}; "
                f"give one label for each of the {len(self.encoded)} trials"
            )

    @classmethod
    def successes(cls, encoded: Sequence[EncodedTrial]) -> "PretrainTrials":
        """Return successful trials, from which completion is not learned."""
        return cls(encoded, np.ones(len(encoded), np.bool_), np.full(len(encoded), UNKNOWN, np.int8))

    @classmethod
    def of(cls, pool: "Pool") -> "PretrainTrials":
        """Return the trials as they are; plain encoded trials are taken as `successes`."""
        return pool if isinstance(pool, PretrainTrials) else cls.successes(pool)

    def __len__(self) -> int:
        return len(self.encoded)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether a trial is known to have completed or stopped, shape ``n``."""
        known: NDArray[np.bool_] = np.asarray(self.completed >= 0)
        return known

    @property
    def kinds(self) -> NDArray[np.int64]:
        """A number that is equal for trials with the same labels, shape ``n``."""
        return 3 * self.successful.astype(np.int64) + self.completed

    def take(self, rows: NDArray[np.intp]) -> "PretrainTrials":
        """Return some of the trials, in the order of ``rows``."""
        return PretrainTrials([self.encoded[row] for row in rows], self.successful[rows], self.completed[rows])

    def joined(self, other: "PretrainTrials") -> "PretrainTrials":
        """Return these trials, then the other ones."""
        return PretrainTrials(
            [*self.encoded, *other.encoded],
            np.concatenate([self.successful, other.successful]),
            np.concatenate([self.completed, other.completed]),
        )

    def serving(self, objective: Objective) -> "PretrainTrials":
        """Return the trials, in their order, that have a part in an objective, without the labels it does not use."""
        successful = self.successful & (objective != "completion")
        completed = self.completed if objective != "matching" else np.full_like(self.completed, UNKNOWN)
        labelled = PretrainTrials(self.encoded, successful, completed)
        return labelled.take(np.flatnonzero(successful | labelled.known))

    def require(self, objective: Objective, where: str) -> None:
        """Check that there is enough to learn or to judge by.

        Raises
        ------
        InputError
            If pair matching has fewer than 2 successful trials, or completion lacks a class; ``where`` names the set.
        """
        counts = self.counts()
        if objective != "completion" and counts["successful"] < 2:
            raise InputError(f"pair matching needs at least 2 successful trials in {where}; got {counts['successful']}")
        if objective != "matching" and not (counts["completed"] and counts["stopped"]):
            raise InputError(
                f"objective {objective!r} needs completed and stopped trials in {where}; got {counts['completed']} "
                f"completed and {counts['stopped']} stopped; add such trials, or use objective 'matching'"
            )

    def counts(self) -> dict[str, int]:
        """Return the number of trials, and of those with each label."""
        return {
            "trials": len(self),
            "successful": int(self.successful.sum()),
            "completed": int((self.completed == 1).sum()),
            "stopped": int((self.completed == 0).sum()),
        }


Pool = Sequence[EncodedTrial] | PretrainTrials
"""Trials to pre-train on; where they come without labels, all are successful."""
