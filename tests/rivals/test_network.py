"""CLaDMoP behind the door of the rivals, at tiny sizes."""

import numpy as np
import pytest

from cladmop.errors import CladmopError, InputError
from cladmop.pipeline import NetworkSettings, mean_probability, pretrain_network
from cladmop.rivals.network import REFERENCES, Network, Shot, ZeroShot, draw_reference
from cladmop.storage import read_json
from cladmop.training.checkpoint import load_model

SMALL = {"width": 8, "heads": 2, "centroids": [4], "group_layers": 1, "criteria_width": 8, "head_width": 8}
SETTINGS = NetworkSettings(model=SMALL, pretrain={"epochs": 1}, finetune={"epochs": 2})


@pytest.fixture(scope="module")
def trials(invented):
    """Training, validation and other phases' successful trials, and trials to score."""
    pool, labels = invented(30, 3)
    successes = [trial for trial, label in zip(pool, labels, strict=True) if label]
    return {"train": invented(40, 1), "valid": invented(16, 2), "successes": successes, "judged": invented(12, 4)[0]}


@pytest.fixture(scope="module")
def made(encode, trials):
    def network(folder, settings=SETTINGS, **changes):
        given = {"successes": trials["successes"], "valid": trials["valid"], **changes}
        return Network(encode, settings, given["successes"], given["valid"], folder)

    return network


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("stages")


@pytest.fixture(scope="module")
def network(made, trials, place):
    return made(place).fit(*trials["train"])


@pytest.fixture(scope="module")
def zero_shot(encode, trials, place, network):
    """In the folder of the network, whose pre-training it shares."""
    return ZeroShot(encode, SETTINGS, trials["successes"], place).fit(*trials["train"])


def test_equal_seeds_score_alike_to_the_last_bit_and_others_do_not(made, network, trials, tmp_path):
    scores = network.predict_proba(trials["judged"])
    assert scores.dtype == np.float64
    assert scores.shape == (12,)
    assert ((scores > 0) & (scores < 1)).all()
    again = made(tmp_path / "again").fit(*trials["train"]).predict_proba(trials["judged"])
    assert again.tobytes() == scores.tobytes()
    other = made(
        tmp_path / "other", NetworkSettings(model=SMALL, pretrain={"epochs": 1}, finetune={"epochs": 2}, seed=1)
    )
    assert (other.fit(*trials["train"]).predict_proba(trials["judged"]) != scores).any()


def test_finished_stages_are_kept(made, network, trials, place):
    written = {path: path.stat().st_mtime_ns for path in place.rglob("*.safetensors")}
    assert {path.parent.name for path in written} >= {"pretrained", "finetuned"}
    again = made(place).fit(*trials["train"]).predict_proba(trials["judged"])
    assert (again == network.predict_proba(trials["judged"])).all()
    assert written == {path: path.stat().st_mtime_ns for path in place.rglob("*.safetensors")}


def test_pretraining_sees_the_successes_of_training_and_of_other_phases(network, trials, place):
    manifest = read_json(place / "pretrained" / "training.json")
    seen = manifest["train"]["successful"] + manifest["held_out"]["successful"]
    assert seen == int(sum(trials["train"][1])) + len(trials["successes"])


def test_validation_labels_decide_when_to_stop(made, trials, place, network):
    members, labels = trials["valid"]
    history = read_json(place / "finetuned" / "training.json")["history"]
    assert "valid_loss" in history[0]
    with pytest.raises(InputError, match="a training with other"):
        made(place, valid=(members, 1 - labels)).fit(*trials["train"])


def test_without_pretraining_the_pool_is_not_even_encoded(made, trials, tmp_path):
    settings = NetworkSettings(model=SMALL, finetune={"epochs": 1}, pretraining=False)
    rival = made(tmp_path, settings)
    asked = []
    inner = rival.encode
    rival.encode = lambda some: asked.extend(some) or inner(some)
    rival.fit(*trials["train"])
    assert not (tmp_path / "pretrained").exists()
    assert not {trial.nct_id for trial in asked} & {trial.nct_id for trial in trials["successes"]}


