"""Linear layers whose weights are laid out once for the processor's matrix unit, not anew in every call.

oneDNN, which multiplies bfloat16 on CPUs, wants weights in blocks of its own; ``torch.nn.functional.linear`` reorders
them each time, a tenth of encoding short texts. PyTorch's compiler packs them beforehand by two operators that it
keeps to itself; where they are absent or give other values, layers stay as they are. Values are equal to the last bit.
"""

from typing import Any

import torch
from torch import Tensor, nn

_ROWS = 512
"""Rows of input that the layout is chosen for: a batch's tokens."""


class PackedLinear(nn.Module):
    """A frozen ``nn.Linear`` in oneDNN's layout."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self._weight: Any = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), _ROWS)  # noqa: SLF001 (no public name)
        self._bias = None if layer.bias is None else layer.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x W^T + b``."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "none", [], "")  # noqa: SLF001 (no public name)
        return product


def pack_linear_layers(model: nn.Module) -> int:
    """Replace the linear layers of a frozen bfloat16 model on a CPU, and return how many were replaced.

    None are where PyTorch lacks the operators, or the first layer does not give the very values it gave before.
    """
    first = next((one for one in model.modules() if _packable(one)), None)
    if first is None or not _is_the_same(first):
        return 0
    with torch.inference_mode():
        return _replace(model)


def _packable(layer: nn.Module) -> bool:
    if type(layer) is not nn.Linear:  # not one with adapters
        return False
    return layer.weight.dtype == torch.bfloat16 and layer.weight.device.type == "cpu"


def _is_the_same(layer: nn.Module) -> bool:
    assert isinstance(layer, nn.Linear)
    probe = torch.linspace(-1, 1, 3 * layer.in_features, dtype=torch.bfloat16).view(1, 3, -1)
    with torch.inference_mode():
        try:
            return torch.equal(PackedLinear(layer)(probe), layer(probe))
        except (AttributeError, RuntimeError, NotImplementedError):
            return False


def _replace(model: nn.Module) -> int:
    replaced = 0
    for name, child in list(model.named_children()):
        if _packable(child):
            assert isinstance(child, nn.Linear)
            setattr(model, name, PackedLinear(child))
            replaced += 1
        else:
            replaced += _replace(child)
    return replaced
