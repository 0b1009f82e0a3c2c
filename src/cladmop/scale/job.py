"""Encoding as a Ray Data job: shards cut in a fixed order, one task each, on one machine or many.

The files are those that `StateCache.encode` writes in one process, byte for byte where the machines compute alike
(same arithmetic, one thread a worker): whichever worker encodes a shard, and however often it was killed before.
"""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cladmop import errors
from cladmop.encoders.cache import StateCache, Work
from cladmop.encoders.shards import shard_bytes, shard_name
from cladmop.errors import InputError, MissingDependencyError, StorageError
from cladmop.progress import progress_bar
from cladmop.scale.worker import EncoderSpec, encode_shard
from cladmop.storage import Place, below, is_remote, list_files, write_bytes

if TYPE_CHECKING:
    from cladmop.encoders.base import TextEncoder
    from cladmop.scale.texts import Texts

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}
"""Ray reports to nobody: its telemetry and metrics are off, and no dashboard is started."""
NOTE = "encoder.json"
"""Says what a folder's states are of."""
_STORE_BYTES = 100_000_000
"""Object store of a cluster of this machine alone: it passes texts and names, not states."""


@dataclass(frozen=True)
class Workers:
    """How many processes work, and where."""

    number: int = 1
    """Tasks at once, at least 1."""
    address: str | None = None
    """Of a running Ray cluster (``HOST:6379``, or ``auto``); none for this machine alone."""
    gpus: float = 0.0
    """GPUs of each worker: 0 for one core of a CPU."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        InputError
            If there is no worker, or less than no GPU.
        """
        if self.number < 1 or self.gpus < 0:
            raise InputError(f"{self.number} workers with {self.gpus} GPUs each; give at least 1 worker and 0 GPUs")

    @contextmanager
    def started(self) -> Iterator[Any]:
        """Connect to the cluster, or start one of this machine, and leave it at the end.

        Raises
        ------
        MissingDependencyError
            If Ray is not installed.
        InputError
            If there is no cluster at the address.
        """
        os.environ.update(QUIET)
        try:
            import ray
            import ray.data
        except ImportError as error:
            raise MissingDependencyError(
                f"work by several workers needs Ray ({error}); install it with: pip install 'cladmop[ray]'"
            ) from error
        # Without "local" Ray would join whatever cluster runs on this machine, of whoever it is.
        alone = {"address": "local", "num_cpus": self.number, "object_store_memory": _STORE_BYTES}
        alone |= {"_node_ip_address": "127.0.0.1"}
        where = alone | {"include_dashboard": False} if self.address is None else {"address": self.address}
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            ray.init(**where, log_to_driver=False, logging_level=logging.ERROR, ignore_reinit_error=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(f"no Ray cluster at {self.address or 'this machine'}: {error}") from error
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        try:
            yield ray
        finally:
            ray.shutdown()


@dataclass(frozen=True)
class Part:
    """Texts whose states go to one folder."""

    name: str
    """``criteria`` or ``names``."""
    pool: bool
    texts: int
    """Different texts, those that are there already included."""
    shards: tuple[Work, ...]
    """What is missing, one file each."""

    @property
    def tokens(self) -> int:
        """Tokens to encode."""
        return sum(count for shard in self.shards for count, _, _ in shard)

    def bytes(self, width: int) -> int:
        """Return what the states will take, in bytes."""
        missing = sum(len(shard) for shard in self.shards)
        return shard_bytes(missing, missing if self.pool else self.tokens, width)


@dataclass(frozen=True)
class Done:
    """What a job did."""

    files: int
    tokens: int
    seconds: float
    """Wall time, without starting Ray."""
    workers: dict[str, int]
    """Files by worker (machine and process)."""

    @property
    def rate(self) -> float:
        """Tokens a second of all workers together."""
        return self.tokens / self.seconds if self.seconds else 0.0


def plan(encoder: "TextEncoder", texts: "Texts", target: Place) -> list[Part]:
    """Return what of some texts is missing at ``target``, cut into the shards that `StateCache.encode` would write.

    Parameters
    ----------
    encoder
        The language model, for its tokens.
    texts
        Of trials.
    target
        Root of hidden states: a folder, or a URL that fsspec knows. Of a folder the texts in other shards are missing
        no more; of a URL whole shards are.
    """
    return [
        Part(name, pool, len(some), tuple(_missing(encoder, some, target, pool=pool)))
        for name, some, pool in texts.parts
    ]


def _missing(encoder: "TextEncoder", texts: Sequence[str], target: Place, *, pool: bool) -> list[Work]:
    if not is_remote(target):
        return StateCache(Path(target)).plan(encoder, texts, pool=pool)
    present = list_files(below(target, folder_name(encoder, pool=pool)))
    with TemporaryDirectory() as empty:
        everything = StateCache(Path(empty)).plan(encoder, texts, pool=pool)
    return [shard for shard in everything if shard_name([key for _, key, _ in shard]) not in present]


def folder_name(encoder: "TextEncoder", *, pool: bool) -> str:
    """Return the folder of an encoder's shards below the root of hidden states."""
    return f"{encoder.fingerprint}-{'pooled' if pool else 'tokens'}"


def encode(encoder: "TextEncoder", spec: EncoderSpec, parts: Sequence[Part], target: Place, workers: "Workers") -> Done:
    """Write the missing shards of all parts by workers of Ray.

    Parameters
    ----------
    encoder
        The one that planned.
    spec
        How workers open the same one.
    parts
        As `plan` gives them.
    target
        As planned for; on a cluster all machines must see it.
    workers
        How many, and where.

    Raises
    ------
    MissingDependencyError
        If Ray is not installed.
    InputError
        If there is no cluster at the address, or a worker has other weights.
    StorageError
        If a worker cannot write. What is written stays, and the same call goes on from there.
    """
    finished: dict[str, int] = {}
    tokens = files = 0
    with workers.started() as ray:
        start = time.perf_counter()
        for part in parts:
            with (
                _folder(encoder, target, pool=part.pool) as folder,
                progress_bar(f"Encoding {part.name}", part.tokens, "tokens") as bar,
            ):
                for row in _rows(ray, spec, part, str(folder), workers):
                    bar.advance(row["tokens"])
                    finished[row["worker"]] = finished.get(row["worker"], 0) + 1
                    files, tokens = files + 1, tokens + row["tokens"]
        seconds = time.perf_counter() - start
    return Done(files, tokens, seconds, finished)


@contextmanager
def _folder(encoder: "TextEncoder", target: Place, *, pool: bool) -> Iterator[Place]:
    """Yield the folder of the shards: of a local one the mark of a live writer is held."""
    if not is_remote(target):
        with StateCache(Path(target)).writing(encoder, pool=pool) as local:
            yield local.absolute()
        return
    folder = below(target, folder_name(encoder, pool=pool))
    yield folder
    with TemporaryDirectory() as empty, StateCache(Path(empty)).writing(encoder, pool=pool) as local:
        write_bytes(below(folder, NOTE), (local / NOTE).read_bytes())


def _rows(ray: Any, spec: EncoderSpec, part: Part, folder: str, workers: Workers) -> Iterator[dict[str, Any]]:  # noqa: ANN401 (a module that is optional)
    """Yield what the task of each shard returns, as they finish."""
    items = [
        {"texts": [text for _, _, text in shard], "tokens": sum(count for count, _, _ in shard)}
        for shard in part.shards
    ]
    if not items:
        return
    given = {"spec": spec, "folder": folder, "pool": part.pool}
    # A block is what a killed worker loses: one shard. Ray gives it to three more before the job gives up.
    job = ray.data.from_items(items, override_num_blocks=len(items)).map(
        encode_shard,
        fn_kwargs=given,
        compute=ray.data.TaskPoolStrategy(size=min(workers.number, len(items))),
        num_cpus=0 if workers.gpus else 1,
        num_gpus=workers.gpus or None,
    )
    try:
        for row in job.iter_rows():
            if row["kind"]:
                kind = getattr(errors, row["kind"], StorageError)
                raise kind(row["error"])
            yield row
    except ray.exceptions.RayError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = next((line for line in lines if "Error: " in line), lines[-1] if lines else type(error).__name__)
        raise StorageError(f"a worker failed: {said}; what is written stays, and the same command goes on") from error
