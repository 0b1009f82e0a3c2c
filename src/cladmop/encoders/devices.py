"""Where a language model runs, in which arithmetic, and how much it takes at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

from cladmop.errors import InputError

if TYPE_CHECKING:
    import torch

Dtype = Literal["auto", "float32", "bfloat16"]
_BATCH_TOKENS = {"cpu": 512, "cuda": 65536}
"""On a CPU the states of a batch should stay in the cache of one core: 4,096 tokens are a quarter slower than 512."""
_LEAST_TOKENS = 128
"""Below this a batch's fixed cost shows."""


def batch_tokens(device: "torch.device") -> int:
    """Return the tokens, padding counted, that a batch holds on this device."""
    return _BATCH_TOKENS.get(device.type, _BATCH_TOKENS["cpu"])


def workers(device: "torch.device") -> int:
    """Return how many batches are best encoded at once: torch's threads on a CPU, 1 elsewhere.

    Two batches on a core each beat one batch on both: no operation waits for the slower core, which on a busy machine
    is the difference between slow and stuck.
    """
    import torch

    return torch.get_num_threads() if device.type == "cpu" else 1


def budget(device: "torch.device", tokens: int, at_once: int) -> int:
    """Return the tokens a batch should hold so that ``tokens`` in all keep ``at_once`` workers busy."""
    share = -(-tokens // at_once)
    return min(batch_tokens(device), max(_LEAST_TOKENS, share))


_alone = Lock()
_users = 0
_threads = 1


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let torch use one thread an operation inside the block; nested and simultaneous blocks end together."""
    import torch

    global _users, _threads  # noqa: PLW0603 (torch's number of threads is itself global)
    with _alone:
        if _users == 0:
            _threads = torch.get_num_threads()
        _users += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _alone:
            _users -= 1
            if _users == 0:
                torch.set_num_threads(_threads)


@contextmanager
def worker_threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads in which torch uses one thread an operation each."""
    import torch

    with one_thread_each(), ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield pool


def choose_device(device: str) -> "torch.device":
    """Return the device named; ``auto`` is CUDA where there is one, else the CPU.

    Raises
    ------
    InputError
        If there is no such device.
    """
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise InputError(f"device {device!r} is not known; use auto, cpu or cuda") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device {device!r}: this machine has no CUDA device; use auto or cpu")
    return chosen


def choose_dtype(dtype: str, device_type: str) -> "torch.dtype":
    """Return the dtype named; ``auto`` is bfloat16 where hardware multiplies it, else float32.

    Raises
    ------
    InputError
        If the name is another.
    """
    import torch

    if dtype == "auto":
        return torch.bfloat16 if device_type == "cuda" or _cpu_has_bfloat16() else torch.float32
    if dtype not in {"float32", "bfloat16"}:
        raise InputError(f"dtype {dtype!r} is not known; use auto, float32 or bfloat16")
    chosen: torch.dtype = getattr(torch, dtype)
    return chosen


def _cpu_has_bfloat16() -> bool:
    """Tell whether the CPU multiplies bfloat16 in hardware (AMX, AVX512-bf16); elsewhere float32 is faster."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags
