"""Grouped fusion beside full cross-attention, from 128 to 8,192 criteria tokens.

Three readings, since grouping is paid once for a trial's criteria, and fusing once for each set of drugs met by them:

- ``fuse``: the fusing steps alone, from contexts that are ready;
- ``fuse, grouping counted``: one set of drugs, the grouping layers (or, without them, nothing) included;
- ``match 64 sets of drugs, grouping counted``: pair matching, where one trial's criteria meet 64 sets of drugs.

Centroids read every token as well, so for one set of drugs grouping costs about what it saves; the goal is asked of
the fusing steps, which is where the paper claims it.

Shapes: T criteria tokens, L levels, W text width, B = 1 trial.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cladmop.speed.measuring import Figure, Ratio, Rounds, figure

if TYPE_CHECKING:
    from cladmop.model.batch import TrialBatch
    from cladmop.model.cladmop import CLaDMoP

LENGTHS = (128, 256, 512, 1024, 2048, 4096, 8192)
REFERENCE = 1024
GOAL = "ratio >= 5"
PAIRS = 64
_TEXT_WIDTH, _MOLECULE_WIDTH, _VOCABULARY = 384, 256, 64
_FUSE = "fuse"
_RIVAL = "full cross-attention to every token"


@dataclass(frozen=True)
class Cost:
    """What one forward pass takes."""

    multiply_adds: float
    bytes: float
    """Bytes of all tensors that its operations allocate."""


def measure_fusion(lengths: Sequence[int], rounds: Rounds) -> list[Figure]:
    """Measure multiply-adds, memory, time, and how time grows with T: a slope of 1 is linear, 0 is constant."""
    import torch

    torch.manual_seed(0)
    grouped, full = _network(grouping=True), _network(grouping=False)
    figures = []
    for name, path in _PATHS.items():
        costs = {t: [cost(path(network, batch_of(t))) for network in (grouped, full)] for t in lengths}
        figures += [_counted(name, t, *pair) for t, pair in costs.items()]
        figures += _timed(name, {t: [path(network, batch_of(t)) for network in (grouped, full)] for t in lengths},
                          rounds)  # fmt: skip
    return figures


def _counted(name: str, tokens: int, grouped: Cost, full: Cost) -> Figure:
    times = Ratio.of([full.multiply_adds], [grouped.multiply_adds])
    note = f"allocates {grouped.bytes / 1e6:.2f} MB, full {full.bytes / 1e6:.2f} MB"
    goal = GOAL if tokens == REFERENCE and name == _FUSE else ""
    label = f"fusion: {name}, T = {tokens:,}"
    return figure(
        label,
        grouped.multiply_adds / 1e6,
        "M multiply-adds",
        _RIVAL,
        times,
        reading="times fewer",
        goal=goal,
        note=note,
    )


def _timed(name: str, runs: dict[int, list[Callable[[], object]]], rounds: Rounds) -> list[Figure]:
    """Return the time at the longest T, and the slope of ln(time) over ln(T)."""
    calls = {
        f"{kind} {t}": run for t, pair in runs.items() for kind, run in zip(("grouped", "full"), pair, strict=True)
    }
    found = rounds.in_turn(calls)
    longest = max(runs)
    ours, rival = found[f"grouped {longest}"], found[f"full {longest}"]
    figures = [
        figure(f"fusion: {name}, time at T = {longest:,}", 1e3 * float(np.median(ours)), "ms", _RIVAL,
               Ratio.of(rival, ours), reading="times as fast")
    ]  # fmt: skip
    if len(runs) > 1:
        slopes = [
            slope(list(runs), [float(np.median(found[f"{kind} {t}"])) for t in runs]) for kind in ("grouped", "full")
        ]
        figures.append(
            figure(f"fusion: {name}, growth", slopes[0], "slope of ln(time) over ln(T)", f"{_RIVAL}: {slopes[1]:.2f}",
                   Ratio.of(slopes[:1], slopes[1:]), reading="of the rival's slope")
        )  # fmt: skip
    return figures


def slope(lengths: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the least-squares slope of ln(seconds) over ln(lengths)."""
    return float(np.polyfit(np.log(lengths), np.log(seconds), 1)[0])


