import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from cladmop.errors import InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig
from cladmop.model.losses import pair_matching_loss, weighted_bce

SWITCHES = {
    "default": {},
    "paper-like": {"streams": "separate", "phase_token": False, "sides": False, "criteria_width": None, "match": "own"},
    "no fusion": {"fusion": "last"},
    "no grouping": {"grouping": False},
    "one grouping layer": {"centroids": (4,)},
    "two grouping layers": {"centroids": (6, 3)},
    "no group self-attention": {"group_layers": 0},
    "all levels": {"levels": (0, 1, 2, 3)},
    "unfused": {"match": "unfused"},
    "largest values": {"pooling": "max"},
    "weighted mean": {"pooling": "attention"},
    "deeper": {"block_layers": 3, "streams": "separate"},
}
SIZES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4)


@pytest.mark.parametrize("switch", SWITCHES)
@settings(max_examples=12, deadline=None)
@given(sizes=SIZES, pad=st.integers(0, 3), seed=st.integers(0, 5))
def test_padding_and_batch_mates_never_change_a_score(batches, single, models, switch, sizes, pad, seed):
    model = models(**SWITCHES[switch])
    batch = batches(sizes, pad=pad, seed=seed)
    with torch.no_grad():
        together = (model.outcome(batch), *model.match(batch))
        for row, size in enumerate(sizes):
            alone = single(batch, row, size)
            for whole, one in zip(together, (model.outcome(alone), *model.match(alone)), strict=True):
                assert torch.isfinite(one).all()
                assert torch.allclose(whole[row], one[0], atol=1e-5)


@pytest.mark.parametrize("switch", SWITCHES)
def test_pairs_equal_a_loop_over_trials_with_swapped_drugs(batches, single, models, switch):
    sizes = [(4, 2, 1), (0, 0, 3), (2, 1, 0)]
    model = models(**SWITCHES[switch])
    batch = batches(sizes)
    with torch.no_grad():
        scores = model.match_pairs(*model.read(batch))
        for i in range(3):
            criteria = model.criteria(single(batch, i, sizes[i]))
            for j in range(3):
                tokens = model.tokens(single(batch, j, sizes[j]))
                f_DM = model.match_head.embed_drugs(model.fusion(tokens, criteria.contexts))
                f_C = model.match_head.embed_criteria(criteria.pooled_BC)
                assert torch.allclose(scores[i, j], (f_C * f_DM).sum(), atol=1e-5)


@pytest.mark.parametrize("match", ["paired", "unfused", "own"])
def test_a_trial_scores_with_itself_as_in_all_pairs(batches, models, match):
    model = models(match=match)
    with torch.no_grad():
        parts = model.read(batches([(4, 2, 1), (0, 0, 3), (2, 1, 0)]))
        pairs = model.score_pairs(*parts)
        assert pairs.shape == (3, 3)
        assert torch.allclose(model.score_own(*parts), pairs.diagonal(), atol=1e-5)


@pytest.mark.parametrize("match", ["paired", "unfused", "own"])
def test_what_the_drug_embedding_may_see(batches, models, match):
    model, batch = models(match=match), batches([(4, 2, 1), (3, 1, 2)])
    with torch.no_grad():
        _, before = model.match(batch)
        batch.criteria_LBTW[:, 0, 0] *= torch.linspace(-2, 2, 12)
        _, after = model.match(batch)
    assert torch.allclose(before, after) == (match != "own")
    assert torch.allclose(before[1], after[1], atol=1e-6)


@pytest.mark.parametrize("part", ["criteria", "side", "molecules", "diseases", "phase", "categories"])
def test_every_real_input_reaches_the_score(batches, models, part):
    model, batch = models(), batches([(4, 2, 3)])
    with torch.no_grad():
        before = model.outcome(batch).clone()
        if part == "criteria":
            batch.criteria_LBTW[0, 0, 1] *= torch.linspace(-2, 2, 12)  # coarse level, which only the fusion reads
        elif part == "side":
            batch.side_BT[0, 0] = 1
        elif part == "molecules":
            batch.molecules_BMF[0, 1, 0] += 1
        elif part == "diseases":
            batch.diseases_BKA[0, 2, 0] = (batch.diseases_BKA[0, 2, 0] + 1) % 20
        elif part == "phase":
            batch.phase_B[0] = (batch.phase_B[0] + 1) % 8
        else:
            batch.categories_BK[0, 1] = 0
        assert not torch.allclose(before, model.outcome(batch), atol=1e-6)


def test_more_molecules_than_positions(batches, models):
    assert torch.isfinite(models(positions=2).outcome(batches([(2, 9, 9)]))).all()


def test_half_precision_states_are_computed_on_in_single(batches, models):
    batch = batches([(3, 1, 1)])
    half = type(batch)(**{**vars(batch), "criteria_LBTW": batch.criteria_LBTW.half()})
    with torch.no_grad():
        assert torch.allclose(models().outcome(half), models().outcome(batch), atol=1e-2)


def test_outlier_states_stay_finite(batches, models):
    batch = batches([(3, 1, 1)])
    batch.criteria_LBTW[:, :, 0] *= 1e4
    assert torch.isfinite(models().outcome(batch)).all()


def test_paper_preset_runs_at_its_sizes(batches):
    config = ModelConfig.preset("paper", text_width=12, molecule_width=6, disease_vocabulary=20)
    model = CLaDMoP(config)
    criteria, _ = model.read(batches([(5, 1, 2), (0, 0, 0)]))
    assert [context.tokens_BGD.shape for context in criteria.contexts] == [(2, 25, 16)] * 3
    assert len(model.fusion.blocks) == 4
    assert all(len(stack.layers) == 4 for block in model.fusion.blocks for stack in block.stacks)
    assert criteria.pooled_BC.shape == (2, 12)


STAGES = {
    # stage -> what it leaves without gradient, by prefix: the other stage's head, and the fusing steps where unfused
    ("pairs", "paired"): ("outcome_head.",),
    ("pairs", "own"): ("outcome_head.",),
    ("pairs", "unfused"): ("outcome_head.", "fusion.cross.", "criteria.tokens.", "criteria.groups."),
    ("outcome", "paired"): ("match_head.",),
}


@pytest.mark.parametrize(("stage", "match"), STAGES)
@pytest.mark.parametrize("streams", ["joint", "separate"])
def test_gradient_reaches_every_parameter_of_the_stage(batches, models, stage, match, streams):
    model = models(match=match, streams=streams)
    batch = batches([(4, 2, 2), (0, 0, 0), (3, 4, 4), (5, 1, 3), (1, 1, 1), (6, 2, 2), (5, 2, 1), (7, 3, 2)])
    if stage == "outcome":
        weighted_bce(model.outcome(batch), torch.tensor([1.0, 0, 1, 0, 1, 0, 0, 1])).backward()
    else:
        sets = list("abcdefgh")
        loss = pair_matching_loss(*model.match(batch), 0.6, sets, sets)
        if match == "paired":
            pairs = model.match_pairs(*model.read(batch))
            loss = loss + functional.cross_entropy(pairs, torch.arange(8))
        loss.backward()
    without = STAGES[stage, match]
    for name, parameter in model.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert reached != name.startswith(without), name


@pytest.mark.parametrize("axis", ["text", "molecules", "vocabulary"])
def test_trials_of_other_encoders_are_refused(batches, models, axis):
    changes = {"text": {"text_width": 13}, "molecules": {"molecule_width": 7}, "vocabulary": {"disease_vocabulary": 2}}
    with pytest.raises(InputError, match="trained on"):
        models(**changes[axis]).outcome(batches([(2, 1, 4)]))
