"""Where a language model runs, in which arithmetic, and how much it takes at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cladmop.errors import InputError

if TYPE_CHECKING:
    import torch

Dtype = Literal["auto", "float32", "bfloat16"]
_BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}


def batch_tokens(device: "torch.device") -> int:
    """Return the tokens, padding counted, that a batch holds on this device."""
    return _BATCH_TOKENS.get(device.type, _BATCH_TOKENS["cpu"])


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
