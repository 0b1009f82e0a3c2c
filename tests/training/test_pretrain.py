from dataclasses import replace

import numpy as np
import pytest
import torch

from cladmop.errors import InputError
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.losses import balanced_bce
from cladmop.storage import read_json
from cladmop.training.batches import collate
from cladmop.training.cohort import PretrainTrials
from cladmop.training.loop import weights_digest
from cladmop.training.matching import matching_loss, retrieval
from cladmop.training.predict import predict_logits
from cladmop.training.pretrain import batch_loss, pretrain
from cladmop.training.settings import PretrainSettings

QUICK = PretrainSettings(epochs=3, batch_size=16, learning_rate=5e-3, pair_block=8)


def pool(encoded, labels) -> PretrainTrials:
    """Two in three trials successful or stopped as their topic says, the rest of unknown status."""
    labels = np.asarray(labels)
    known = np.arange(len(labels)) % 3 > 0
    return PretrainTrials(encoded, labels == 1, np.where(known, labels, -1).astype(np.int8))


@pytest.mark.parametrize("match", ["paired", "unfused", "own"])
def test_learns_to_match_unseen_trials(tmp_path, trials, configs, match):
    train, held_out = trials(256)[0], trials(64, seed=1)[0]
    settings = PretrainSettings(epochs=12, batch_size=32, learning_rate=1e-2, pair_block=8)
    model = pretrain(train, held_out, configs(match=match), settings, tmp_path)
    manifest = read_json(tmp_path / "training.json")
    losses = [epoch["valid_matching_loss"] for epoch in manifest["history"]]
    assert min(losses) < losses[0] - 0.1
    with torch.no_grad():
        assert retrieval(model, held_out, settings)["retrieval@10"] > 0.25  # chance is 10/64 = 0.16
    assert ("candidates" in manifest["fused_retrieval"]) == (match != "unfused")


def test_the_outcome_head_is_left_as_it_started(tmp_path, trials, configs):
    encoded = trials(24)[0]
    first = pretrain(encoded, encoded[:8], configs(), QUICK, tmp_path / "a")
    assert all(parameter.requires_grad for parameter in first.parameters())
    longer = PretrainSettings(**{**QUICK.to_dict(), "epochs": 1})
    second = pretrain(encoded, encoded[:8], configs(), longer, tmp_path / "b")
    assert torch.equal(first.outcome_head.enter.weight, second.outcome_head.enter.weight)
    assert not torch.equal(first.match_head.drugs.weight, second.match_head.drugs.weight)


