"""MEXA-CTP: experts for each ordered pair of modes, joined by self-attention (Zhang et al., SDM 2025).

Shapes: B trials, N tokens of a mode, S all tokens that the experts give, X numbers of an input token, D width.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cladmop.rivals.mexa.inputs import Batch
from cladmop.rivals.mexa.layers import CrossAttention, Projection, SelfAttention, positions
from cladmop.rivals.mexa.settings import MexaSettings

MODES = {"drugs": ("drugs",), "diseases": ("diseases",), "criteria": ("inclusion", "exclusion")}
"""The modes, and the parts of a trial that each is made of."""
CYCLE = (("drugs", "diseases"), ("diseases", "criteria"), ("criteria", "drugs"))
PAIRS = (*CYCLE, *((target, source) for source, target in CYCLE))
"""Ordered pairs of modes: tokens of the first attend to the second. The last three are the first three turned round."""
EXPERTS = ("mode_layers", "cross_layers", "routers")
"""Modules that the release holds in plain dicts, where no optimiser sees them."""
Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Expert:
    """What one ordered pair of modes gives."""

    queries_BND: Tensor
    """Tokens of the first mode, weighted by the router, after attending to the second."""
    weights_BN: Tensor
    """Router weights in (0, 1), of padding too."""
    real_BN: Tensor
    """True where a token is no padding."""
    kept_BN: Tensor
    """True where, besides, the router keeps it."""


@dataclass(frozen=True, eq=False)
class Output:
    """What the network gives for B trials."""

    logits_B: Tensor
    """Log-odds of success."""
    experts: Mapping[Pair, Expert]
    """By ordered pair of modes."""


class MexaNetwork(nn.Module):
    """Tokens of three modes -> six experts -> joint self-attention -> sum -> logit.

    Inclusion and exclusion statements share projection and attention layers, attend within their side, and have
    routers of their own (release); a learned vector tells the sides apart (ours).

    Parameters
    ----------
    widths
        X for each part of a trial.
    settings
        Sizes.
    repaired
        False: experts and routers stay frozen as drawn, and any token may be masked. True: everything trains, each
        expert keeps its heaviest token at least, and a mode without tokens is one learned token.
    """

    def __init__(self, widths: Mapping[str, int], settings: MexaSettings, *, repaired: bool) -> None:
        super().__init__()
        width = settings.width
        self.settings, self.repaired = settings, repaired
        self.positions_SD: Tensor
        self.projections = nn.ModuleDict(
            {mode: Projection(widths[parts[0]], width, settings) for mode, parts in MODES.items()}
        )
        self.sides_PD = nn.Parameter(torch.randn(2, width) * width**-0.5)
        self.absent = nn.ParameterDict({mode: torch.randn(width) * width**-0.5 for mode in MODES} if repaired else {})
        self.mode_layers = nn.ModuleDict({mode: SelfAttention(settings) for mode in MODES})
        self.routers = nn.ModuleDict(
            {
                f"{part}_to_{target}": Projection(width, 1, settings)
                for source, target in PAIRS
                for part in MODES[source]
            }
        )
        self.cross_layers = nn.ModuleDict(
            {f"{source}_to_{target}": CrossAttention(settings) for source, target in PAIRS}
        )
        self.joint_layers = SelfAttention(settings)
        self.head = Projection(width, 1, settings)
        self.register_buffer("positions_SD", positions(2 * sum(settings.limits.values()), width), persistent=False)
        if not repaired:
            for name in EXPERTS:
                self.get_submodule(name).requires_grad_(requires_grad=False)

    def forward(self, batch: Batch) -> Output:
        """Return the logits, and the experts for the losses."""
        modes = {mode: self._mode(mode, batch) for mode in MODES}
        experts = {(source, target): self._expert(source, target, modes) for source, target in PAIRS}
        tokens_BSD = torch.cat([one.queries_BND for one in experts.values()], dim=1)
        kept_BS = torch.cat([one.kept_BN for one in experts.values()], dim=1)
        tokens_BSD = tokens_BSD + self.positions_SD[: tokens_BSD.shape[1]]
        joint_BSD = self.joint_layers(tokens_BSD, kept_BS)
        pooled_BD = (joint_BSD * kept_BS[:, :, None]).sum(dim=1)
        return Output(self.head(pooled_BD).squeeze(1), experts)

    def _mode(self, mode: str, batch: Batch) -> "_Mode":
        """Project the tokens of a mode, tell them their places, and let them attend to each other part by part."""
        parts = {}
        empty_B1 = ~torch.cat([batch[part].real_BN for part in MODES[mode]], dim=1).any(dim=1, keepdim=True)
        for number, part in enumerate(MODES[mode]):
            tokens_BND, real_BN = self.projections[mode](batch[part].tokens_BNX), batch[part].real_BN
            if len(MODES[mode]) > 1:
                tokens_BND = tokens_BND + self.sides_PD[number]
            if self.repaired and number == 0:
                absent_BN = empty_B1 & (torch.arange(real_BN.shape[1]) == 0)
                tokens_BND = torch.where(absent_BN[:, :, None], self.absent[mode], tokens_BND)
                real_BN = real_BN | absent_BN
            tokens_BND = tokens_BND + self.positions_SD[: tokens_BND.shape[1]]
            parts[part] = self.mode_layers[mode](tokens_BND, real_BN), real_BN
        tokens, real = zip(*parts.values(), strict=True)
        return _Mode({part: one for part, (one, _) in parts.items()}, torch.cat(tokens, dim=1), torch.cat(real, dim=1))

    def _expert(self, source: str, target: str, modes: Mapping[str, "_Mode"]) -> Expert:
        """Weigh the tokens of one mode by its routers and let them attend to all real tokens of another."""
        own, other = modes[source], modes[target]
        logits_BN1 = [self.routers[f"{part}_to_{target}"](tokens_BND) for part, tokens_BND in own.parts.items()]
        weights_BN = torch.sigmoid(torch.cat(logits_BN1, dim=1).squeeze(2))
        cross = self.cross_layers[f"{source}_to_{target}"]
        queries_BND = cross(weights_BN[:, :, None] * own.tokens_BND, other.tokens_BND, other.real_BN)
        kept_BN = keep(weights_BN, own.real_BN, self.settings.threshold, at_least_one=self.repaired)
        return Expert(queries_BND, weights_BN, own.real_BN, kept_BN)


@dataclass(frozen=True, eq=False)
class _Mode:
    """The tokens of one mode after attending to each other, by part and all together."""

    parts: Mapping[str, Tensor]
    tokens_BND: Tensor
    real_BN: Tensor


def keep(weights_BN: Tensor, real_BN: Tensor, threshold: float, *, at_least_one: bool) -> Tensor:
    """Return true for real tokens whose router weight is at least the threshold, shape ``B x N``.

    ``at_least_one`` keeps the heaviest real token where there would be none.
    """
    kept_BN = real_BN & (weights_BN >= threshold)
    if not at_least_one:
        return kept_BN
    heaviest_B1 = weights_BN.masked_fill(~real_BN, -1.0).argmax(dim=1, keepdim=True)
    heaviest_BN = torch.zeros_like(real_BN).scatter(1, heaviest_B1, value=True)
    return kept_BN | (heaviest_BN & real_BN & ~kept_BN.any(dim=1, keepdim=True))
