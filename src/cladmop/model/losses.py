"""The objectives, as pure functions.

Shapes: B trials, P width of match embeddings.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def shared_identity(drug_sets: Sequence[str], disease_sets: Sequence[str]) -> Tensor:
    """Return which pairs of different trials are no negatives of each other, bool, shape ``B x B``.

    They are those with the same set of drugs or the same set of diseases: the one's drugs may well fit the other's
    criteria. An empty string, "none known", equals another only where both sets of both trials are empty.
    """
    drugs, diseases = _codes(drug_sets), _codes(disease_sets)
    same_drugs, same_diseases = drugs[:, None] == drugs, diseases[:, None] == diseases
    known_drugs = torch.tensor([bool(value) for value in drug_sets])
    known_diseases = torch.tensor([bool(value) for value in disease_sets])
    shared = (same_drugs & known_drugs) | (same_diseases & known_diseases) | (same_drugs & same_diseases)
    return shared & ~torch.eye(len(drug_sets), dtype=torch.bool)


def _codes(values: Sequence[str]) -> Tensor:
    index = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return torch.tensor([index[value] for value in values], dtype=torch.long)


def symmetric_info_nce(logits_BB: Tensor, excluded_BB: Tensor | None = None) -> Tensor:
    r"""Return the mean cross-entropy of finding the own partner, by rows and by columns.

    .. math:: L = -\frac{1}{2B} \sum_i \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}
                                     + \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}}

    Parameters
    ----------
    logits_BB
        Scores s of criteria (rows) against drugs (columns); the diagonal holds the true pairs.
    excluded_BB
        True where a pair counts neither as positive nor as negative; the diagonal must be false.
    """
    if excluded_BB is not None:
        logits_BB = logits_BB.masked_fill(excluded_BB, -torch.inf)
    target_B = torch.arange(len(logits_BB), device=logits_BB.device)
    return 0.5 * (functional.cross_entropy(logits_BB, target_B) + functional.cross_entropy(logits_BB.T, target_B))


def pair_matching_loss(
    f_C: Tensor,
    f_DM: Tensor,
    tau: float,
    drug_sets: Sequence[str],
    disease_sets: Sequence[str],
    *,
    mask_false_negatives: bool = True,
) -> Tensor:
    r"""Return the symmetric in-batch InfoNCE of matching criteria with drugs and diseases (paper, pair matching).

    .. math:: s_{ij} = e^{\tau} f_C(i) \cdot f_{DM}(j)

    followed by `symmetric_info_nce`.

    Parameters
    ----------
    f_C, f_DM
        Unit vectors of B trials, shape ``B x P`` each.
    tau
        Logarithm of the inverse temperature (paper: 0.6).
    drug_sets, disease_sets
        Canonical identity of each trial's drugs and diseases, as in `shared_identity`.
    mask_false_negatives
        Whether trials with the same drug set or disease set are left out as negatives; false is the paper's plain
        version.

    Returns
    -------
    Tensor
        A scalar, at least 0.
    """
    excluded = shared_identity(drug_sets, disease_sets).to(f_C.device) if mask_false_negatives else None
    return symmetric_info_nce(math.exp(tau) * f_C @ f_DM.T, excluded)


def weighted_bce(logits: Tensor, labels: Tensor, positive_weight: float = 1.0) -> Tensor:
    r"""Return the class-weighted binary cross-entropy.

    .. math:: L = -\frac{1}{B} \sum_i w y_i \log \sigma(z_i) + (1 - y_i) \log(1 - \sigma(z_i))

    Parameters
    ----------
    logits
        z, shape ``B``.
    labels
        y, 0 or 1, float, shape ``B``.
    positive_weight
        w; failures / successes of the training set balances the classes.
    """
    weight = torch.tensor(positive_weight, dtype=logits.dtype, device=logits.device)
    return functional.binary_cross_entropy_with_logits(logits, labels, pos_weight=weight)


def balanced_bce(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    r"""Return the binary cross-entropy in which both classes count half, however rare one is.

    .. math:: L = -\frac{1}{2B} \sum_i \frac{y_i}{p} \log \sigma(z_i) + \frac{1 - y_i}{1 - p} \log(1 - \sigma(z_i))

    Logits of 0 give log 2 = 0.693 at any p, unlike `weighted_bce`, so its weight beside another loss keeps its meaning.

    Parameters
    ----------
    logits
        z, shape ``B``.
    labels
        y, 0 or 1, float, shape ``B``.
    share
        p, share of ones in the training set, in (0, 1).
    """
    return weighted_bce(logits, labels, (1 - share) / share) / (2 * (1 - share))
