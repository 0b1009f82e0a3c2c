import math

import pytest
import torch
from torch.nn import functional

from cladmop.model.losses import balanced_bce, pair_matching_loss, shared_identity, weighted_bce

DRUGS = ["a", "b", "a", "", "", ""]
DISEASES = ["x", "y", "z", "y", "w", ""]


def naive_loss(f_C, f_DM, tau, excluded):
    """Sum over trials of both directions, one candidate at a time."""
    size, total = len(f_C), 0.0
    score = [[math.exp(tau) * float(f_C[i] @ f_DM[j]) for j in range(size)] for i in range(size)]
    for i in range(size):
        kept = [j for j in range(size) if j == i or not excluded(i, j)]
        total -= score[i][i] - math.log(sum(math.exp(score[i][j]) for j in kept))
        total -= score[i][i] - math.log(sum(math.exp(score[j][i]) for j in kept))
    return total / (2 * size)


def unit_vectors():
    torch.manual_seed(3)
    return (functional.normalize(torch.randn(6, 4, dtype=torch.float64), dim=1) for _ in range(2))


def test_pair_matching_loss_equals_naive_loop_with_false_negatives_left_out():
    f_C, f_DM = unit_vectors()

    def excluded(i, j):
        return (DRUGS[i] == DRUGS[j] != "") or (DISEASES[i] == DISEASES[j] != "")

    loss = pair_matching_loss(f_C, f_DM, 0.6, DRUGS, DISEASES)
    assert loss.item() == pytest.approx(naive_loss(f_C, f_DM, 0.6, excluded), abs=1e-9)


def test_pair_matching_loss_plain_equals_naive_loop():
    f_C, f_DM = unit_vectors()
    loss = pair_matching_loss(f_C, f_DM, 0.6, DRUGS, DISEASES, mask_false_negatives=False)
    assert loss.item() == pytest.approx(naive_loss(f_C, f_DM, 0.6, lambda i, j: False), abs=1e-9)


def test_masked_pairs_get_no_gradient():
    f_C, f_DM = (x.requires_grad_() for x in unit_vectors())
    pair_matching_loss(f_C, f_DM, 0.6, ["a"] * 6, DISEASES).backward()
    assert f_C.grad.abs().sum() == 0
    pair_matching_loss(f_C, f_DM, 0.6, ["a"] * 6, DISEASES, mask_false_negatives=False).backward()
    assert f_C.grad.abs().sum() > 0


def test_unknown_identity_is_shared_only_where_both_are_unknown():
    shared = shared_identity(["", "", "", "a"], ["x", "", "", ""])
    assert shared.nonzero().tolist() == [[1, 2], [2, 1]]


def test_matched_embeddings_have_a_lower_loss_than_mismatched_ones():
    f, _ = unit_vectors()
    sets = list("abcdef")
    assert pair_matching_loss(f, f, 3.0, sets, sets) < pair_matching_loss(f, f.flip(0), 3.0, sets, sets)


def test_weighted_bce_equals_its_equation():
    logits, labels = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([1.0, 0.0, 0.0])
    p = torch.sigmoid(logits)
    expected = -(3 * torch.log(p[0]) + torch.log(1 - p[1]) + torch.log(1 - p[2])) / 3
    assert torch.allclose(weighted_bce(logits, labels, 3.0), expected)


def test_balanced_bce_weighs_both_classes_by_one_half():
    logits, labels = torch.tensor([0.3, -1.2, 2.0, 0.1]), torch.tensor([1.0, 0.0, 1.0, 1.0])
    p = torch.sigmoid(logits)
    completed = -(torch.log(p[0]) + torch.log(p[2]) + torch.log(p[3])) / 3
    assert torch.allclose(balanced_bce(logits, labels, 0.75), 0.5 * (completed - torch.log(1 - p[1])))
    assert balanced_bce(torch.zeros(4), labels, 0.75).item() == pytest.approx(math.log(2))
