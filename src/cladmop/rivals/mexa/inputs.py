"""Encoded trials as tokens of four parts: drugs, diseases, inclusion and exclusion statements.

Shapes: B trials, N tokens of a part (its limit), X numbers of a token, F molecule features, V ids of ICD ancestors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cladmop.diseases.icd import vocabulary
from cladmop.encoders.base import EncodedTrial
from cladmop.rivals.mexa.settings import MexaSettings

PARTS = ("drugs", "diseases", "inclusion", "exclusion")
Tokens = Mapping[str, NDArray[np.float32]]
"""Tokens of one trial by part, each of shape ``N x X`` with N at most the part's limit; N may be 0."""


@dataclass(frozen=True, eq=False)
class Part:
    """One part of B trials. Values under a false mask have no influence on any score."""

    tokens_BNX: Tensor
    """Float32, zero where padded, shape ``B x N x X``."""
    real_BN: Tensor
    """True where a token is real, shape ``B x N``."""


Batch = Mapping[str, Part]
"""All four parts of B trials."""


def read_tokens(encoded: EncodedTrial, settings: MexaSettings) -> Tokens:
    """Return the first tokens of each part of a trial, up to the part's limit.

    - drugs: the features of a molecule, brought to mean 0 and variance 1 (as the release does, molecule by molecule);
    - diseases: an ICD-10 category, the sum of the fixed vectors of all ancestors of the trial's codes in it;
    - statements: the last level of the frozen language model.
    """
    limits, states = settings.limits, encoded.criteria[-1].astype(np.float32)
    kept = range(min(limits["diseases"], len(set(encoded.categories.tolist()))))
    diseases = [_disease(encoded.diseases[encoded.categories == one], settings.disease_width) for one in kept]
    return {
        "drugs": _standardised(encoded.molecules[: limits["drugs"]]),
        "diseases": np.array(diseases, dtype=np.float32).reshape(len(kept), settings.disease_width),
        "inclusion": states[encoded.side == 0][: limits["inclusion"]],
        "exclusion": states[encoded.side == 1][: limits["exclusion"]],
    }


def pad(trials: Sequence[Tokens], settings: MexaSettings, *, blank: bool) -> Batch:
    """Return the parts of B trials, B at least 1, each padded to its limit.

    ``blank`` gives a part without tokens one real token of zeros, as the release does.
    """
    return {
        name: _pad([trial[name] for trial in trials], limit, blank=blank) for name, limit in settings.limits.items()
    }


def widths(tokens: Tokens) -> dict[str, int]:
    """Return X, the numbers of a token, for each part."""
    return {name: one.shape[1] for name, one in tokens.items()}


def _pad(trials: Sequence[NDArray[np.float32]], limit: int, *, blank: bool) -> Part:
    tokens = np.zeros((len(trials), limit, trials[0].shape[1]), dtype=np.float32)
    counts = np.array([len(one) for one in trials])
    for row, one in enumerate(trials):
        tokens[row, : len(one)] = one
    real = np.arange(limit) < (np.maximum(counts, 1) if blank else counts)[:, None]
    return Part(torch.from_numpy(tokens), torch.from_numpy(real))


def _standardised(molecules: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = molecules - molecules.mean(axis=1, keepdims=True)
    return np.asarray(centred / (centred.std(axis=1, ddof=1, keepdims=True) + 1e-6), dtype=np.float32)


def _disease(codes: NDArray[np.int32], width: int) -> NDArray[np.float32]:
    ancestors = np.unique(codes[codes > 0])  # an ancestor that codes share counts once
    return np.asarray(_ancestor_vectors(width)[ancestors].sum(axis=0), dtype=np.float32)


@cache
def _ancestor_vectors(width: int) -> NDArray[np.float32]:
    """Return a random projection of one-hot ancestors, shape ``(V + 1, width)``: always the same.

    Sums of them keep the overlap of sets of ancestors, and so the distances in ICD-10's tree, as the release's fixed
    icd2vec vectors are to do. A code of four ancestors has entries of variance 1.
    """
    drawn = np.random.default_rng(0).normal(scale=0.5, size=(len(vocabulary()) + 1, width))
    return np.asarray(drawn, dtype=np.float32)
