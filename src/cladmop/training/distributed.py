"""Several processes that train one network: what each of them does, and what they exchange.

Started by torchrun (``torchrun --nproc-per-node 2 -m cladmop scale pretrain ...``), which states rank, size and meeting
point in the environment. Every process holds the network and reads its own share of each global batch; embeddings are
gathered with their gradients, so that the loss and the gradients are those of one process on the whole batch. A
process that was not started so is alone, and nothing here costs it anything.

Shapes: B rows of the global batch, R of them on this process, P width.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn

from cladmop.errors import InputError

_PATIENCE = timedelta(hours=12)
"""How long a process waits for the others: the first may validate, or encode a corpus, for long."""


@dataclass(frozen=True)
class Ranks:
    """The processes that train together."""

    rank: int = 0
    """Number of this process, from 0; the first one writes."""
    size: int = 1
    """How many they are."""

    @property
    def leads(self) -> bool:
        """Whether this process writes files and judges."""
        return self.rank == 0

    def share(self, total: int, block: int = 1) -> slice:
        """Return which of ``total`` rows are this process's: whole blocks, in order; none where there are too few."""
        blocks = -(-total // block)
        first, last = (blocks * rank // self.size for rank in (self.rank, self.rank + 1))
        return slice(min(first * block, total), min(last * block, total))


def ranks() -> Ranks:
    """Return the processes that train together; this one alone outside of `joined`."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return Ranks()
    return Ranks(distributed.get_rank(), distributed.get_world_size())


@contextmanager
def joined() -> Iterator[Ranks]:
    """Meet the other processes that torchrun started, on the CPU; a process alone meets nobody.

    Raises
    ------
    InputError
        If the environment names several processes and no place to meet.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Ranks()
        return
    try:
        distributed.init_process_group("gloo", timeout=_PATIENCE)
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"WORLD_SIZE is {os.environ['WORLD_SIZE']}, but the processes cannot meet ({error}); "
            "start them with torchrun"
        ) from error
    try:
        yield ranks()
    finally:
        distributed.destroy_process_group()


class _Gathered(torch.autograd.Function):
    """Rows of all processes. Its gradient is the sum of what every process asks of this one's rows."""

    @staticmethod
    def forward(ctx: Any, own_RP: Tensor, place: slice, total: int) -> Tensor:  # noqa: ANN401 (torch's untyped context)
        ctx.place = place
        all_BP = own_RP.new_zeros(total, *own_RP.shape[1:])
        all_BP[place] = own_RP
        # Adding zeros is exact, and unlike all_gather it takes shares of different sizes, also none.
        distributed.all_reduce(all_BP)
        return all_BP

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401 (torch's untyped context)
        summed_BP = gradients[0].contiguous().clone()
        distributed.all_reduce(summed_BP)
        return summed_BP[ctx.place], None, None


def gather_rows(own_RP: Tensor, place: slice, total: int) -> Tensor:
    """Return the rows of all processes, shape ``B x P``, through which gradients flow back to the process they are of.

    Parameters
    ----------
    own_RP
        This process's rows, shape ``R x P``.
    place
        Where they stand among all, as `Ranks.share` says.
    total
        B.
    """
    if ranks().size == 1:
        return own_RP
    gathered: Tensor = _Gathered.apply(own_RP, place, total)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return gathered


class _Step(nn.Module):
    """A loss as a module, since PyTorch averages the gradients of modules that were called."""

    def __init__(self, model: nn.Module, loss: Callable[[NDArray[np.intp]], Tensor]) -> None:
        super().__init__()
        self.model = model
        self._loss = loss

    def forward(self, rows: NDArray[np.intp]) -> Tensor:
        """Return this process's part of the loss of a global batch."""
        return self._loss(rows)


def averaged(model: nn.Module, loss: Callable[[NDArray[np.intp]], Tensor]) -> Callable[[NDArray[np.intp]], Tensor]:
    """Return a loss whose gradients are the mean over processes; the weights become those of the first process.

    Parameters
    ----------
    model
        The network; it is changed in no other way.
    loss
        Of a global batch, by rows: each process gives a part, and their mean is the loss.
    """
    if ranks().size == 1:
        return loss
    # A part of the network may have nothing to do on one process, or on none, in some batches.
    return nn.parallel.DistributedDataParallel(_Step(model, loss), find_unused_parameters=True)


def mean_value(value: float) -> float:
    """Return the mean of a number over the processes."""
    group = ranks()
    if group.size == 1:
        return value
    shared = torch.tensor(value, dtype=torch.float64)
    distributed.all_reduce(shared)
    return float(shared.item() / group.size)


def from_the_first(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Return the first process's value on all of them, sent as JSON; the others' values do not matter."""
    if ranks().size == 1:
        return value
    content = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
    length = torch.tensor(len(content))
    distributed.broadcast(length, 0)
    sent = content if ranks().leads else torch.empty(int(length), dtype=torch.uint8)
    distributed.broadcast(sent, 0)
    return json.loads(sent.numpy().tobytes())


def wait() -> None:
    """Wait until all processes are here."""
    if ranks().size > 1:
        distributed.barrier()