def test_a_validation_trial_among_the_pool_is_refused(made, trials, tmp_path):
    members, _ = trials["valid"]
    with pytest.raises(InputError, match=f"1 trials .* validation trials too, {members[5].nct_id}"):
        made(tmp_path, successes=[*trials["successes"], members[5]])
    with pytest.raises(InputError, match="validation trials: 0 trials"):
        made(tmp_path, valid=([], []))


def test_nothing_is_scored_before_it_is_fitted(encode, made, trials, tmp_path):
    start = ZeroShot(encode, SETTINGS, trials["successes"], tmp_path)
    for rival in (made(tmp_path), start, Shot(start, 0, tmp_path)):
        with pytest.raises(CladmopError, match=f"'{rival.kind}' is not fitted"):
            rival.predict_proba(trials["judged"])
        with pytest.raises(InputError, match="one class"):
            rival.fit(trials["train"][0], np.ones(40))
    with pytest.raises(CladmopError, match="'cladmop-zero-shot' is not fitted"):
        Shot(start, 0, tmp_path).fit(*trials["train"])


def test_zero_shot_shares_the_pretraining_and_reads_no_failure(encode, zero_shot, trials, place, tmp_path):
    assert (place / "pretrained" / "training.json").is_file()
    assert not list(place.glob("cladmop*"))
    members, labels = trials["train"]
    kept = [place for place, label in enumerate(labels) if label or place % 2]
    fewer = ZeroShot(encode, SETTINGS, trials["successes"], tmp_path)
    fewer.fit([members[row] for row in kept], labels[kept])
    scores = zero_shot.predict_proba(trials["judged"])
    assert (fewer.predict_proba(trials["judged"]) == scores).all()
    assert ((scores > 0) & (scores < 1)).all()
    assert len(set(scores)) > 5


def test_zero_shot_needs_pair_matching(encode, tmp_path):
    for settings in (NetworkSettings(pretraining=False), NetworkSettings(pretrain={"objective": "completion"})):
        with pytest.raises(InputError, match="no match score"):
            ZeroShot(encode, settings, [], tmp_path)


def test_a_shot_starts_from_pretraining_and_leaves_it_alone(encode, zero_shot, trials, place, tmp_path, monkeypatch):
    monkeypatch.setattr("cladmop.rivals.network.FEW_EPOCHS", 3)
    few, labels = trials["train"][0][:8], trials["train"][1][:8]
    before = zero_shot.predict_proba(trials["judged"])
    draws = [Shot(zero_shot, draw, tmp_path / f"{draw}").fit(few, labels) for draw in (0, 1)]
    first, second = (shot.predict_proba(trials["judged"]) for shot in draws)
    assert (first != second).any(), "draws differ in their seed too"
    assert (Shot(zero_shot, 0, tmp_path / "again").fit(few, labels).predict_proba(trials["judged"]) == first).all()
    assert (zero_shot.predict_proba(trials["judged"]) == before).all()
    manifest = read_json(tmp_path / "0" / "training.json")
    assert len(manifest["history"]) == 3
    assert "valid_loss" not in manifest["history"][0]
    untouched = load_model(place / "pretrained").criteria.state_dict()
    tuned = load_model(tmp_path / "0").criteria.state_dict()
    assert all((tuned[name] == value).all() for name, value in untouched.items()), "LoRA leaves the criteria branch"
    assert (first != mean_probability([zero_shot.network], encode(trials["judged"]))).any()


def test_pretraining_is_that_of_the_pipeline(encode, zero_shot, trials, tmp_path):
    members, labels = trials["train"]
    own = [trial for trial, label in zip(encode(members), labels, strict=True) if label]
    plain = pretrain_network(tmp_path, SETTINGS, [*own, *encode(trials["successes"])])
    for name, value in plain.state_dict().items():
        assert (zero_shot.network.state_dict()[name] == value).all()


def test_the_reference_is_drawn_by_seed_in_order():
    successes = [f"trial {number:03d}" for number in range(2 * REFERENCES)]
    drawn = draw_reference(successes, 3)
    assert len(set(drawn)) == REFERENCES
    assert drawn == sorted(drawn)
    assert draw_reference(successes, 3) == drawn != draw_reference(successes, 4)
    assert draw_reference(successes[:5], 3) == successes[:5]
