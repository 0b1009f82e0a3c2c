"""Where a trial lies: the two embeddings that pair matching learned, whitened, side by side.

Pair matching spreads trials along a few directions; the others, in which drugs and diseases differ as well, are
narrow and hardly count in a cosine. Whitening (J. Su et al., arXiv 2103.15316) makes all directions count alike.

Shapes: n trials, P width of match embeddings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import CorruptArtefactError
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig
from cladmop.training.batches import Batches, collate

Vectors = NDArray[np.float32]
RIDGE = 1e-3
"""Added to the variance of each direction before it is divided by, as a share of the largest."""
_LEAST = 1e-6  # variance that is rounding rather than a difference between trials
_TABLE, _ROWS = "tokens.ancestor.weight", "tokens.ancestor.rows"
_NETWORK = "network."
_BATCH, _TOKENS = 64, 65_536


@dataclass(frozen=True)
class Whitening:
    """A linear map after which the trials it was fitted on vary alike in all directions."""

    mean: Vectors
    """Shape (P,)."""
    matrix: Vectors
    """Shape (P, P)."""

    @classmethod
    def fit(cls, vectors: Vectors) -> Self:
        """Fit on vectors, shape (n, P)."""
        mean = vectors.mean(axis=0)
        variance, directions = np.linalg.eigh(np.cov(vectors - mean, rowvar=False).astype(np.float64))
        scale = 1 / np.sqrt(np.maximum(variance, 0) + max(RIDGE * variance.max(), _LEAST))
        return cls(mean.astype(np.float32), (directions * scale).astype(np.float32))

    def __call__(self, vectors: Vectors) -> Vectors:
        """Return the mapped vectors, shape (n, P), rows of length 1."""
        mapped = (vectors - self.mean) @ self.matrix
        length = np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), 1e-12)
        return np.asarray(mapped / length, dtype=np.float32)


@dataclass(frozen=True)
class Embedding:
    """Turns encoded trials into vectors whose cosine is the similarity of the trials."""

    network: CLaDMoP
    """Pre-trained by pair matching, in evaluation mode."""
    criteria: Whitening
    """Of f_C."""
    drugs: Whitening
    """Of f_DM."""
    weight: float
    """Share of the criteria in the similarity, in [0, 1]."""

    @classmethod
    def fit(cls, network: CLaDMoP, encoded: Sequence[EncodedTrial], weight: float) -> Self:
        """Fit the whitening on trials; the network's weights are rounded as they will be stored."""
        rounded = _from_arrays(network.config, _to_arrays(network))
        f_C, f_DM = match_embeddings(rounded, encoded)
        return cls(rounded, Whitening.fit(f_C), Whitening.fit(f_DM), weight)

    def __call__(self, encoded: Sequence[EncodedTrial]) -> NDArray[np.float16]:
        """Return vectors of length 1, shape (n, P or 2 P).

        Raises
        ------
        InputError
            If the trials were encoded at other widths than the network's.
        """
        f_C, f_DM = match_embeddings(self.network, encoded)
        return joined(self.criteria(f_C), self.drugs(f_DM), self.weight)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all arrays that `from_arrays` needs: weights in half precision, the whitening in single."""
        parts = {"criteria": self.criteria, "drugs": self.drugs}
        maps = {f"{name}.{key}": array for name, part in parts.items() for key, array in vars(part).items()}
        return {**{_NETWORK + name: array for name, array in _to_arrays(self.network).items()}, **maps}

    @classmethod
    def from_arrays(cls, config: ModelConfig, weight: float, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `to_arrays`.

        Raises
        ------
        CorruptArtefactError
            If arrays and config do not belong together.
        """
        own = {name.removeprefix(_NETWORK): array for name, array in arrays.items() if name.startswith(_NETWORK)}
        try:
            criteria, drugs = (
                Whitening(arrays[f"{name}.mean"], arrays[f"{name}.matrix"]) for name in ("criteria", "drugs")
            )
            return cls(_from_arrays(config, own), criteria, drugs, weight)
        except (KeyError, IndexError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CorruptArtefactError(
                f"the network of past trials does not fit its manifest ({reason}); build the index again"
            ) from error


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


def joined(f_C: Vectors, f_DM: Vectors, weight: float) -> NDArray[np.float16]:
    """Return vectors of length 1 whose cosine is ``weight`` cos(f_C) + (1 - weight) cos(f_DM), shape (n, P or 2 P).

    A half without weight is left out. ``weight`` is in [0, 1].
    """
    halves = [(weight, f_C), (1 - weight, f_DM)]
    return np.hstack([np.sqrt(share) * half for share, half in halves if share > 0]).astype(np.float16)


def _to_arrays(network: CLaDMoP) -> dict[str, NDArray[Any]]:
    """Return the weights in half precision; ICD codes that training never met are zero, and left out."""
    arrays: dict[str, NDArray[Any]] = {
        name: tensor.half().contiguous().numpy() for name, tensor in network.state_dict().items()
    }
    table = arrays.pop(_TABLE)
    arrays[_ROWS] = np.flatnonzero(table.any(axis=1)).astype(np.int32)
    arrays[_TABLE] = table[arrays[_ROWS]]
    return arrays


def _from_arrays(config: ModelConfig, arrays: Mapping[str, NDArray[Any]]) -> CLaDMoP:
    own = dict(arrays)
    table = np.zeros((config.disease_vocabulary, config.width), np.float32)
    table[own.pop(_ROWS)] = own[_TABLE]
    own[_TABLE] = table
    network = CLaDMoP(config)
    network.load_state_dict({name: torch.from_numpy(array.astype(np.float32)) for name, array in own.items()})
    return network.eval()
