"""Where a trial lies: what pair matching learned of it, and its names, side by side.

Pair matching spreads trials along a few directions; the others, in which drugs and diseases differ as well, are
narrow and hardly count in a cosine. Whitening (J. Su et al., arXiv 2103.15316) makes all directions count alike. What
tells drugs and diseases apart beyond what a match needs is in the language model's states of their names.

Shapes: n trials, P width of a part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import CorruptArtefactError, InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig
from cladmop.model.half import from_half, to_half
from cladmop.training.batches import Batches, collate

Vectors = NDArray[np.float32]
RIDGE = 1e-3
"""Added to the variance of each direction before it is divided by, as a share of the largest."""
_LEAST = 1e-6  # variance that is rounding rather than a difference between trials
NAMES_WIDTH = 64
"""Directions that are kept of the states of names."""
PARTS = ("criteria", "drugs", "drug names", "disease names")
"""f_C, f_DM, and the last states of the names of drugs and of diseases."""
_NETWORK = "network."
_BATCH, _TOKENS = 64, 65_536


@dataclass(frozen=True)
class Shares:
    """How much each part counts in the similarity."""

    criteria: float = 0.5
    """Share of f_C in pair matching, in [0, 1]; the rest is f_DM's."""
    names: float = 0.5
    """Share of the names beside pair matching, in [0, 1]; drugs and diseases count alike."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        InputError
            If a share lies outside [0, 1].
        """
        for name, share in vars(self).items():
            if not 0 <= share <= 1:
                raise InputError(f"share of the {name} in the similarity: {share}; give a number in [0, 1]")

    def by_part(self) -> tuple[float, ...]:
        """Return the share of each of `PARTS`; they sum to 1."""
        matching = 1 - self.names
        return matching * self.criteria, matching * (1 - self.criteria), self.names / 2, self.names / 2


