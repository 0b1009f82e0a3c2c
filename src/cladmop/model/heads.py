"""The two heads: embeddings for pair matching, and the logit of success.

Shapes: B trials, C width of the pooled criteria, D width of the drug branch, P width of match embeddings.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from cladmop.model.config import ModelConfig
from cladmop.model.dropout import Dropout


class MatchHead(nn.Module):
    """Linear projections of both branches to unit vectors f_C and f_DM, compared by exp(tau) f_C f_DM^T.

    What may f_DM see? In the paper the DM branch attends to the trial's own criteria, level by level, and its output
    is matched against those same criteria (``match="own"``). The criteria of a trial then stand on both sides of the
    match, which can be solved without looking at the drugs. Two readings leave nothing to copy:

    - ``unfused``: f_DM is the DM branch with the fusing steps left out, a function of drugs, diseases and phase
      alone. A match costs one product, but cross-attention is not trained.
    - ``paired``: besides, the drugs j are fused with the criteria i they are compared *with*, for every pair of a
      block of trials: score(i, j) = f_C(i) . f_DM(j | criteria i). All candidates j see the same criteria, so the
      criteria cannot give the answer away, and the cross-attention is trained. This is to align before fusing
      (Li et al., NeurIPS 2021), with in-block InfoNCE in place of a binary matching loss.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.criteria = nn.Linear(config.criteria_width or config.text_width, config.match_width)
        self.drugs = nn.Linear(config.width, config.match_width)

    def embed_criteria(self, pooled_BC: Tensor) -> Tensor:
        """Return f_C, shape ``B x P``, rows of length 1."""
        return functional.normalize(self.criteria(pooled_BC), dim=-1)

    def embed_drugs(self, drugs_BD: Tensor) -> Tensor:
        """Return f_DM, shape ``B x P``, rows of length 1."""
        return functional.normalize(self.drugs(drugs_BD), dim=-1)


class OutcomeHead(nn.Module):
    """The logit of success from both branches, concatenated, through three residual ReLU layers (paper).

    ``h_0 = W_0 [criteria; drugs]``, ``h_i = h_(i-1) + ReLU(W_i h_(i-1))`` for i = 1, 2, 3, ``logit = w h_3``. Both
    branches are layer-normalised first, since their scales differ.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        criteria = config.criteria_width or config.text_width
        self.criteria_norm = nn.LayerNorm(criteria)
        self.drugs_norm = nn.LayerNorm(config.width)
        self.enter = nn.Linear(criteria + config.width, config.head_width)
        self.layers = nn.ModuleList(nn.Linear(config.head_width, config.head_width) for _ in range(3))
        self.leave = nn.Linear(config.head_width, 1)
        self.dropout = Dropout(config.dropout)

    def forward(self, criteria_BC: Tensor, drugs_BD: Tensor) -> Tensor:
        """Return the logits, shape ``B``."""
        both = torch.cat([self.criteria_norm(criteria_BC), self.drugs_norm(drugs_BD)], dim=1)
        hidden_BE = self.enter(self.dropout(both))
        for layer in self.layers:
            hidden_BE = hidden_BE + self.dropout(functional.relu(layer(hidden_BE)))
        logits_B1: Tensor = self.leave(hidden_BE)
        return logits_B1.squeeze(1)
