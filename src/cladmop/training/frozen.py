"""Outcome logits by rows of a training set, reading the criteria once where they cannot change.

With LoRA the criteria branch is frozen, and with grouping what it gives is small: a pooled vector and G group tokens
a level, whatever T. Reading it once makes an epoch cost what the drug branch costs. The frozen branch then runs
without dropout.

Shapes: n trials of the set, B trials of a batch, G groups of a level, C width of the pooled criteria.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cladmop.encoders.base import EncodedTrial
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.criteria import Context, Criteria
from cladmop.training.batches import Batches, collate
from cladmop.training.settings import TrainSettings

LogitsOf = Callable[[NDArray[np.intp]], Tensor]
"""Logits of success, shape ``B``, of the trials at B rows."""


def logits_of(model: CLaDMoP, trials: Sequence[EncodedTrial], settings: TrainSettings) -> LogitsOf:
    """Return the network's logits as a function of rows; the network may train between calls."""
    changes = any(parameter.requires_grad for parameter in model.criteria.parameters())
    if changes or not model.config.grouping or not trials:
        return lambda rows: model.outcome(collate([trials[row] for row in rows]))
    criteria = _read_once(model, trials, settings)
    rest = [replace(trial, criteria=trial.criteria[:, :0], side=trial.side[:0]) for trial in trials]

    def logits(rows: NDArray[np.intp]) -> Tensor:
        tokens = model.tokens(collate([rest[row] for row in rows]))
        return model.outcome_of(criteria.rows(torch.from_numpy(rows)), tokens)

    return logits


def _read_once(model: CLaDMoP, trials: Sequence[EncodedTrial], settings: TrainSettings) -> Criteria:
    batches = Batches.over(trials, settings.batch_size, settings.tokens_per_batch).in_order()
    model.eval()
    with torch.no_grad():
        parts = [model.read(collate([trials[row] for row in rows]))[0] for rows in batches]
    back = torch.from_numpy(np.argsort(np.concatenate(batches)))
    contexts = (
        Context(torch.cat([context.tokens_BGD for context in level])[back], torch.cat([c.mask_BG for c in level])[back])
        for level in zip(*(part.contexts for part in parts), strict=True)
    )
    return Criteria(torch.cat([part.pooled_BC for part in parts])[back], tuple(contexts))
