"""Hidden states on disk, found by the text and by what encoded it.

Layout: ``ROOT/FINGERPRINT-UNIT/NAME.safetensors``, where UNIT is ``pooled`` or ``tokens`` and NAME follows from the
texts inside. Work is cut into shards from the missing texts in a fixed order, so a killed run that is continued
ends with the same bytes as an unbroken one. Several processes may write at once: a shard appears whole under a name
that only equal content has, and texts encoded twice do no harm.
"""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import TextEncoder
from cladmop.encoders.shards import Shard, key_of, open_shard, shard_bytes, shard_name, write_shard
from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError, StorageError
from cladmop.progress import progress_bar
from cladmop.storage import free_bytes, read_json, write_json

SHARD_TOKENS = 40_000
"""Tokens encoded between two writes: what a kill can lose, about half a minute of a 135M model on two cores."""
_PROBE_TOKENS = 2_000
_SPARE_BYTES = 50_000_000
"""Left free on the disk on top of the forecast."""
Work = list[tuple[int, bytes, str]]
"""Texts of one shard: tokens, key and text of each."""


@dataclass(frozen=True)
class Forecast:
    """What encoding would cost."""

    texts: int
    """Different texts asked for."""
    missing: int
    """Those not cached yet."""
    tokens: int
    """Tokens of the missing texts."""
    bytes: int
    """Bytes they will take on disk."""
    free: int
    """Bytes free on that disk."""
    seconds: float | None = None
    """Time it will take, from a short trial run; none when it was not asked for or nothing is missing."""

    def __str__(self) -> str:
        """Return one line for people."""
        line = (
            f"{self.missing:,} of {self.texts:,} texts to encode, {self.texts - self.missing:,} are cached: "
            f"{self.tokens:,} tokens, {self.bytes / 1e6:,.0f} MB on disk"
        )
        return line + (f", about {self.seconds / 60:,.1f} min" if self.seconds is not None else "")


@dataclass(frozen=True)
class CacheStats:
    """What one encoder's cached states hold."""

    encoder: str
    """Name of the encoder."""
    unit: str
    """``pooled`` or ``tokens``."""
    fingerprint: str
    shards: int
    bytes: int


