"""An index of past trials on disk: its files, written at once and verified when read. Nothing is pickled.

======================  ===============================================================================
file                    content
======================  ===============================================================================
``vectors.safetensors`` vectors of all trials, a byte a number, in the order of the table
``past.parquet``        the trials: numbers, titles, dates, outcomes, diseases, drugs
``network.safetensors`` the pair-matching network and the maps behind it, to embed what is asked about
``graph.usearch``       HNSW graph over the vectors, in large indexes only
``manifest.json``       what it is made of, what successful means, and the SHA-256 of every other file
======================  ===============================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError
from cladmop.model.config import ModelConfig
from cladmop.similar.embedding import Embedding, Shares, unit
from cladmop.similar.neighbours import EXACT_LIMIT, Neighbours, write_graph
from cladmop.similar.table import SCHEMA, write_past
from cladmop.storage import atomic_folder, read_json, sha256_of, write_json

KIND = "cladmop past trials"
FORMAT = 1
"""Version of the layout; a reader refuses others."""
MANIFEST = "manifest.json"
VECTORS, TABLE, NETWORK, GRAPH = "vectors.safetensors", "past.parquet", "network.safetensors", "graph.usearch"
_KEYS = ("attribution", "meaning", "cutoff", "terms", "encoding", "shares", "network", "files")


@dataclass(frozen=True)
class Parts:
    """What a folder holds, opened."""

    manifest: Mapping[str, Any]
    table: pl.DataFrame
    """Of `SCHEMA`, n rows."""
    embedding: Embedding
    neighbours: Neighbours
    """Over the n vectors."""


def write_index(
    out: Path, table: pl.DataFrame, embedding: Embedding, vectors: NDArray[np.float16], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Write an index atomically, and return its manifest.

    Parameters
    ----------
    out
        Its folder.
    table, vectors
        The trials and their vectors, in the same order.
    embedding
        What the vectors were made by.
    facts
        The manifest, without what follows from the other arguments.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    from safetensors.numpy import save_file

    with atomic_folder(out) as part:
        stored = packed(vectors)
        save_file({"vectors": stored}, part / VECTORS)
        save_file(embedding.to_arrays(), part / NETWORK)
        write_past(part / TABLE, table)
        if len(vectors) > EXACT_LIMIT:
            write_graph(part / GRAPH, unpacked(stored))
        files = {path.name: sha256_of(path) for path in sorted(part.iterdir())}
        made = {"shares": vars(embedding.shares), "network": embedding.network.config.to_dict(), "files": files}
        manifest = {"kind": KIND, "format": FORMAT, "trials": len(vectors), **facts, **made}
        write_json(part / MANIFEST, manifest)
    return manifest


def read_index(folder: Path) -> Parts:
    """Read and verify an index (see `PastTrials.open`)."""
    if not (folder / MANIFEST).is_file():
        raise MissingArtefactError(
            f"{folder} holds no index of past trials; give a folder that `cladmop similar build` wrote, or `default`"
        )
    manifest = read_json(folder / MANIFEST)
    known = isinstance(manifest, dict) and (manifest.get("kind"), manifest.get("format")) == (KIND, FORMAT)
    if not known or any(key not in manifest for key in _KEYS):
        raise CorruptArtefactError(f"{folder / MANIFEST} is no index of past trials of format {FORMAT}; build it again")
    _verify(folder, manifest["files"])
    table = _read_table(folder / TABLE)
    vectors = unpacked(_arrays(folder / VECTORS)["vectors"])
    try:
        config = ModelConfig.from_dict(manifest["network"], where=str(folder / MANIFEST))
        shares = Shares(**manifest["shares"])
    except (InputError, TypeError) as error:
        raise CorruptArtefactError(f"{error}; build the index again") from error
    if len(table) != len(vectors):
        raise CorruptArtefactError(
            f"{folder}: {len(table)} trials but {len(vectors)} vectors; get or build the index again"
        )
    embedding = Embedding.from_arrays(config, shares, _arrays(folder / NETWORK))
    graph = folder / GRAPH if GRAPH in manifest["files"] else None
    return Parts(manifest, table, embedding, Neighbours(vectors, graph))


def packed(vectors: NDArray[np.float16]) -> NDArray[np.int8]:
    """Return vectors, shape (n, V), as whole numbers up to 127; their lengths, which no cosine reads, are lost."""
    wide = vectors.astype(np.float32)
    stored: NDArray[np.int8] = np.rint(127 * wide / np.abs(wide).max(axis=1, keepdims=True, initial=1e-12)).astype(
        np.int8
    )
    return stored


def unpacked(stored: NDArray[np.int8]) -> NDArray[np.float16]:
    """Return the vectors that `packed` was given, at length 1; cosines differ by some thousandths."""
    return unit(stored).astype(np.float16)


def _verify(folder: Path, files: Mapping[str, str]) -> None:
    for name in (VECTORS, TABLE, NETWORK):
        if name not in files:
            raise CorruptArtefactError(f"{folder / MANIFEST} does not list {name}; get or build the index again")
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            raise MissingArtefactError(f"no file {path}; copy the whole folder, or build the index again")
        if sha256_of(path) != digest:
            raise CorruptArtefactError(
                f"{path} does not have the bytes it was written with; get or build the index again"
            )


def _read_table(path: Path) -> pl.DataFrame:
    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CorruptArtefactError(f"{path} is no Parquet ({error}); build the index again") from error
    if dict(table.schema) != SCHEMA:
        raise CorruptArtefactError(f"{path} has not the columns of past trials; build the index again")
    return table


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays: dict[str, NDArray[Any]] = load_file(path)
    except SafetensorError as error:
        raise CorruptArtefactError(f"{path} is no safetensors file ({error}); build the index again") from error
    return arrays
