"""What encoders hand to the model: the shapes every other floor relies on. Needs numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

LEVELS = 4
"""Depths at which hidden states are read: coarse (1/4), medium (2/4), fine (3/4) and last layer, in this order."""


class Unit(StrEnum):
    """What one criteria vector stands for."""

    ITEMS = "items"
    """One inclusion or exclusion item: the mean state of its tokens."""
    TOKENS = "tokens"
    """One token of the language model, as in the paper."""


@runtime_checkable
class TextEncoder(Protocol):
    """A frozen language model that turns texts into hidden states at ``LEVELS`` depths."""

    @property
    def name(self) -> str:
        """Name for people: an embedded model, a hub name or a folder."""

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digest of all that decides the states: weights, layers, dtype, window and overlap."""

    @property
    def width(self) -> int:
        """Width ``W`` of a hidden state."""

    @property
    def window(self) -> int:
        """Tokens of text seen at once; longer texts are encoded in overlapping windows."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens ``T`` that ``encode`` gives for each text without pooling."""

    def encode(self, texts: Sequence[str], *, pool: bool) -> list[NDArray[np.float16]]:
        """Return an array of shape ``(LEVELS, T, W)`` per text, in input order; ``T`` = 1 (mean) when pooled."""


@dataclass(frozen=True)
class EncodedTrial:
    """One trial as arrays, before batching. Any part may be empty; the model has learned tokens for that.

    Letters: ``T`` criteria vectors, ``W`` width of the language model, ``M`` molecules, ``F`` molecule features,
    ``K`` disease codes, ``A`` ancestors of a code, ``N`` names of drugs and diseases.
    """

    criteria: NDArray[np.float16]
    """``(LEVELS, T, W)`` hidden states of the inclusion, then of the exclusion criteria; ``T`` may be 0."""
    side: NDArray[np.int8]
    """``(T,)``: 0 for an inclusion vector, 1 for an exclusion vector."""
    molecules: NDArray[np.float32]
    """``(M, F)`` molecule features; ``M`` may be 0."""
    diseases: NDArray[np.int32]
    """``(K, A)`` vocabulary ids of each code's ICD-10 ancestors, 0 where it has fewer; ``K`` may be 0."""
    categories: NDArray[np.int32]
    """``(K,)``: number within the trial, from 0, of each code's ICD category (shared position embedding)."""
    names: NDArray[np.float16]
    """``(LEVELS, N, W)`` pooled states of the names of drugs, then of diseases, as written; ``N`` may be 0."""
    name_kinds: NDArray[np.int8]
    """``(N,)``: 0 for a drug's name, 1 for a disease's."""
    phase: int
    """Index of the trial's phase in ``list(Phase)``."""
    drug_set: str
    """Canonical identity of the set of drugs (sorted InChIKey first blocks, or names), empty when there is none."""
    disease_set: str
    """Canonical identity of the set of ICD categories, empty when there is none."""