def test_finished_training_is_read_not_run_and_another_is_refused(tmp_path, trials, configs):
    encoded = trials(24)[0]
    first = pretrain(encoded, encoded[:8], configs(), QUICK, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = pretrain(encoded, encoded[:8], configs(), QUICK, tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert torch.equal(first.match_head.drugs.weight, again.match_head.drugs.weight)
    with pytest.raises(InputError, match="another folder"):
        pretrain(encoded[1:], encoded[:8], configs(), QUICK, tmp_path)


def test_too_few_trials_are_refused(tmp_path, trials, configs):
    encoded = trials(4)[0]
    with pytest.raises(InputError, match="at least 2 successful trials in held_out; got 1"):
        pretrain(encoded, encoded[:1], configs(), QUICK, tmp_path)


@pytest.mark.parametrize("match", ["paired", "unfused"])
def test_loss_of_a_batch_is_the_sum_of_both_over_their_own_trials(trials, configs, match):
    encoded, labels = trials(14)
    mixed = pool(encoded, labels)
    assert 2 <= mixed.successful.sum() < 14 > mixed.known.sum() > 2
    model = CLaDMoP(configs(match=match)).eval()
    settings = PretrainSettings(objective="both", completion_weight=0.5)
    with torch.no_grad():
        matching = matching_loss(model, [t for t, one in zip(encoded, mixed.successful, strict=True) if one], settings)
        known = [t for t, one in zip(encoded, mixed.known, strict=True) if one]
        targets = torch.tensor([float(one) for one in mixed.completed if one >= 0])
        completion = balanced_bce(model.outcome(collate(known)), targets, 0.7)
        assert torch.allclose(batch_loss(model, mixed, settings, 0.7), matching + 0.5 * completion, atol=1e-5)
        alone = {objective: mixed.serving(objective) for objective in ("matching", "completion")}
        parts = [batch_loss(model, some, replace(settings, objective=name), 0.7) for name, some in alone.items()]
        assert torch.allclose(torch.stack(parts), torch.stack([matching, completion]), atol=1e-5)


@pytest.mark.parametrize(
    ("objective", "untouched"), [("matching", "outcome_head."), ("completion", "match_head."), ("both", "nothing")]
)
def test_gradients_reach_the_heads_of_the_objective_alone(trials, configs, objective, untouched):
    mixed = pool(*trials(14)).serving(objective)
    model = CLaDMoP(configs())
    batch_loss(model, mixed, PretrainSettings(objective=objective), 0.5).backward()
    without = {name for name, value in model.named_parameters() if value.grad is None}
    assert without == {name for name, _ in model.named_parameters() if name.startswith(untouched)}


@pytest.mark.parametrize("objective", ["completion", "both"])
def test_completion_is_learned_and_scores_unseen_trials(tmp_path, trials, configs, objective):
    train, (unseen, truth) = pool(*trials(240)), trials(80, seed=1)
    settings = PretrainSettings(epochs=12, batch_size=32, learning_rate=1e-2, pair_block=8, objective=objective)
    model = pretrain(train, pool(unseen, truth), configs(), settings, tmp_path)
    manifest = read_json(tmp_path / "training.json")
    best = min(manifest["history"], key=lambda epoch: epoch["valid_completion_loss"])
    assert best["valid_completion_roc_auc"] > 0.9
    assert best["valid_completion_average_precision"] > 0.9
    assert ("valid_retrieval@1" in best) == (objective == "both")
    logits = predict_logits(model, unseen)
    assert logits[truth == 1].mean() > logits[truth == 0].mean() + 1
    assert manifest["train"]["stopped"] == int((train.completed == 0).sum())
    if objective == "both":
        summed = best["valid_matching_loss"] + best["valid_completion_loss"]
        assert best["valid_loss"] == pytest.approx(summed)


def test_matching_on_a_pool_with_stopped_trials_is_matching_on_its_successes(tmp_path, trials, configs):
    mixed, held_out = pool(*trials(60)), pool(*trials(30, seed=1))
    plain = [mixed.serving("matching").encoded, held_out.serving("matching").encoded]
    settings = replace(QUICK, epochs=1, completion_weight=3.0)
    first = pretrain(mixed, held_out, configs(), settings, tmp_path / "a")
    second = pretrain(*plain, configs(), replace(QUICK, epochs=1), tmp_path / "b")
    assert weights_digest(first) == weights_digest(second)
    identities = {read_json(tmp_path / name / "training.json")["identity"] for name in "ab"}
    assert len(identities) == 1


@pytest.mark.parametrize("change", [{"completion_weight": 2.0}, {"hard_negatives": 0.5}, {"objective": "completion"}])
def test_settings_that_decide_are_part_of_the_identity(tmp_path, trials, configs, change):
    mixed = pool(*trials(40))
    settings = replace(QUICK, epochs=1, objective="both")
    pretrain(mixed, mixed, configs(), settings, tmp_path)
    with pytest.raises(InputError, match="another folder"):
        pretrain(mixed, mixed, configs(), replace(settings, **change), tmp_path)


def test_labels_are_part_of_the_identity(tmp_path, trials, configs):
    mixed = pool(*trials(40))
    settings = replace(QUICK, epochs=1, objective="completion")
    pretrain(mixed, mixed, configs(), settings, tmp_path)
    turned = replace(mixed, completed=np.where(mixed.known, 1 - mixed.completed, -1).astype(np.int8))
    with pytest.raises(InputError, match="another folder"):
        pretrain(turned, mixed, configs(), settings, tmp_path)


def test_completion_without_stopped_trials_is_refused(tmp_path, trials, configs):
    encoded = trials(12)[0]
    with pytest.raises(InputError, match="in train; got 0 completed and 0 stopped"):
        pretrain(encoded, encoded, configs(), replace(QUICK, objective="both"), tmp_path)


def test_hard_negatives_change_the_batches_and_nothing_else_of_a_run(tmp_path, trials, configs):
    encoded = trials(64)[0]
    settings = replace(QUICK, epochs=1)
    plain, hard = (
        pretrain(encoded, encoded[:16], configs(), replace(settings, hard_negatives=share), tmp_path / str(share))
        for share in (0.0, 1.0)
    )
    assert weights_digest(plain) != weights_digest(hard)