class StateCache:
    """A content-addressed cache of hidden states.

    Parameters
    ----------
    root
        Its folder, made when first written to; ``config.states_dir()`` for the user's own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: dict[Path, Shard] = {}
        self._verified: set[Path] = set()

    def forecast(self, encoder: TextEncoder, texts: Sequence[str], *, pool: bool, timed: bool = False) -> Forecast:
        """Say what ``encode`` would cost.

        Parameters
        ----------
        encoder, texts, pool
            As for ``encode``.
        timed
            Also encode a couple of thousand tokens to tell how long it will take.
        """
        unique = dict.fromkeys(texts)
        missing = self._missing(encoder, texts, pool=pool)
        tokens = sum(count for count, _, _ in missing)
        size = shard_bytes(len(missing), len(missing) if pool else tokens, encoder.width)
        seconds = _seconds(encoder, missing, pool=pool) if timed and missing else None
        return Forecast(len(unique), len(missing), tokens, size, free_bytes(self.root), seconds)

    def encode(self, encoder: TextEncoder, texts: Sequence[str], *, pool: bool, progress: bool = True) -> None:
        """Encode every text that is not cached yet; equal texts once.

        Parameters
        ----------
        encoder
            The frozen model.
        texts
            Texts that are not blank.
        pool
            Keep the mean over tokens instead of every token.
        progress
            Show a bar.

        Raises
        ------
        StorageError
            Before any work if the forecast does not fit the disk, or when the disk fills up; whole shards stay.
        """
        missing = self._missing(encoder, texts, pool=pool)
        if not missing:
            return
        tokens = sum(count for count, _, _ in missing)
        self._require_space(shard_bytes(len(missing), len(missing) if pool else tokens, encoder.width))
        title = f"Encoding with {encoder.name}"
        with (
            self.writing(encoder, pool=pool) as folder,
            progress_bar(title, tokens, "tokens") if progress else nullcontext() as bar,
        ):
            for shard in _cut(missing):
                keys = [key for _, key, _ in shard]
                # Another process may have been quicker.
                if not (folder / shard_name(keys)).exists():
                    states = encoder.encode([text for _, _, text in shard], pool=pool)
                    write_shard(folder, keys, states)
                if bar is not None:
                    bar.advance(sum(count for count, _, _ in shard))

    def plan(self, encoder: TextEncoder, texts: Sequence[str], *, pool: bool) -> list[Work]:
        """Return the shards that ``encode`` would write, in its order, for other processes to write.

        Parameters
        ----------
        encoder, texts, pool
            As for ``encode``.
        """
        return list(_cut(self._missing(encoder, texts, pool=pool)))

    def load(self, fingerprint: str, texts: Sequence[str], *, pool: bool) -> list[NDArray[np.float16]]:
        """Return the cached states ``(LEVELS, T, W)`` of each text, mapped from disk, in input order.

        Raises
        ------
        MissingArtefactError
            If a text is not cached.
        CorruptArtefactError
            If a shard is damaged.
        """
        index = self._index(self._folder(fingerprint, pool=pool))
        keys = [key_of(text) for text in texts]
        absent = sum(key not in index for key in keys)
        if absent:
            raise MissingArtefactError(
                f"{absent} of {len(keys)} texts have no states of encoder {fingerprint[:12]} in {self.root}; "
                "encode them first"
            )
        found = []
        for key in keys:
            shard, row = index[key]
            if shard.path not in self._verified:
                shard.verify()
                self._verified.add(shard.path)
            found.append(shard.states_of(row))
        return found

    def states(self, encoder: TextEncoder, texts: Sequence[str], *, pool: bool) -> list[NDArray[np.float16]]:
        """Return the states of each text, in input order, after encoding those not cached (`encode`, then `load`)."""
        self.encode(encoder, texts, pool=pool)
        return self.load(encoder.fingerprint, texts, pool=pool)

    def stats(self) -> list[CacheStats]:
        """Return what is stored, one entry an encoder and unit."""
        found = []
        for note in sorted(self.root.glob("*/encoder.json")):
            about = read_json(note)
            sizes = [path.stat().st_size for path in note.parent.glob("*.safetensors")]
            found.append(CacheStats(about["encoder"], about["unit"], about["fingerprint"], len(sizes), sum(sizes)))
        return found

    def evict(self, max_bytes: int | None = None, older_than_days: float | None = None) -> int:
        """Remove damaged shards, then old ones, and return the bytes freed.

        Parameters
        ----------
        max_bytes
            Remove the oldest shards until the rest takes at most this much; 0 empties the cache.
        older_than_days
            Remove shards written more than this many days ago.

        Raises
        ------
        InputError
            If a limit is negative.
        """
        for name, limit in (("max_bytes", max_bytes), ("older_than_days", older_than_days)):
            if limit is not None and limit < 0:
                raise InputError(f"{name} {limit}: give 0 or more")
        shards = sorted(self.root.glob("*/*.safetensors"), key=lambda path: (path.stat().st_mtime_ns, path))
        sizes = {path: path.stat().st_size for path in shards}
        doomed = {path for path in shards if _is_damaged(path)}
        if older_than_days is not None:
            oldest = time.time() - older_than_days * 86_400
            doomed |= {path for path in shards if path.stat().st_mtime < oldest}
        kept = sum(size for path, size in sizes.items() if path not in doomed)
        for path in shards:
            if max_bytes is not None and kept > max_bytes and path not in doomed:
                doomed.add(path)
                kept -= sizes[path]
        for path in doomed:
            path.unlink(missing_ok=True)
            self._open.pop(path, None)
            self._verified.discard(path)
        return sum(sizes[path] for path in doomed)

    def _folder(self, fingerprint: str, *, pool: bool) -> Path:
        return self.root / f"{fingerprint}-{_unit(pool=pool)}"

    def _index(self, folder: Path) -> dict[bytes, tuple[Shard, int]]:
        index: dict[bytes, tuple[Shard, int]] = {}
        for path in sorted(folder.glob("*.safetensors")):
            if path not in self._open:
                self._open[path] = open_shard(path)
            shard = self._open[path]
            for row, key in enumerate(shard.keys):
                index.setdefault(key, (shard, row))
        return index

    def _missing(self, encoder: TextEncoder, texts: Sequence[str], *, pool: bool) -> list[tuple[int, bytes, str]]:
        """Return (tokens, key, text) of each text not cached, in the order they are encoded."""
        index = self._index(self._folder(encoder.fingerprint, pool=pool))
        wanted = {key_of(text): text for text in texts}
        absent = {key: text for key, text in wanted.items() if key not in index}
        counts = encoder.count_tokens(list(absent.values()))
        return sorted((count, key, text) for count, (key, text) in zip(counts, absent.items(), strict=True))

    def _require_space(self, needed: int) -> None:
        free = free_bytes(self.root)
        if needed + _SPARE_BYTES > free:
            raise StorageError(
                f"hidden states need {needed / 1e6:,.0f} MB in {self.root}, where {free / 1e6:,.0f} MB are free; "
                "free space, run `cladmop cache evict`, or set CLADMOP_HOME to another disk"
            )

    @contextmanager
    def writing(self, encoder: TextEncoder, *, pool: bool) -> Iterator[Path]:
        """Hold the mark of a live writer, and give the folder of an encoder's shards.

        Whoever is the only writer clears, before and after, what killed ones left half-written.

        Raises
        ------
        StorageError
            If the folder cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = (self.root / ".writers").open("w")
        except OSError as error:
            raise StorageError(f"cannot write {self.root}: {error.strerror or error}; choose another folder") from error
        folder = self._folder(encoder.fingerprint, pool=pool)
        about = {"encoder": encoder.name, "unit": _unit(pool=pool), "fingerprint": encoder.fingerprint}
        with lock:
            self._clear_if_alone(lock)
            fcntl.flock(lock, fcntl.LOCK_SH)
            write_json(folder / "encoder.json", about)
            yield folder
            self._clear_if_alone(lock)

    def _clear_if_alone(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for part in self.root.glob("*/.*.part"):
                part.unlink(missing_ok=True)
        except OSError:
            pass  # Others are writing, and the parts may be theirs.


def _unit(*, pool: bool) -> str:
    return "pooled" if pool else "tokens"


def _cut(missing: Sequence[tuple[int, bytes, str]]) -> Iterator[list[tuple[int, bytes, str]]]:
    """Cut sorted work into shards of ``SHARD_TOKENS`` tokens, so that what remains is cut alike after a kill."""
    shard: list[tuple[int, bytes, str]] = []
    tokens = 0
    for item in missing:
        shard.append(item)
        tokens += item[0]
        if tokens >= SHARD_TOKENS:
            yield shard
            shard, tokens = [], 0
    if shard:
        yield shard


def _seconds(encoder: TextEncoder, missing: Sequence[tuple[int, bytes, str]], *, pool: bool) -> float:
    """Time an even sample of the missing texts and scale it up, in seconds."""
    tokens = sum(count for count, _, _ in missing)
    step = max(1, tokens // _PROBE_TOKENS)
    sample = missing[step // 2 :: step] or missing[:1]
    encoder.encode([sample[0][2]], pool=pool)
    start = time.perf_counter()
    encoder.encode([text for _, _, text in sample], pool=pool)
    return (time.perf_counter() - start) * tokens / sum(count for count, _, _ in sample)


def _is_damaged(path: Path) -> bool:
    try:
        open_shard(path).verify()
    except CorruptArtefactError:
        return True
    return False
