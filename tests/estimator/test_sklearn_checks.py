"""scikit-learn's own checks, cross-validation and pipelines.

Its checks make arrays, and the estimator takes trials: `OfArrays` writes each row as a trial, checks arrays as
scikit-learn does, and names the classes as they came. All else is the estimator's own.
"""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, is_classifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from cladmop import Trial, TrialOutcomeClassifier
from cladmop.errors import InputError
from cladmop.evaluation.metrics import roc_auc

NOT_OURS = {
    "check_sample_weight_equivalence_on_dense_data": "calibration and threshold are chosen on folds of the trials: a "
    "trial twice is two trials, of which two folds may hold one each, and a trial of weight 2 is one",
}
"""Checks that fail, each with its reason. Were one to pass, its test would fail (xfail_strict of pyproject.toml)."""
WITHOUT_DATA = (
    "check_estimator_cloneable", "check_estimator_tags_renamed", "check_valid_tag_types", "check_estimator_repr",
    "check_no_attributes_set_in_init", "check_mixin_order", "check_get_params_invariance",
    "check_set_params", "check_parameters_default_constructible", "check_do_not_raise_errors_in_init_or_set_params",
)  # fmt: skip
BINS = np.linspace(-3, 3, 13)
WORDS = {"parts": {"words": 1.0}, "folds": 2, "replicates": 2}


class OfArrays(TrialOutcomeClassifier):
    """Takes numbers: row by row a trial whose criteria say in which bin each number lies."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array, tags.input_tags.two_d_array, tags.no_validation = False, True, False
        return tags

    def fit(self, X, y, sample_weight=None):
        encoder = LabelEncoder()
        if y is not None:
            X, y = validate_data(self, X, y)
            check_classification_targets(y)
            y = encoder.fit_transform(y)
        super().fit(as_trials(X), y, sample_weight)
        self.classes_ = encoder.classes_
        return self

    def predict_proba(self, X):
        check_is_fitted(self)
        return super().predict_proba(as_trials(validate_data(self, X, reset=False)))

    def predict(self, X):
        called = super().predict(X)
        return self.classes_[called]


def as_trials(X):
    bins = np.digitize(X, BINS)
    return [Trial(inclusion=tuple(f"feature{c} bin{b}" for c, b in enumerate(row))) for row in bins]


@parametrize_with_checks([OfArrays(**WORDS)], expected_failed_checks=lambda _: NOT_OURS)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", WITHOUT_DATA)
def test_checks_that_need_no_array_pass_on_the_class_itself(name):
    getattr(estimator_checks, name)("TrialOutcomeClassifier", TrialOutcomeClassifier(**WORDS))


def test_tags_say_what_it_takes():
    tags = get_tags(TrialOutcomeClassifier())
    assert is_classifier(TrialOutcomeClassifier())
    assert (tags.input_tags.one_d_array, tags.input_tags.two_d_array, tags.input_tags.sparse) == (True, False, False)
    assert not tags.classifier_tags.multi_class
    assert tags.target_tags.required
    assert tags.no_validation


def test_cross_validation_on_lists_of_trials(invented):
    trials, labels = invented(80)
    model = TrialOutcomeClassifier(**WORDS)
    scores = cross_val_predict(model, trials, labels, cv=StratifiedKFold(2), method="predict_proba")
    assert scores.shape == (80, 2)
    assert roc_auc(labels, scores[:, 1]) > 0.75
    assert not model.__sklearn_is_fitted__()


def test_workers_of_joblib_give_the_same_as_one_process(invented):
    trials, labels = invented(120)
    model = TrialOutcomeClassifier(**WORDS)
    alone, together = (cross_val_score(model, trials, labels, cv=2, scoring="roc_auc", n_jobs=n) for n in (1, 2))
    assert (alone == together).all()
    assert alone.mean() > 0.75


class Shortened(TransformerMixin, BaseEstimator):
    """Keeps the first criterion of each trial, which is the one that tells."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return [trial.model_copy(update={"inclusion": trial.inclusion[:1], "exclusion": ()}) for trial in X]


def test_stands_in_a_pipeline_and_is_searched(invented):
    trials, labels = invented(120)
    search = GridSearchCV(
        make_pipeline(Shortened(), TrialOutcomeClassifier(**WORDS)),
        {"trialoutcomeclassifier__parts": [{"words": 1.0}, {"characters": 1.0}]},
        scoring="roc_auc",
        cv=2,
    ).fit(trials, labels)
    assert search.best_score_ > 0.75
    assert roc_auc(labels, search.predict_proba(trials)[:, 1]) > 0.8


@pytest.mark.parametrize(
    ("X", "message"),
    [(np.zeros((4, 2)), r"X\[0\] is a ndarray"), ("abcd", "X is a str"), (iter("abcd"), "give a list of Trial")],
    ids=["array", "text", "iterator"],
)
def test_what_is_no_list_of_trials_is_refused(invented, X, message):
    model = TrialOutcomeClassifier(**WORDS)
    with pytest.raises(InputError, match=message):
        model.fit(X, [0, 1, 0, 1])
    model.fit(*invented(40))
    with pytest.raises(InputError, match=message):
        model.predict_proba(X)


@pytest.mark.parametrize(
    ("weights", "message"),
    [([1.0] * 3, r"shape \(3,\) for 40"), ([-1.0] + [1.0] * 39, "0 or more"), ([np.nan] * 40, "finite")],
    ids=["short", "negative", "not a number"],
)
def test_weights_are_checked(invented, weights, message):
    trials, labels = invented(40)
    with pytest.raises(InputError, match=message):
        TrialOutcomeClassifier(**WORDS).fit(trials, labels, weights)
