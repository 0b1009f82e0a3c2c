"""One task of an encoding job: a shard of texts becomes one file, under a name that only equal content has.

Whatever a killed worker leaves undone is done again by another, and what was done is found and left as it is.
"""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cladmop.encoders.shards import key_of, shard_name, write_shard
from cladmop.errors import CladmopError, InputError
from cladmop.storage import Place, as_place, below, exists, is_remote, write_bytes

if TYPE_CHECKING:
    from cladmop.encoders.devices import Dtype
    from cladmop.encoders.text import HiddenStateEncoder


@dataclass(frozen=True)
class EncoderSpec:
    """Which language model every worker opens, and what its states must be those of."""

    model: str
    """Embedded name, hub name, or folder that all machines see."""
    revision: str | None
    dtype: "Dtype"
    """Arithmetic, ``float32`` or ``bfloat16``: the first machine's choice is that of all."""
    fingerprint: str
    """Of the encoder that planned the job."""


@cache
def opened(spec: EncoderSpec) -> "HiddenStateEncoder":
    """Return the encoder of a spec, loaded once a process.

    Raises
    ------
    InputError
        If this machine's weights would give other states.
    """
    from cladmop.encoders.text import load_text_encoder

    encoder = load_text_encoder(spec.model, revision=spec.revision, dtype=spec.dtype)
    if encoder.fingerprint != spec.fingerprint:
        raise InputError(
            f"{spec.model} on {socket.gethostname()} has the fingerprint {encoder.fingerprint[:12]}, the job was "
            f"planned with {spec.fingerprint[:12]}; put the same weights on all machines"
        )
    return encoder


def encode_shard(row: Mapping[str, Any], *, spec: EncoderSpec, folder: str, pool: bool) -> dict[str, Any]:
    """Encode the texts of one shard into one file of ``folder``, unless the file is there.

    Parameters
    ----------
    row
        ``texts`` and their ``tokens``.
    spec
        Of the language model.
    folder
        Path or URL that all machines see.
    pool
        Keep the mean over tokens instead of every token.

    Returns
    -------
    dict
        ``name`` of the file, ``texts``, ``tokens``, ``seconds`` and ``worker`` (machine and process); of a shard that
        failed ``error`` and its ``kind``, since an exception would come home without its cause.
    """
    texts = [str(text) for text in row["texts"]]
    keys = [key_of(text) for text in texts]
    name, place = shard_name(keys), as_place(folder)
    start = time.perf_counter()
    error, kind = "", ""
    try:
        if not exists(below(place, name)):
            _write(place, keys, opened(spec).encode(texts, pool=pool))
    except CladmopError as caught:
        error, kind = str(caught), type(caught).__name__
    return {
        "name": name,
        "texts": len(texts),
        "tokens": int(row["tokens"]),
        "seconds": time.perf_counter() - start,
        "worker": f"{socket.gethostname()}/{os.getpid()}",
        "error": error,
        "kind": kind,
    }


def _write(place: Place, keys: list[bytes], states: list[Any]) -> None:
    """Write a shard at once: beside, then under its name, or as one object of a store."""
    if not is_remote(place):
        write_shard(Path(place), keys, states)
        return
    with TemporaryDirectory() as folder:
        path = write_shard(Path(folder), keys, states)
        write_bytes(below(place, path.name), path.read_bytes())
