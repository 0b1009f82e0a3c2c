import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from cladmop import Phase, Trial, TrialOutcomeClassifier
from cladmop.errors import InputError
from cladmop.evaluation.metrics import roc_auc


def test_every_part_learns_what_is_there(fitted, invented):
    trials, labels = invented(200, seed=2)
    probabilities = fitted.predict_proba(trials)
    assert probabilities.shape == (200, 2)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert roc_auc(labels, probabilities[:, 1]) > 0.8
    parts = fitted.part_probabilities(trials)
    assert set(parts) == {"network", "states", "words", "characters"}
    for name in ("states", "words", "characters"):
        assert roc_auc(labels, parts[name]) > 0.75, name


def test_out_of_fold_scores_never_saw_their_label(classifier, invented):
    trials, labels = invented(60)
    noise = np.random.default_rng(0).permutation(labels)
    model = classifier(parts={"states": 0.5, "words": 0.5}).fit(trials, noise)
    assert abs(roc_auc(noise, model.out_of_fold_parts_["words"]) - 0.5) < 0.2
    assert roc_auc(noise, model.part_probabilities(trials)["words"]) > 0.7


def test_predict_cuts_at_the_threshold_and_score_is_accuracy(fitted, invented):
    trials, labels = invented(50, seed=3)
    called = fitted.predict(trials)
    assert (called == (fitted.predict_proba(trials)[:, 1] >= fitted.blend_.threshold)).all()
    assert fitted.score(trials, labels) == pytest.approx((called == labels).mean())


def test_one_trial_scores_alone_as_among_others(fitted, invented):
    trials, _ = invented(20, seed=4)
    together = fitted.predict_proba(trials)[:, 1]
    alone = [fitted.predict_proba([trial])[0, 1] for trial in trials]
    assert np.allclose(together, alone, atol=1e-5)


def test_no_trials_give_no_probabilities(fitted):
    assert fitted.predict_proba([]).shape == (0, 2)


def test_trial_with_nothing_but_a_phase_is_scored_and_said(fitted):
    (prediction,) = fitted.predict_trials([Trial(phase=Phase.PHASE_1)])
    assert 0 < prediction.probability < 1
    text = " ".join(prediction.warnings)
    assert "no eligibility criteria" in text
    assert "no drug named" in text
    assert "no disease" in text


def test_base_rate_is_of_the_trials_own_phase_and_else_of_all(fitted, invented):
    trials, labels = invented(60)
    first = [label for trial, label in zip(trials, labels, strict=True) if trial.phase is Phase.PHASE_1]
    one, three = fitted.predict_trials([trials[0], trials[0].model_copy(update={"phase": Phase.PHASE_3})])
    assert one.base_rate.group == "I"
    assert one.base_rate.rate == pytest.approx(np.mean(first))
    assert one.base_rate.trials == len(first)
    assert three.base_rate.group == "all"
    assert any("phase 3" in warning for warning in three.warnings)


def test_prediction_is_one_json_object(fitted, invented):
    (prediction,) = fitted.predict_trials(invented(1, seed=5)[0])
    plain = json.loads(json.dumps(prediction.to_json()))
    assert list(plain)[:2] == ["nctid", "probability"]
    assert plain["nctid"] == prediction.trial.nct_id


def test_sample_weight_of_zero_leaves_a_trial_out_of_the_regressions(classifier, invented):
    trials, labels = invented(60)
    lies = np.concatenate([labels, 1 - labels])
    weights = np.concatenate([np.ones(60), np.full(60, 1e-9)])
    renamed = [trial.model_copy(update={"nct_id": f"NCT9{row:07d}"}) for row, trial in enumerate(trials)]
    model = classifier(parts={"words": 1.0}).fit([*trials, *renamed], lies, weights)
    assert roc_auc(labels, model.part_probabilities(trials)["words"]) > 0.8


def test_equal_seeds_give_equal_models(classifier, invented):
    trials, labels = invented(40)
    one, other = (classifier(parts={"network": 1.0}).fit(trials, labels).predict_proba(trials) for _ in range(2))
    assert (one == other).all()


def test_held_out_successes_are_not_pretrained_on(classifier, invented, tmp_path):
    trials, labels = invented(40)
    plain = classifier(parts={"network": 1.0}).fit(trials, labels)
    also = classifier(parts={"network": 1.0}).fit(trials, labels, successes=trials[:10])
    assert (plain.predict_proba(trials) == also.predict_proba(trials)).all()


@pytest.mark.parametrize(
    ("settings", "labels", "message"),
    [
        ({}, [0, 1, 1], r"shape \(3,\) for 4 trials"),
        ({}, [0, 1, 2, 1], "labels are 0"),
        ({}, [1, 1, 1, 1], "one class only"),
        ({"parts": {"magic": 1.0}}, [0, 1, 0, 1], "magic"),
        ({"parts": {"words": 0.0}}, [0, 1, 0, 1], "words"),
    ],
)
def test_bad_input_is_refused_by_name(classifier, invented, settings, labels, message):
    with pytest.raises(InputError, match=message):
        classifier(**settings).fit(invented(4)[0], labels)


def test_unfitted_is_said():
    with pytest.raises(NotFittedError):
        TrialOutcomeClassifier().predict_proba([Trial()])


def test_parameters_survive_cloning():
    model = TrialOutcomeClassifier(folds=3, parts={"words": 1.0}, seed=4)
    assert clone(model).get_params() == model.get_params()