def cost(run: Callable[[], object]) -> Cost:
    """Count the multiply-adds (two operations each) and the bytes allocated by one call."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves
    from torch.utils.flop_counter import FlopCounterMode

    class Allocated(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch does not type it
        """Adds up the bytes of storages not seen before."""

        bytes = 0

        def __torch_dispatch__(
            self,
            func: Any,  # noqa: ANN401 (torch's signature)
            types: Any,  # noqa: ANN401 (torch's signature)
            args: Any = (),  # noqa: ANN401 (torch's signature)
            kwargs: Any = None,  # noqa: ANN401 (torch's signature)
        ) -> Any:  # noqa: ANN401 (whatever the operation gives)
            import torch

            given = {one.untyped_storage().data_ptr() for one in tree_leaves((args, kwargs)) if torch.is_tensor(one)}
            output = func(*args, **(kwargs or {}))
            for one in tree_leaves(output):
                if torch.is_tensor(one) and one.untyped_storage().data_ptr() not in given:
                    self.bytes += one.untyped_storage().nbytes()
            return output

    run()
    # The fused kernel on a CPU is not known to the counter; written out, attention is two products it knows.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    with Allocated() as allocated:  # type: ignore[no-untyped-call]  # torch does not type it
        run()
    return Cost(counter.get_total_flops() / 2, float(allocated.bytes))


def batch_of(tokens: int) -> "TrialBatch":
    """Return one trial with so many criteria tokens, two molecules, two diseases and their names."""
    import torch

    from cladmop.model.batch import LEVELS, TrialBatch

    def full(*shape: int) -> torch.Tensor:
        return torch.ones(shape, dtype=torch.bool)

    return TrialBatch(
        criteria_LBTW=torch.randn(LEVELS, 1, tokens, _TEXT_WIDTH),
        criteria_mask_BT=full(1, tokens),
        side_BT=(torch.arange(tokens)[None] > tokens // 2).long(),
        molecules_BMF=torch.rand(1, 2, _MOLECULE_WIDTH),
        molecule_mask_BM=full(1, 2),
        diseases_BKA=torch.randint(1, _VOCABULARY, (1, 2, 5)),
        disease_mask_BK=full(1, 2),
        categories_BK=torch.arange(2)[None],
        names_LBNW=torch.randn(LEVELS, 1, 4, _TEXT_WIDTH),
        name_mask_BN=full(1, 4),
        name_kinds_BN=torch.tensor([[0, 0, 1, 1]]),
        phase_B=torch.zeros(1, dtype=torch.long),
    )


def _network(*, grouping: bool) -> "CLaDMoP":
    from cladmop.model.cladmop import CLaDMoP
    from cladmop.model.config import ModelConfig

    network = CLaDMoP(ModelConfig(_TEXT_WIDTH, _MOLECULE_WIDTH, _VOCABULARY, grouping=grouping)).eval()
    # The counter of operations looks for gradients of whatever could have one.
    return network.requires_grad_(requires_grad=False)


def _fuse(network: "CLaDMoP", batch: "TrialBatch") -> Callable[[], object]:
    import torch

    with torch.inference_mode():
        criteria, drugs = network.read(batch)

    def run() -> object:
        with torch.inference_mode():
            return network.fusion(drugs, criteria.contexts)

    return run


def _group_and_fuse(network: "CLaDMoP", batch: "TrialBatch", sets: int = 1) -> Callable[[], object]:
    import torch

    from cladmop.model.criteria import Context

    branch = network.criteria
    parts = (batch.criteria_mask_BT, batch.side_BT)
    with torch.inference_mode():
        drugs = network.tokens(batch).repeat(sets)
        levels = [tokens(batch.criteria_LBTW[level], *parts) for tokens, level in
                  zip(branch.tokens, branch.fused_levels, strict=True)]  # fmt: skip

    def run() -> object:
        with torch.inference_mode():
            contexts = [Context(*group(*level)) for group, level in zip(branch.groups, levels, strict=False)]
            return network.fusion(drugs, contexts or levels)

    return run


def _match(network: "CLaDMoP", batch: "TrialBatch") -> Callable[[], object]:
    return _group_and_fuse(network, batch, PAIRS)


_PATHS: dict[str, Callable[["CLaDMoP", "TrialBatch"], Callable[[], object]]] = {
    _FUSE: _fuse,
    "fuse, grouping counted": _group_and_fuse,
    f"match {PAIRS} sets of drugs, grouping counted": _match,
}
