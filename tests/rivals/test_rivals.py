"""Every rival fits, refuses what it must, and comes back from disk with identical scores."""

import json

import numpy as np
import pytest

from cladmop.errors import CladmopError, CorruptArtefactError, InputError, MissingArtefactError
from cladmop.evaluation.metrics import roc_auc
from cladmop.records import Trial
from cladmop.rivals import RIVALS, BaseRate, CriteriaLength, TextModel, load_rival, save_rival
from cladmop.rivals.tfidf import TextSettings

WORDS = ("healthy", "volunteers", "metastatic", "carcinoma", "age", "renal", "hepatic", "pregnant")


@pytest.fixture(scope="module")
def labelled():
    """200 trials: healthy volunteers succeed more often than metastatic disease, and long criteria fail."""
    generator = np.random.default_rng(0)
    trials, labels = [], []
    for _ in range(200):
        label = int(generator.random() < 0.5)
        cue = WORDS[0] if generator.random() < 0.3 + 0.4 * label else WORDS[2]
        items = [" ".join(generator.choice(WORDS[4:], 4)) for _ in range(generator.integers(2, 9 - 3 * label))]
        trials.append(Trial(inclusion=(f"{cue} {WORDS[1]}", *items), exclusion=("pregnant",)))
        labels.append(label)
    return trials, np.array(labels)


def rivals():
    return [
        TextModel(TextSettings.words()),
        TextModel(TextSettings.characters(max_features=300, precision="float16")),
        CriteriaLength(),
        BaseRate(),
    ]


@pytest.mark.parametrize("rival", rivals(), ids=["words", "characters", "length", "base-rate"])
def test_fit_score_and_round_trip(rival, labelled, tmp_path):
    trials, labels = labelled
    scores = rival.fit(trials[:150], labels[:150]).predict_proba(trials)
    assert scores.shape == (200,)
    assert scores.dtype == np.float64
    assert ((scores > 0) & (scores < 1)).all()
    assert roc_auc(labels[150:], scores[150:]) >= (0.5 if rival.kind == "base-rate" else 0.6)

    save_rival(rival, tmp_path / "a")
    save_rival(rival, tmp_path / "b")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    back = load_rival(tmp_path / "a")
    assert type(back) is type(rival)
    np.testing.assert_array_equal(back.predict_proba(trials), scores)
    assert len(back.predict_proba([])) == 0


@pytest.mark.parametrize("kind", RIVALS)
def test_unfitted_and_unfittable(kind, labelled, tmp_path):
    rival = RIVALS[kind]()
    trials, labels = labelled
    for call in (lambda: rival.predict_proba(trials), lambda: save_rival(rival, tmp_path / "x")):
        with pytest.raises(CladmopError, match=f"'{kind}' is not fitted"):
            call()
    assert not (tmp_path / "x").exists()
    with pytest.raises(InputError, match="one class"):
        rival.fit(trials[:2], [1, 1])
    with pytest.raises(InputError, match="200 trials but labels of shape"):
        rival.fit(trials, labels[:3])
    with pytest.raises(InputError, match="must be 0"):
        rival.fit(trials[:2], [0, 2])


def test_text_model_needs_text():
    with pytest.raises(InputError, match="no text feature"):
        TextModel().fit([Trial(), Trial()], [0, 1])


def test_a_trial_without_criteria_scores_by_the_intercept(labelled):
    model = TextModel().fit(*labelled)
    assert model.predict_proba([Trial()])[0] == pytest.approx(1 / (1 + np.exp(-model.intercept)))


def test_contributions_add_up_to_the_log_odds(labelled):
    trials, labels = labelled
    model = TextModel().fit(trials, labels)
    scores = model.predict_proba(trials)
    logits = np.asarray(model.contributions(trials).sum(axis=1)).ravel() + model.intercept
    np.testing.assert_allclose(logits, np.log(scores / (1 - scores)))
    healthy = model.vocabulary.index("healthy")
    assert model.coefficients[healthy] > 0 > model.coefficients[model.vocabulary.index("metastatic")]


def test_text_model_equals_the_sklearn_pipeline(labelled):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    trials, labels = labelled
    texts = [trial.criteria_text() for trial in trials]
    reference = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(max_iter=1000)
    )
    expected = reference.fit(texts, labels).predict_proba(texts)[:, 1]
    np.testing.assert_allclose(TextModel().fit(trials, labels).predict_proba(trials), expected, atol=1e-6)


def test_outcomes_and_names_are_not_read(labelled):
    trials, labels = labelled
    renamed = [trial.model_copy(update={"title": "completed", "nct_id": "NCT00000001"}) for trial in trials]
    model = TextModel().fit(trials, labels)
    np.testing.assert_array_equal(model.predict_proba(renamed), model.predict_proba(trials))


def test_length_falls_with_length(labelled):
    model = CriteriaLength().fit(*labelled)
    short, long = model.predict_proba([Trial(inclusion=("adult",)), Trial(inclusion=("adult " * 500,))])
    assert short > long


@pytest.fixture
def stored(labelled, tmp_path):
    save_rival(TextModel().fit(*labelled), tmp_path / "rival")
    return tmp_path / "rival"


def test_missing_files(stored):
    (stored / "rival.safetensors").unlink()
    with pytest.raises(MissingArtefactError, match=r"rival\.safetensors"):
        load_rival(stored)
    with pytest.raises(MissingArtefactError, match="no file"):
        load_rival(stored / "nowhere")


def test_changed_arrays(stored):
    path = stored / "rival.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"\1\1\1\1")
    with pytest.raises(CorruptArtefactError, match="is not the file"):
        load_rival(stored)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "oracle"}, "describes no rival"),
        ({"settings": {}}, "settings"),
        (
            {"settings": {"analyzer": "word", "ngrams": [1, 1], "min_df": 1, "intercept": 0, "vocabulary": ["a"]}},
            "shape",
        ),
        ({"settings": {"analyzer": "word", "ngrams": [1, 1], "min_df": 1, "intercept": 0, "vocabulary": []}}, "empty"),
    ],
)
def test_changed_settings(stored, change, message):
    path = stored / "rival.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(CorruptArtefactError, match=message):
        load_rival(stored)


@pytest.mark.parametrize("kind", ["base-rate", "criteria-length"])
def test_changed_numbers(kind, labelled, tmp_path):
    save_rival(RIVALS[kind]().fit(*labelled), tmp_path / "r")
    path = tmp_path / "r" / "rival.json"
    content = json.loads(path.read_text())
    content["settings"] = dict.fromkeys(content["settings"], "much")
    path.write_text(json.dumps(content))
    with pytest.raises(CorruptArtefactError, match="much"):
        load_rival(tmp_path / "r")
