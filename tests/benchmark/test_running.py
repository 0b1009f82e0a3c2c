"""Contestants run once, resume by draws, are skipped with a reason, and never see a label of a scored trial."""

from dataclasses import replace

import numpy as np
import pytest

from cladmop.benchmark.bench import Bench
from cladmop.benchmark.contestants import Contestant
from cladmop.benchmark.measuring import Scored
from cladmop.benchmark.running import Size, reference_of, run, scored_rows
from cladmop.benchmark.tasks import Task
from cladmop.benchmark.whole import score_all, shown_as_curves
from cladmop.errors import InputError, MissingDependencyError
from cladmop.records import Trial


class Told:
    """A rival that scores by a fixed rule and keeps what it was told."""

    kind = "told"

    def __init__(self, strength, draw=0):
        self.strength, self.draw = strength, draw

    def fit(self, trials, labels):
        self.labels = dict(zip([trial.nct_id for trial in trials], np.asarray(labels).tolist(), strict=True))
        return self

    def predict_proba(self, trials):
        """Odd numbers are successes, which a strong rival knows."""
        odd = np.array([int(trial.nct_id[3:]) % 2 for trial in trials], float)
        noise = np.random.default_rng((len(trials), self.draw)).random(len(trials))
        return self.strength * odd + (1 - self.strength) * noise


class Epochs(Told):
    def epoch_scores(self, trials):
        return [self.predict_proba(trials), 1 - self.predict_proba(trials)]


def make_trials(first, count):
    return [Trial(nct_id=f"NCT{first + number}") for number in range(count)]


def refuse():
    raise AssertionError("the labels of scored trials were read")


@pytest.fixture
def bench(tmp_path):
    def labelled(first, count):
        return make_trials(first, count), [(first + number) % 2 for number in range(count)]

    train, valid = labelled(40_000_000, 50), labelled(30_000_000, 20)
    task = Task("A task", "a-task", "I", train, valid, make_trials(20_000_000, 30), ([], []), refuse)
    return Bench(task, tmp_path / "runs", lambda _: None)


def weak(**further):
    return Contestant("Weak", "text", "", lambda _bench, draw: Told(0.1, draw), **further)


def strong(**further):
    return Contestant("Strong one", "text", "", lambda _bench, draw: Told(0.9, draw), **further)


def test_scores_are_stored_by_draw(bench):
    assert run(bench, [weak(chance="seed"), strong()], Size(seeds=2)) == {}
    first, second = scored_rows(bench, [weak(chance="seed"), strong()])
    assert (len(first.test), len(second.test)) == (2, 1)
    assert first.test[0] != first.test[1]
    assert list(second.test[0]) == [trial.nct_id for trial in bench.task.test]
    assert list(second.valid[0]) == [trial.nct_id for trial in bench.task.valid[0]]


def test_finished_draws_are_kept(bench):
    made = []

    def make(_bench, draw):
        made.append(draw)
        if len(made) == 2:
            raise KeyboardInterrupt
        return Told(0.5, draw)

    contestant = Contestant("Stopped", "text", "", make, chance="shots")
    with pytest.raises(KeyboardInterrupt):
        run(bench, [contestant], Size(shots=3))
    assert scored_rows(bench, [contestant]) == [], "an unfinished row is in no table"
    run(bench, [contestant], Size(shots=3))
    run(bench, [contestant], Size(shots=3))
    assert made == [0, 1, 1, 2]


def test_what_is_missing_is_named_and_skipped(bench):
    def make(_bench, _draw):
        raise MissingDependencyError("needs the extra `tabpfn`")

    missing = run(bench, [Contestant("Absent", "tabular", "", make), strong()], Size())
    assert missing == {"Absent": "needs the extra `tabpfn`"}
    assert [row.name for row in scored_rows(bench, [strong()])] == ["Strong one"]


def test_epochs_are_stored_where_a_rival_tells_them(bench):
    contestant = Contestant("Epochs", "network", "", lambda _bench, draw: Epochs(0.4, draw), chance="seed")
    run(bench, [contestant], Size(seeds=2))
    (row,) = scored_rows(bench, [contestant])
    assert [len(epochs) for epochs in row.epochs] == [2, 2]
    assert row.epochs[0][0] == row.test[0]


def test_the_reference_is_the_strongest_on_training_folds(bench):
    name, values = reference_of(bench, [weak(simple=True), strong(simple=True)])
    assert name == "Strong one"
    assert values["Strong one"] > values["Weak"]
    assert reference_of(bench, []) == (name, values), "kept in the folder"


def test_a_folder_keeps_to_its_task(bench):
    contestants = [strong(simple=True)]
    score_all(bench, contestants, Size())
    with pytest.raises(InputError, match="seeds = 3, not 5"):
        score_all(bench, contestants, Size(seeds=5))
    trials, labels = bench.task.train
    bench.task = replace(bench.task, train=(trials, [1 - label for label in labels]))
    with pytest.raises(InputError, match="digest"):
        score_all(bench, contestants, Size())


def test_something_must_be_the_reference(bench):
    with pytest.raises(InputError, match="reference"):
        score_all(bench, [strong()], Size())


def test_slugs_are_plain():
    assert replace(weak(), name="kNN + random forest, 8-shot").slug == "knn-random-forest-8-shot"


def test_curves_are_chosen_without_looking_at_scores():
    def row(name, group, headline=True):
        return Scored(name, group, "", [], headline=headline)

    rows = [row("words", "text"), row("characters", "text"), row("plain", "text", headline=False)]
    rows += [row(name, "network") for name in ("a", "b", "c", "d", "e")]
    assert [one.name for one in shown_as_curves(rows, "plain")] == ["plain", "characters", "e", "words", "d", "c"]
    assert [one.name for one in shown_as_curves(rows, "words")][:2] == ["words", "characters"]
