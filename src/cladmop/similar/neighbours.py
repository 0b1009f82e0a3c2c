"""The nearest of many vectors, by usearch.

Exact up to `EXACT_LIMIT` candidates: comparing with 50,000 vectors of 128 half-precision numbers takes some
milliseconds, misses none, and respects any filter. Beyond, a graph (HNSW; Malkov and Yashunin, TPAMI 2020) is searched
with room to spare and filtered afterwards.

Shapes: n vectors, V their width.
"""

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cladmop.errors import CorruptArtefactError, MissingDependencyError

EXACT_LIMIT = 50_000
"""Candidates up to which every one is compared with."""
_ROOM = 4
"""How many more neighbours than wanted are asked of the graph, before and after each vain try."""

Rows = NDArray[np.intp]


class Neighbours:
    """Searches vectors for the nearest; safe in several threads.

    Parameters
    ----------
    vectors
        Of length 1, shape (n, V).
    graph
        HNSW index file over all of them, needed above `EXACT_LIMIT`.

    Raises
    ------
    MissingDependencyError
        If usearch is not installed.
    CorruptArtefactError
        If the graph is not one of these vectors.
    """

    def __init__(self, vectors: NDArray[np.float16], graph: Path | None = None) -> None:
        self._vectors = vectors
        self._usearch = _usearch()
        self._graph: Any = None if graph is None else _restored(self._usearch, graph, vectors)
        self._lock = Lock()  # usearch reads a graph by one context a thread, which Python's threads may share

    def nearest(
        self, query: NDArray[np.float16], allowed: NDArray[np.bool_], k: int
    ) -> tuple[Rows, NDArray[np.float64]]:
        """Return rows of the ``k`` nearest allowed vectors, nearest first, and their cosines in [-1, 1].

        Fewer are returned where fewer are allowed.

        Parameters
        ----------
        query
            Of length 1, shape (V,).
        allowed
            Which vectors may be returned, shape (n,).
        k
            At least 1.
        """
        candidates = np.flatnonzero(allowed)
        wanted = min(k, len(candidates))
        if not wanted:
            return np.empty(0, np.intp), np.empty(0)
        if self._graph is not None and len(candidates) > EXACT_LIMIT:
            rows, cosines = self._by_graph(query, allowed, wanted)
        else:
            some = self._vectors[candidates]
            found = self._usearch.search(some, query, wanted, self._usearch.MetricKind.Cos, exact=True, threads=1)
            rows, cosines = candidates[found.keys.astype(np.intp)], 1.0 - found.distances.astype(np.float64)
        order = np.lexsort((rows, -cosines))
        return rows[order], np.clip(cosines[order], -1.0, 1.0)

    def _by_graph(
        self, query: NDArray[np.float16], allowed: NDArray[np.bool_], wanted: int
    ) -> tuple[Rows, NDArray[np.float64]]:
        asked = _ROOM * wanted
        while True:
            asked = min(asked, len(self._vectors))
            with self._lock:
                found = self._graph.search(query, asked, threads=1)
            rows = found.keys.astype(np.intp)
            kept = np.flatnonzero(allowed[rows])[:wanted]
            if len(kept) == wanted or asked == len(self._vectors):
                return rows[kept], 1.0 - found.distances[kept].astype(np.float64)
            asked *= _ROOM


def write_graph(path: Path, vectors: NDArray[np.float16]) -> None:
    """Write the HNSW graph of vectors, shape (n, V); one thread, so that equal vectors give equal bytes."""
    usearch = _usearch()
    index = usearch.Index(ndim=vectors.shape[1], metric=usearch.MetricKind.Cos, dtype="f16")
    index.add(np.arange(len(vectors), dtype=np.uint64), vectors, threads=1)
    index.save(str(path))


def _restored(usearch: Any, path: Path, vectors: NDArray[np.float16]) -> Any:  # noqa: ANN401 (usearch's own)
    try:
        graph = usearch.Index.restore(str(path), view=True)
    except (RuntimeError, ValueError) as error:
        raise CorruptArtefactError(f"{path} is no index of usearch ({error}); build the index again") from error
    if graph is None or (len(graph), graph.ndim) != vectors.shape:
        raise CorruptArtefactError(f"{path} is not the index of these vectors; build the index again")
    return graph


def _usearch() -> Any:  # noqa: ANN401 (the module is imported here)
    try:
        from usearch import index
    except ImportError as error:
        raise MissingDependencyError(
            "similar trials need usearch; install it with: pip install 'cladmop[similar]'"
        ) from error
    return index