@dataclass(frozen=True)
class Whitening:
    """A linear map after which the trials it was fitted on vary alike, or more alike, in all directions."""

    mean: Vectors
    """Shape (P,)."""
    matrix: Vectors
    """Shape (P, kept)."""

    @classmethod
    def fit(cls, vectors: Vectors, *, kept: int | None = None, power: float = 1.0) -> Self:
        """Fit on vectors, shape (n, P).

        Parameters
        ----------
        vectors
            Those of absent parts, all zero, are left out.
        kept
            Keep this many directions, those that vary most; none keeps all.
        power
            Standard deviations to this power are divided by: 1 makes all directions alike, 0 leaves them.
        """
        present = vectors[vectors.any(axis=1)]
        if len(present) < 2:  # nothing varies
            return cls(np.zeros(vectors.shape[1], np.float32), np.eye(vectors.shape[1], kept, dtype=np.float32))
        mean = present.mean(axis=0)
        variance, directions = np.linalg.eigh(np.cov(present - mean, rowvar=False).astype(np.float64))
        variance, directions = variance[::-1][:kept], directions[:, ::-1][:, :kept]
        scale = (np.maximum(variance, 0) + max(RIDGE * variance.max(), _LEAST)) ** (-power / 2)
        return cls(
            mean.astype(np.float16).astype(np.float32), (directions * scale).astype(np.float16).astype(np.float32)
        )

    def __call__(self, vectors: Vectors) -> Vectors:
        """Return the mapped vectors, shape (n, kept), rows of length 1; all zero stays all zero."""
        mapped = unit((vectors - self.mean) @ self.matrix)
        return np.asarray(mapped * vectors.any(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True)
class Embedding:
    """Turns encoded trials into vectors whose cosine is the similarity of the trials."""

    network: CLaDMoP
    """Pre-trained by pair matching, in evaluation mode."""
    maps: tuple[Whitening, ...]
    """Of each of `PARTS`."""
    shares: Shares

    @classmethod
    def fit(cls, network: CLaDMoP, encoded: Sequence[EncodedTrial], shares: Shares) -> Self:
        """Fit the maps on trials; the network's weights are rounded as they will be stored."""
        rounded = from_half(network.config, to_half(network))
        return cls(rounded, fit_maps(parts_of(rounded, encoded)), shares)

    def __call__(self, encoded: Sequence[EncodedTrial]) -> NDArray[np.float16]:
        """Return vectors of length 1, shape (n, V).

        Raises
        ------
        InputError
            If the trials were encoded at other widths than the network's.
        """
        parts = parts_of(self.network, encoded)
        return joined([each(part) for each, part in zip(self.maps, parts, strict=True)], self.shares)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all arrays that `from_arrays` needs, in half precision."""
        maps = {
            f"{name}.{key}": array.astype(np.float16)
            for name, part in zip(PARTS, self.maps, strict=True)
            for key, array in vars(part).items()
        }
        return {**{_NETWORK + name: array for name, array in to_half(self.network).items()}, **maps}

    @classmethod
    def from_arrays(cls, config: ModelConfig, shares: Shares, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `to_arrays`.

        Raises
        ------
        CorruptArtefactError
            If arrays and config do not belong together.
        """
        own = {name.removeprefix(_NETWORK): array for name, array in arrays.items() if name.startswith(_NETWORK)}
        try:
            maps = tuple(
                Whitening(*(arrays[f"{name}.{key}"].astype(np.float32) for key in ("mean", "matrix"))) for name in PARTS
            )
            return cls(from_half(config, own), maps, shares)
        except (KeyError, IndexError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CorruptArtefactError(
                f"the network of past trials does not fit its manifest ({reason}); build the index again"
            ) from error


def parts_of(network: CLaDMoP, encoded: Sequence[EncodedTrial]) -> tuple[Vectors, ...]:
    """Return each of `PARTS` as it comes from the network and the language model, shape (n, P) each."""
    names = (_names(encoded, kind) for kind in (0, 1))
    return (*match_embeddings(network, encoded), *names)


def fit_maps(parts: Sequence[Vectors]) -> tuple[Whitening, ...]:
    """Return the maps of parts: full whitening of what pair matching learned, half of the names."""
    return (
        *(Whitening.fit(part) for part in parts[:2]),
        *(Whitening.fit(part, kept=NAMES_WIDTH, power=0.5) for part in parts[2:]),
    )


def match_embeddings(network: CLaDMoP, encoded: Sequence[EncodedTrial]) -> tuple[Vectors, Vectors]:
    """Return f_C of the criteria and f_DM of drugs, diseases and phase, shape (n, P) each, rows of length 1.

    f_DM has not seen the criteria, so that each says what the other does not; of a network that matches in the
    reading ``own`` it has.
    """
    f_C, f_DM = (np.zeros((len(encoded), network.config.match_width), np.float32) for _ in range(2))
    with torch.no_grad():
        for rows in Batches.over(encoded, _BATCH, _TOKENS).in_order():
            criteria, drugs = network.match(collate([encoded[row] for row in rows]))
            f_C[rows], f_DM[rows] = criteria.numpy(), drugs.numpy()
    return f_C, f_DM


def joined(parts: Sequence[Vectors], shares: Shares) -> NDArray[np.float16]:
    """Return vectors of length 1 whose cosine is the mean of those of the parts, by share, shape (n, V).

    A part without share is left out; where a trial lacks a part, it has a similarity of 0 in it.
    """
    halves = [(share, part) for share, part in zip(shares.by_part(), parts, strict=True) if share > 0]
    return unit(np.hstack([np.sqrt(share) * part for share, part in halves])).astype(np.float16)


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Return vectors, shape (n, V), at length 1; all zero stays all zero."""
    wide = vectors.astype(np.float32)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _names(encoded: Sequence[EncodedTrial], kind: int) -> Vectors:
    """Return the mean last state of the names of drugs (0) or of diseases (1); all zero where there is none."""
    means = np.zeros((len(encoded), encoded[0].names.shape[2]), np.float32)
    for row, trial in enumerate(encoded):
        chosen = trial.name_kinds == kind
        if chosen.any():
            means[row] = trial.names[-1, chosen].astype(np.float32).mean(axis=0)
    return means
