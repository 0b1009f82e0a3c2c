"""What a faster arithmetic costs: how far hidden states turn, and what that does to a model's ROC-AUC."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import TextEncoder
from cladmop.pipeline import EncodingSettings

LEAST_COSINE = 0.999
"""Least mean cosine of a level to single precision."""
MOST_AUC = 0.002
"""Most by which ROC-AUC may change."""


def cosines(full: TextEncoder, fast: TextEncoder, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the cosine of each text's mean state in two arithmetics, shape (texts, LEVELS)."""
    a_NLW, b_NLW = (np.stack(one.encode(texts, pool=True))[:, :, 0].astype(np.float64) for one in (full, fast))
    norms_NL = np.linalg.norm(a_NLW, axis=-1) * np.linalg.norm(b_NLW, axis=-1)
    return np.asarray((a_NLW * b_NLW).sum(axis=-1) / norms_NL)


def auc_by_dtype(folder: Path, encoding: EncodingSettings) -> dict[str, float]:
    """Return the ROC-AUC on TOP phase I validation of the regression on states, by the encoder's arithmetic.

    It is fitted on the training trials, in each arithmetic anew; states are cached as always. No test trial is read.

    Raises
    ------
    MissingArtefactError, InputError, CorruptArtefactError
        As ``read_top``.
    """
    from sklearn.metrics import roc_auc_score

    from cladmop.estimator.states import StatesModel
    from cladmop.pipeline import make_trial_encoder
    from cladmop.sources.top import read_top, split_path

    train, valid = (read_top(split_path(folder, "I", split)) for split in ("train", "valid"))
    found = {}
    for dtype in ("float32", "bfloat16"):
        encoder = make_trial_encoder(replace(encoding, dtype=dtype))
        encoded = [encoder.encode([one.trial for one in split]) for split in (train, valid)]
        model = StatesModel.fit(encoded[0], [int(one.success) for one in train], np.ones(len(train)))
        scores = model.predict_proba(encoded[1])
        found[dtype] = float(roc_auc_score([int(one.success) for one in valid], scores))
    return found
