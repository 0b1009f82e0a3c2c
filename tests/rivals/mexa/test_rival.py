"""MEXA-CTP as a rival: what trains, how the epoch is chosen, and that nothing else leaks in."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from cladmop.errors import CladmopError, InputError
from cladmop.rivals.mexa import MexaReleased, MexaRepaired, MexaSettings

BRIEF = MexaSettings(epochs=3, batch_size=24, layers=1)
BOTH = pytest.mark.parametrize("variant", [MexaReleased, MexaRepaired], ids=lambda one: one.kind)


@pytest.fixture(scope="module")
def data(invented):
    return {"train": invented(48), "valid": invented(24, seed=1), "new": invented(60, seed=2)}


@pytest.fixture(scope="module")
def fitted(encode, data):
    return {one: one(encode, data["valid"], settings=BRIEF).fit(*data["train"]) for one in (MexaReleased, MexaRepaired)}


def unchanged(rival):
    """Names of all parameters, and of those that are bit for bit as they were drawn."""
    from cladmop.rivals.mexa.inputs import read_tokens, widths
    from cladmop.rivals.mexa.network import MexaNetwork
    from cladmop.training.loop import reproducible
    from cladmop.training.settings import TrainSettings

    (trial,) = rival.encode(rival._valid[:1])
    with reproducible(TrainSettings(seed=rival.seed)):
        drawn = MexaNetwork(widths(read_tokens(trial, rival.settings)), rival.settings, repaired=rival.repaired)
    now = dict(rival._trained.network.named_parameters())
    assert set(now) == set(dict(drawn.named_parameters()))
    return set(now), {name for name, before in drawn.named_parameters() if before.equal(now[name])}


def test_as_released_experts_and_routers_stay_as_drawn_and_all_else_trains(fitted):
    from cladmop.rivals.mexa.network import EXPERTS

    names, same = unchanged(fitted[MexaReleased])
    assert same == {name for name in names if name.split(".")[0] in EXPERTS}
    assert {name.split(".")[0] for name in names - same} == {"sides_PD", "projections", "joint_layers", "head"}
    assert {name.split(".")[0] for name in same} == set(EXPERTS)


def test_repaired_everything_trains(fitted):
    names, same = unchanged(fitted[MexaRepaired])
    assert same == set()
    assert any(name.startswith("absent.") for name in names)


@BOTH
def test_scores_are_those_of_the_chosen_epoch(fitted, data, variant):
    rival, (trials, _) = fitted[variant], data["new"]
    scores, epochs = rival.predict_proba(trials), rival.epoch_scores(trials)
    assert scores.dtype == np.float64
    assert scores.shape == (60,)
    assert epochs.shape == (3, 60)
    assert ((scores > 0) & (scores < 1)).all()
    assert (epochs[rival.best_epoch - 1] == scores).all()
    assert len({row.tobytes() for row in epochs}) == 3


@pytest.mark.parametrize("metric", ["average_precision", "loss"])
def test_validation_chooses_the_epoch(encode, data, metric):
    from cladmop.evaluation.metrics import average_precision

    settings = replace(BRIEF, metric=metric)
    rival = MexaReleased(encode, data["valid"], settings=settings).fit(*data["train"])
    values = [epoch[f"valid_{metric}"] for epoch in rival.history]
    assert values[rival.best_epoch - 1] == (min(values) if metric == "loss" else max(values))
    trials, labels = data["valid"]
    again = [average_precision(labels, scores) for scores in rival.epoch_scores(trials)]
    assert [epoch["valid_average_precision"] for epoch in rival.history] == pytest.approx(again)


@BOTH
def test_equal_seeds_give_equal_scores(encode, fitted, data, variant):
    trials = data["new"][0]
    scores = fitted[variant].epoch_scores(trials)
    again = variant(encode, data["valid"], settings=BRIEF).fit(*data["train"]).epoch_scores(trials)
    assert (again == scores).all()
    other = variant(encode, data["valid"], settings=replace(BRIEF, epochs=1), seed=1)
    assert not np.allclose(other.fit(*data["train"]).predict_proba(trials), scores[0])


def test_the_repaired_variant_learns_the_word_that_tells(encode, invented, data):
    from cladmop.evaluation.metrics import roc_auc

    settings = MexaSettings(epochs=14, batch_size=16, layers=1, learning_rate=0.02)
    rival = MexaRepaired(encode, data["valid"], settings=settings).fit(*invented(64))
    assert roc_auc(data["new"][1], rival.predict_proba(data["new"][0])) > 0.8


@BOTH
def test_no_trials_give_no_scores(fitted, variant):
    assert fitted[variant].predict_proba([]).shape == (0,)
    assert fitted[variant].epoch_scores([]).shape == (3, 0)


@BOTH
def test_an_unfitted_rival_says_so(encode, data, variant):
    rival = variant(encode, data["valid"])
    for ask in (lambda: rival.predict_proba([]), lambda: rival.epoch_scores([]), lambda: rival.best_epoch):
        with pytest.raises(CladmopError, match=variant.kind):
            ask()


@BOTH
def test_bad_labels_are_refused(encode, data, variant):
    trials, labels = data["valid"]
    with pytest.raises(InputError, match=f"{variant.kind}, validation trials: .*one class"):
        variant(encode, (trials, np.ones(len(trials))))
    with pytest.raises(InputError, match="labels of shape"):
        variant(encode, data["valid"]).fit(trials, labels[:-1])


@pytest.mark.parametrize(
    ("field", "value"), [("width", 9), ("threshold", 1.0), ("epochs", 0), ("max_exclusion", 0), ("metric", "roc_auc")]
)
def test_settings_outside_their_range_are_refused(field, value):
    with pytest.raises(InputError, match=f"MexaSettings.{field}"):
        MexaSettings(**{field: value})


def test_the_package_is_light_to_import():
    code = "import sys, cladmop.rivals.mexa; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
