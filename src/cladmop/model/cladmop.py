"""The network, put together.

Shapes: B trials, C width of the pooled criteria, D width of the drug branch, P width of match embeddings,
I criteria and J sets of drugs that are compared pair by pair, within each of some blocks.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cladmop.errors import InputError
from cladmop.model.batch import LEVELS, TrialBatch
from cladmop.model.config import ModelConfig
from cladmop.model.criteria import Criteria, CriteriaBranch
from cladmop.model.fusion import DMTokenizer, DMTokens, MultiLevelFusion
from cladmop.model.heads import MatchHead, OutcomeHead


class Representations(NamedTuple):
    """Both branches of a batch, average-pooled."""

    criteria_BC: Tensor
    drugs_BD: Tensor


class CLaDMoP(nn.Module):
    """Criteria, molecules and diseases of a trial -> match of its parts, and logit of its success.

    Parameters
    ----------
    config
        Sizes and switches.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.criteria = CriteriaBranch(config)
        self.tokens = DMTokenizer(config)
        self.fusion = MultiLevelFusion(config)
        self.match_head = MatchHead(config)
        self.outcome_head = OutcomeHead(config)

    def read(self, batch: TrialBatch) -> tuple[Criteria, DMTokens]:
        """Return the two branches before they meet.

        Raises
        ------
        InputError
            If the batch was encoded at other widths than the network's.
        """
        check_widths(self.config, batch.criteria_LBTW, batch.molecules_BMF, batch.diseases_BKA)
        return self.criteria(batch), self.tokens(batch)

    def forward(self, batch: TrialBatch) -> Representations:
        """Return the pooled criteria and the pooled drugs and diseases, fused with the criteria."""
        criteria, tokens = self.read(batch)
        return Representations(criteria.pooled_BC, self.fusion(tokens, criteria.contexts))

    def outcome(self, batch: TrialBatch) -> Tensor:
        """Return the logits of success, shape ``B``."""
        return self.outcome_of(*self.read(batch))

    def outcome_of(self, criteria: Criteria, tokens: DMTokens) -> Tensor:
        """Return the logits of success of trials already read, shape ``B``."""
        logits_B: Tensor = self.outcome_head(criteria.pooled_BC, self.fusion(tokens, criteria.contexts))
        return logits_B

    def match(self, batch: TrialBatch) -> tuple[Tensor, Tensor]:
        """Return f_C and f_DM, shape ``B x P`` each, rows of length 1."""
        return self.embed(*self.read(batch))

    def embed(self, criteria: Criteria, tokens: DMTokens) -> tuple[Tensor, Tensor]:
        """Return f_C and f_DM; f_DM sees the trial's own criteria only where ``config.match`` is ``own``."""
        contexts = criteria.contexts if self.config.match == "own" else ()
        f_C = self.match_head.embed_criteria(criteria.pooled_BC)
        return f_C, self.match_head.embed_drugs(self.fusion(tokens, contexts))

    def score_own(self, criteria: Criteria, tokens: DMTokens) -> Tensor:
        """Return how well each trial's criteria match its own drugs, shape ``B``, on the scale of `score_pairs`."""
        f_C = self.match_head.embed_criteria(criteria.pooled_BC)
        readings = {"own": (criteria.contexts,), "unfused": ((),), "paired": ((), criteria.contexts)}
        f_DM = [self.match_head.embed_drugs(self.fusion(tokens, seen)) for seen in readings[self.config.match]]
        return torch.stack([(f_C * reading).sum(dim=1) for reading in f_DM]).mean(dim=0)

    def score_pairs(self, criteria: Criteria, tokens: DMTokens) -> Tensor:
        """Return how well criteria i match drugs j, in [-1, 1], shape ``I x J``, in the reading ``config.match``.

        ``unfused`` compares embeddings; ``own`` fuses every pair, so that own and foreign drugs are judged alike;
        ``paired`` is the mean of both.
        """
        if self.config.match == "own":
            return self.match_pairs(criteria, tokens)
        f_C = self.match_head.embed_criteria(criteria.pooled_BC)
        embedded = f_C @ self.match_head.embed_drugs(self.fusion(tokens)).T
        return embedded if self.config.match == "unfused" else 0.5 * (embedded + self.match_pairs(criteria, tokens))

    def match_pairs(self, criteria: Criteria, tokens: DMTokens, blocks: int = 1) -> Tensor:
        """Return f_C(i) . f_DM(j | criteria i) of all pairs of each block, in [-1, 1], shape ``(blocks I) x J``.

        Costs ``I x J`` fusions of a few DM tokens each; keys and values of the criteria are computed I times.

        Parameters
        ----------
        criteria, tokens
            ``blocks x I`` criteria and ``blocks x J`` sets of drugs, block after block.
        blocks
            How many blocks there are.
        """
        rows = len(criteria.pooled_BC) // blocks
        fused_RD = self.fusion(tokens.repeat(rows, blocks), criteria.contexts)
        f_DM_IJP = self.match_head.embed_drugs(fused_RD).reshape(rows * blocks, -1, self.config.match_width)
        f_C_IP = self.match_head.embed_criteria(criteria.pooled_BC)
        return torch.einsum("ip,ijp->ij", f_C_IP, f_DM_IJP)


def check_widths(config: ModelConfig, states: Tensor, molecules: Tensor, diseases: Tensor) -> None:
    """Check that trials were encoded at the widths of a network.

    Parameters
    ----------
    config
        Of the network.
    states, molecules, diseases
        Of a batch: text states, shape ``L x ... x W``; molecule features, shape ``... x F``; ids of ICD ancestors.

    Raises
    ------
    InputError
        If they were not.
    """
    received = (states.shape[0], states.shape[-1], molecules.shape[-1])
    expected = (LEVELS, config.text_width, config.molecule_width)
    if received != expected:
        raise InputError(
            f"trials encoded with (levels, text width, molecule features) = {received}, but the network reads "
            f"{expected}; encode them with the encoders the model was trained on"
        )
    if diseases.numel() and int(diseases.max()) >= config.disease_vocabulary:
        raise InputError(
            f"disease id {int(diseases.max())} is outside the network's vocabulary of "
            f"{config.disease_vocabulary}; encode the trials with the vocabulary the model was trained on"
        )
