"""What training will cost: from trainings that are thrown away, and less where some of it is done."""

import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cladmop.pipeline import NetworkSettings, forecast_training, train_network
from cladmop.training.checkpoint import MANIFEST, STATE
from cladmop.training.cost import Left, TrainingForecast, duration, epochs_behind, extrapolated, left_of
from cladmop.training.loop import weights_digest
from cladmop.training.pace import Pace, bytes_beyond, telling_batch, time_training
from cladmop.training.settings import PretrainSettings
from training.conftest import make_trials

SIZES = {"width": 8, "heads": 2, "centroids": [4], "group_layers": 1, "criteria_width": 8, "head_width": 8}
SETTINGS = NetworkSettings(model=SIZES, pretrain={"epochs": 2, "batch_size": 16}, finetune={"epochs": 3})
PLACES = ("pretrained", "finetuned")


@pytest.fixture(scope="module")
def cohort():
    train, valid = ((trials, labels.tolist()) for trials, labels in (make_trials(40, seed=1), make_trials(20, seed=2)))
    return train, valid, make_trials(24, seed=3)[0]


def test_a_forecast_is_positive_before_and_nothing_to_do_after(tmp_path, cohort):
    stages = [[tmp_path / "seed-0" / place] for place in PLACES]
    before = forecast_training(SETTINGS, *cohort, *stages, 30)
    assert before.open == 2
    assert before.seconds > 0
    assert before.memory > 50e6
    assert re.search(r"1 of 1 pre-trained networks left, at most 2 epochs each; .* about [\d.]+ s at most", str(before))
    assert not list(tmp_path.iterdir()), "what is timed leaves nothing"
    train_network(tmp_path / "seed-0", SETTINGS, *cohort)
    after = forecast_training(SETTINGS, *cohort, *stages, 30)
    assert (after.open, after.seconds, after.memory) == (0, 0.0, 0)
    assert str(after) == "nothing to do, all of it is there (1 pre-trained networks, 1 fine-tuned networks)"


def test_the_network_is_the_same_whether_or_not_its_cost_was_told(tmp_path, cohort):
    plain = train_network(tmp_path / "plain", SETTINGS, *cohort)
    forecast_training(SETTINGS, *cohort, *([tmp_path / "told" / place] for place in PLACES))
    told = train_network(tmp_path / "told", SETTINGS, *cohort)
    assert weights_digest(told) == weights_digest(plain)


def test_more_networks_take_longer_and_no_pretraining_counts_none(tmp_path, cohort):
    settings = replace(SETTINGS, pretraining=False)
    stages = [[tmp_path / str(number) / place for number in range(200)] for place in PLACES]
    many = forecast_training(settings, *cohort, *stages)
    assert "pre-trained" not in str(many)
    assert "200 of 200 fine-tuned networks left" in str(many)
    assert many.seconds > forecast_training(settings, *cohort, *(folders[:1] for folders in stages)).seconds


def test_what_is_left_counts_epochs_that_a_cut_training_has_behind_it(tmp_path, cohort, monkeypatch):
    done, cut, new = (tmp_path / name for name in ("done", "cut", "new"))
    train_network(done, replace(SETTINGS, pretraining=False), *cohort[:2], [])
    (tmp_path / "finished").mkdir()
    shutil.copyfile(done / "finetuned" / MANIFEST, tmp_path / "finished" / MANIFEST)
    monkeypatch.setattr("cladmop.training.finetune.finish", lambda *_: None)  # as if it were killed at the end
    train_network(cut, replace(SETTINGS, pretraining=False), *cohort[:2], [])
    assert epochs_behind(cut / "finetuned") == 3
    left = left_of([tmp_path / "finished", cut / "finetuned", new], 12)
    assert left == Left(trainings=3, open=2, epochs=9 + 12, most=12)
    (cut / "finetuned" / STATE).write_bytes(b"damaged")
    assert epochs_behind(cut / "finetuned") == 0


def test_seconds_are_a_start_for_each_and_an_epoch_for_each_that_is_left():
    left = Left(trainings=3, open=2, epochs=21, most=12)
    assert left.seconds(Pace(setup=5.0, epoch=0.5)) == 2 * 5.0 + 21 * 0.5
    both = TrainingForecast.total([TrainingForecast((("networks", left),), 20.5, 7)] * 2)
    assert (both.stages[0][1], both.seconds, both.memory) == (Left(6, 4, 42, 12), 41.0, 7)


def test_the_pace_of_a_part_is_scaled_to_the_whole(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("cladmop.training.pace.time.perf_counter", lambda: clock.now)

    def train(epochs, folder):
        clock.now += 2.0 + 3.0 * epochs

    assert time_training(train, share=0.1) == Pace(setup=20.0, epoch=30.0)


def test_work_on_a_few_is_scaled_without_its_fixed_part(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("cladmop.training.cost.perf_counter", lambda: clock.now)

    def work(number):
        clock.now += 2.0 + 0.5 * number

    assert extrapolated(work, 5, 100) == pytest.approx(2.0 + 0.5 * 100)


def test_the_median_batch_stands_for_an_epoch_and_the_largest_for_memory():
    trials = make_trials(90)[0]
    settings = PretrainSettings(batch_size=10)
    chosen = telling_batch(trials, settings)
    assert len(chosen.rows) == 10
    assert 0.05 < chosen.share < 0.2
    assert np.all(np.diff(chosen.rows) > 0)
    assert bytes_beyond(trials, settings) == chosen.beyond * 4 * 12 * 12
    assert telling_batch(trials[:10], settings).share == 1.0


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.25, "0.2 s"), (45, "45 s"), (300, "5.0 min"), (9000, "2.5 h"), (400_000, "4.6 days")]
)
def test_times_are_told_in_the_unit_that_fits(seconds, told):
    assert duration(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5.0 s"), (90, "90 s"), (600, "10 min"), (7199, "120 min"), (36_000, "10 h"), (864_000, "10.0 days")],
)
def test_times_are_for_people(seconds, text):
    assert duration(seconds) == text
