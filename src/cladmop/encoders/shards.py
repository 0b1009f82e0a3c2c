"""One file of cached hidden states: safetensors with the states of many texts and the index to find them.

=========  ================  ======================================================================
tensor     shape, type       content
=========  ================  ======================================================================
states     (LEVELS, N, W)    float16, states of all texts one after the other
offsets    (texts + 1,)      int64, text ``i`` owns vectors ``offsets[i]`` to ``offsets[i + 1]``
keys       (texts, 32)       uint8, SHA-256 of each text's UTF-8
=========  ================  ======================================================================

The file's metadata holds the SHA-256 of the bytes of ``states``.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import LEVELS
from cladmop.errors import CorruptArtefactError
from cladmop.storage import atomic_file

_MAX_HEADER = 1 << 20
_DTYPES = {"states": ("F16", np.float16), "offsets": ("I64", np.int64), "keys": ("U8", np.uint8)}


@dataclass(frozen=True)
class Shard:
    """An open shard. The states are mapped from the file, not read."""

    path: Path
    states: NDArray[np.float16]
    """``(LEVELS, N, W)``, memory-mapped."""
    offsets: NDArray[np.int64]
    """``(texts + 1,)``."""
    keys: tuple[bytes, ...]
    """SHA-256 of each text, 32 bytes."""
    sha256: str
    """SHA-256 that the bytes of ``states`` must have."""

    def states_of(self, row: int) -> NDArray[np.float16]:
        """Return the states ``(LEVELS, T, W)`` of text number ``row``, as a view of the file."""
        return self.states[:, self.offsets[row] : self.offsets[row + 1]]

    def verify(self) -> None:
        """Compare the states with their recorded SHA-256.

        Raises
        ------
        CorruptArtefactError
            If they differ.
        """
        if hashlib.sha256(self.states.data).hexdigest() != self.sha256:
            raise _damaged(self.path, "its states differ from their checksum")


def key_of(text: str) -> bytes:
    """Return the SHA-256 of a text's UTF-8, 32 bytes: what it is found by."""
    return hashlib.sha256(text.encode("utf-8")).digest()


def shard_name(keys: Sequence[bytes]) -> str:
    """Return the file name of the shard that holds exactly these texts in this order."""
    return hashlib.sha256(b"".join(keys)).hexdigest()[:32] + ".safetensors"


def shard_bytes(texts: int, vectors: int, width: int) -> int:
    """Return the size on disk, in bytes, of that many texts and vectors of ``width``, headers left out."""
    return vectors * LEVELS * width * 2 + texts * 40


def write_shard(folder: Path, keys: Sequence[bytes], states: Sequence[NDArray[np.float16]]) -> Path:
    """Write one shard atomically; equal input gives equal bytes under an equal name.

    Parameters
    ----------
    folder
        Where the shard goes.
    keys
        SHA-256 of each text.
    states
        Array ``(LEVELS, T, W)`` of each text.

    Raises
    ------
    StorageError
        If the disk is full or not writable; nothing is left behind.
    """
    from safetensors.numpy import save

    path = folder / shard_name(keys)
    joined = np.concatenate(states, axis=1)
    offsets = np.cumsum([0, *(one.shape[1] for one in states)], dtype=np.int64)
    tensors: dict[str, NDArray[Any]] = {
        "states": joined,
        "offsets": offsets,
        "keys": np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), 32),
    }
    content = save(tensors, metadata={"sha256": hashlib.sha256(joined.data).hexdigest()})
    with atomic_file(path) as part:
        part.write_bytes(content)
    return path


def open_shard(path: Path) -> Shard:
    """Open a shard and check that its parts have the sizes its header states.

    Raises
    ------
    CorruptArtefactError
        If it is not a whole shard.
    """
    try:
        tensors, sha256 = _map_tensors(path)
        states, offsets, keys = tensors["states"], tensors["offsets"], tensors["keys"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, str(error)) from error
    whole = (
        states.ndim == 3
        and states.shape[0] == LEVELS
        and keys.shape == (len(offsets) - 1, 32)
        and offsets[0] == 0
        and offsets[-1] == states.shape[1]
        and bool((np.diff(offsets) > 0).all())
    )
    if not whole:
        raise _damaged(path, "its index does not fit its states")
    return Shard(path, states, np.array(offsets), tuple(bytes(key) for key in keys), sha256)


def _map_tensors(path: Path) -> tuple[dict[str, NDArray[Any]], str]:
    """Map the tensors of a safetensors file: 8 bytes of header length, JSON header, data."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= _MAX_HEADER:
            raise ValueError(f"a header of {length} bytes")
        header = json.loads(stream.read(length))
    start, size = 8 + length, path.stat().st_size
    sha256 = str(header["__metadata__"]["sha256"])
    tensors: dict[str, NDArray[Any]] = {}
    for name, (stored, dtype) in _DTYPES.items():
        entry = header[name]
        first, last = entry["data_offsets"]
        if entry["dtype"] != stored or start + last > size:
            raise ValueError(f"{name} is cut short or of another type")
        if last - first != np.dtype(dtype).itemsize * int(np.prod(entry["shape"])):
            raise ValueError(f"{name} has another size than its shape")
        tensors[name] = np.memmap(path, dtype, "r", start + first, tuple(entry["shape"]))
    return tensors, sha256


def _damaged(path: Path, reason: str) -> CorruptArtefactError:
    return CorruptArtefactError(
        f"{path} is damaged ({reason}); run `cladmop cache evict` to remove damaged files, then encode again"
    )
