import subprocess
import sys
from itertools import product

import numpy as np
import pytest

from cladmop.errors import CladmopError, InputError
from cladmop.evaluation.metrics import log_loss, roc_auc
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.rivals.hint import Hint, HintSettings

QUICK = HintSettings(width=32, epochs=12, learning_rate=3e-3, batch_size=16, dropout=0.2)


@pytest.fixture(scope="module")
def fitted(encode, invented):
    return Hint(encode, invented(60, 2), settings=QUICK).fit(*invented(120))


def test_it_learns_from_words(fitted, invented):
    trials, labels = invented(100, 1)
    scores = fitted.predict_proba(trials)
    assert scores.dtype == np.float64
    assert ((scores > 0) & (scores < 1)).all()
    assert roc_auc(labels, scores) > 0.75
    assert fitted.predict_proba([]).shape == (0,)


def test_equal_seeds_give_equal_bits(encode, invented):
    trials = invented(30, 1)[0]

    def scores(seed):
        rival = Hint(encode, invented(20, 2), settings=HintSettings(width=12, epochs=2), seed=seed)
        return rival.fit(*invented(60)).predict_proba(trials)

    np.testing.assert_array_equal(scores(0), scores(0))
    assert not np.allclose(scores(0), scores(1))


def test_validation_decides_the_epoch(fitted, invented):
    trials, labels = invented(60, 2)
    losses = [epoch["valid_loss"] for epoch in fitted.history]
    assert fitted.best_epoch == np.argmin(losses) + 1
    assert log_loss(labels, fitted.predict_proba(trials)) == pytest.approx(min(losses), abs=1e-6)


def test_training_stops_without_improvement(encode, invented):
    trials, labels = invented(60)
    # Validation labels are turned round, so that learning makes validation worse.
    rival = Hint(
        encode, (trials, 1 - labels), settings=HintSettings(width=12, epochs=20, patience=2, learning_rate=1e-2)
    )
    rival.fit(trials, labels)
    assert len(rival.history) == rival.best_epoch + 2 < 20


@pytest.mark.parametrize("part", ["drugs", "diseases", "inclusion", "exclusion"])
def test_removing_a_part_changes_the_score(fitted, invented, part):
    trials = [trial for trial in invented(40, 1)[0] if getattr(trial, part)]
    without = [trial.model_copy(update={part: ()}) for trial in trials]
    assert (fitted.predict_proba(trials) != fitted.predict_proba(without)).all()


def test_phases_never_trained_on_score_by_the_shared_output(fitted, invented):
    trials = invented(20, 1)[0]

    def scores(phase):
        return fitted.predict_proba([trial.model_copy(update={"phase": phase}) for trial in trials])

    np.testing.assert_array_equal(scores(Phase.PHASE_3), scores(Phase.NOT_APPLICABLE))
    assert (scores(Phase.PHASE_1) != scores(Phase.NOT_APPLICABLE)).all()
    assert (scores(Phase.PHASE_1) != scores(Phase.PHASE_2)).all()


def crossed(count, seed):
    """Success is given by drug and disease together: either of them alone says nothing."""
    random = np.random.default_rng(seed)
    drugs, diseases = ("CCO", "c1ccccc1"), ("J45.9", "M10.9")
    cells = [*product((0, 1), repeat=2)] * (count // 4)
    trials = [
        Trial(
            inclusion=(f"adults aged {random.integers(18, 80)} years",),
            drugs=(Drug(name="drug", smiles=drugs[drug]),),
            diseases=(Disease(name="disease", icd10=(diseases[disease],)),),
        )
        for drug, disease in cells
    ]
    return trials, np.array([drug ^ disease for drug, disease in cells])


def test_it_learns_what_drug_and_disease_say_only_together(encode):
    from sklearn.linear_model import LogisticRegression

    def columns(trials):
        encoded = encode(trials)
        codes = np.array([one.diseases[0] for one in encoded])
        return np.hstack(
            [np.stack([one.molecules[0] for one in encoded]), (codes[:, :, None] == np.unique(codes)).any(axis=1)]
        )

    train, judged = crossed(80, 0), crossed(80, 1)
    linear = LogisticRegression(max_iter=1000).fit(columns(train[0]), train[1])
    assert roc_auc(judged[1], linear.predict_proba(columns(judged[0]))[:, 1]) < 0.6
    settings = HintSettings(width=32, epochs=12, patience=12, dropout=0, learning_rate=3e-3, batch_size=8)
    rival = Hint(encode, crossed(40, 2), settings=settings).fit(*train)
    assert roc_auc(judged[1], rival.predict_proba(judged[0])) > 0.95


def test_refusals(encode, invented):
    trials, labels = invented(10)
    with pytest.raises(InputError, match="hint, validation trials: 10 trials of one class"):
        Hint(encode, (trials, np.ones(10)))
    rival = Hint(encode, (trials, labels))
    for ask in (lambda: rival.predict_proba(trials), lambda: rival.best_epoch, lambda: rival.history):
        with pytest.raises(CladmopError, match="'hint' is not fitted"):
            ask()
    with pytest.raises(InputError, match="one class"):
        rival.fit(trials, np.zeros(10))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"width": 0}, "width is 0"), ({"dropout": 1.0}, "dropout is 1.0"), ({"learning_rate": 0.0}, "above 0"),
     ({"patience": 0}, "patience is 0")],
)  # fmt: skip
def test_settings_are_checked(change, message):
    with pytest.raises(InputError, match=message):
        HintSettings(**change)


def test_importing_it_is_light():
    code = "import sys, cladmop.rivals.hint; print({'torch', 'sklearn', 'scipy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
