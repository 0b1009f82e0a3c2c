"""Dropout with one random byte an element: PyTorch's own draws eight, which is a sixth of a training step on a CPU."""

import torch
from torch import Tensor, nn

_LEVELS = 256
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class Dropout(nn.Dropout):
    """``nn.Dropout`` with its rate rounded to a multiple of 1/256, and scaled by the rate that results."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x where it is kept, scaled so that its mean stays, else 0; x itself in evaluation mode."""
        dropped = round(self.p * _LEVELS)
        if not self.training or not dropped:
            return x
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_(_LOWEST, _HIGHEST)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped
        return x * kept.to(x.dtype).mul_(_LEVELS / (_LEVELS - dropped))
