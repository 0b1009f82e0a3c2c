"""What became of a trial: labels to train and evaluate on, kept apart from the trial itself."""

import datetime as dt
from typing import Literal

from cladmop.records.trial import NctId, Record, Trial


class Outcome(Record):
    """The outcome of one trial. It is joined to its ``Trial`` by ``nct_id`` and is never an input of a model."""

    nct_id: NctId
    success: Literal[0, 1] | None = None
    """1 success, 0 failure, none where nobody labelled it."""
    status: str = ""
    """Overall status in the source's words (``completed``, ``terminated``)."""
    why_stopped: str = ""
    """Reason for stopping in the sponsor's words."""
    completion_date: dt.date | None = None
    """Primary completion (``primaryCompletionDateStruct``), for temporal cut-offs."""


class LabelledTrial(Record):
    """A trial with its outcome, as a data set row gives both."""

    trial: Trial
    outcome: Outcome

    @property
    def success(self) -> int:
        """The label, 0 or 1.

        Raises
        ------
        ValueError
            If the trial has no label.
        """
        if self.outcome.success is None:
            raise ValueError(f"{self.outcome.nct_id} has no outcome label")
        return self.outcome.success
