"""LoRA on the attention of the drug branch: low-rank updates beside frozen weights, through ``peft``.

``W x`` becomes ``W x + (alpha / r) B A x`` with A of shape r x D, B of shape D x r and B = 0 at the start
(Hu et al., ICLR 2022). Adapted are the query, key, value and output projections of the DM branch's cross-attention
(XLoRA) and self-attention (SLoRA); beside them only the outcome head trains (paper, fine-tuning).
"""

from dataclasses import dataclass

from torch import nn

from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import Settings

_CROSS = r"fusion\.cross\.\d+\.attention\.(q|k|v|out)_proj"
_SELF = r"fusion\.blocks\.\d+\.stacks\.\d+\.layers\.\d+\.attention\.(q|k|v|out)_proj"


@dataclass(frozen=True)
class LoraSettings(Settings):
    """What is adapted, and with which rank."""

    rank: int = 8
    """r (paper: 8)."""
    alpha: int = 16
    """Scale of the update, divided by the rank."""
    cross: bool = True
    """Adapt the cross-attention to the criteria (XLoRA)."""
    own: bool = True
    """Adapt the self-attention of the DM blocks (SLoRA)."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        InputError
            If the rank is below 1 or the scale below 1.
        """
        self.require("rank", condition=self.rank >= 1, allowed="a whole number from 1")
        self.require("alpha", condition=self.alpha >= 1, allowed="a whole number from 1")


def add_lora(model: CLaDMoP, settings: LoraSettings) -> None:
    """Freeze the network in place except its outcome head, and put trainable adapters on its attention.

    With neither ``cross`` nor ``own`` the head alone trains. The network computes the same as before until trained.
    """
    model.requires_grad_(requires_grad=False)
    targets = [pattern for pattern, chosen in ((_CROSS, settings.cross), (_SELF, settings.own)) if chosen]
    if targets:
        from peft import LoraConfig, inject_adapter_in_model

        config = LoraConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules="|".join(targets))
        inject_adapter_in_model(config, model)
    model.outcome_head.requires_grad_(requires_grad=True)


def merge_lora(model: CLaDMoP) -> None:
    """Add the adapters' updates to the weights in place and remove the adapters; every parameter trains again.

    The network computes the same as before, with the parameter names of one that never had adapters.
    """
    from peft.tuners.lora import LoraLayer

    adapted = [(name, module) for name, module in model.named_modules() if isinstance(module, LoraLayer)]
    for name, module in adapted:
        module.merge()
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, module.get_base_layer())
    model.requires_grad_(requires_grad=True)


def trainable_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that train, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
