import json
import shutil

import numpy as np
import pytest

from cladmop import TrialOutcomeClassifier
from cladmop.errors import CorruptArtefactError, MissingArtefactError


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "folder"
    fitted.save_pretrained(folder, {"title": "test model", "data": "invented", "terms": "none", "command": "pytest"})
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def test_loaded_model_scores_the_same(fitted, saved, invented):
    trials, _ = invented(30, seed=6)
    loaded = TrialOutcomeClassifier.from_pretrained(saved)
    loaded._trial_encoder = fitted.trial_encoder()
    assert (loaded.predict_proba(trials) == fitted.predict_proba(trials)).all()
    assert loaded.base_rates_ == fitted.base_rates_
    assert (loaded.predict(trials) == fitted.predict(trials)).all()


def test_saving_twice_gives_the_same_bytes(fitted, saved, tmp_path):
    card = json.loads((saved / "provenance.json").read_text())
    fitted.save_pretrained(tmp_path / "again", {key: card[key] for key in ("title", "data", "terms", "command")})
    names = sorted(path.relative_to(saved) for path in saved.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*.*"))
    for name in names:
        assert (saved / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_card_holds_the_metrics_and_the_terms(saved, fitted):
    card = (saved / "README.md").read_text()
    metrics = json.loads((saved / "metrics.json").read_text())
    assert f"{metrics['all']['blend']['roc_auc']['value']:.3f}".lstrip("0") in card
    assert set(metrics["all"]) == {"blend", "cross-calibrated", "uncalibrated", *fitted.blend_.weights}
    assert "ECE before calibration" in card
    assert fitted.coverage_[1].text() in card
    assert set(metrics) == {"all", "I", "II"}
    assert "invented" in card
    assert "Limits" in card


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(MissingArtefactError, match="nowhere"):
        TrialOutcomeClassifier.from_pretrained(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "text-words/rival.json"])
def test_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(MissingArtefactError, match=name.rpartition("/")[2]):
        TrialOutcomeClassifier.from_pretrained(copy)


def test_changed_weights_are_refused(copy):
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-3] ^= 1
    weights.write_bytes(content)
    with pytest.raises(CorruptArtefactError, match=r"model\.safetensors"):
        TrialOutcomeClassifier.from_pretrained(copy)


@pytest.mark.parametrize(
    "change", [{"format": 99}, {"blend": {}}, {"base_rates": {"I": {"rate": 1}}}, {"networks": "x"}]
)
def test_malformed_config_is_refused(copy, change):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(CorruptArtefactError, match=r"config\.json"):
        TrialOutcomeClassifier.from_pretrained(copy)


def test_failed_save_leaves_the_former_model(fitted, copy, monkeypatch):
    before = (copy / "README.md").read_bytes()
    monkeypatch.setattr("cladmop.estimator.folder.card_text", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
    with pytest.raises(OSError, match="No space"):
        fitted.save_pretrained(copy)
    assert (copy / "README.md").read_bytes() == before
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_numbers_are_plain(saved):
    config = json.loads((saved / "config.json").read_text())
    assert np.isclose(sum(config["blend"]["weights"].values()), 1)


def test_model_without_refits_survives_storage_and_gives_no_interval(classifier, invented, tmp_path):
    trials, labels = invented(40)
    model = classifier(replicates=0, parts={"words": 1.0}).fit(trials, labels)
    model.save_pretrained(tmp_path / "model")
    loaded = TrialOutcomeClassifier.from_pretrained(tmp_path / "model")
    loaded._trial_encoder = model.trial_encoder()
    (prediction,) = loaded.predict_trials(trials[:1])
    assert prediction.interval is None
    assert prediction.domain is None
    assert prediction.probability == pytest.approx(model.predict_proba(trials[:1])[0, 1])
    assert [one.level for one in prediction.sets] == [0.8, 0.9]


def test_loaded_model_gives_the_same_intervals_sets_and_places(fitted, saved, invented):
    trials, _ = invented(10, seed=12)
    loaded = TrialOutcomeClassifier.from_pretrained(saved)
    loaded._trial_encoder = fitted.trial_encoder()
    assert loaded.coverage_ == fitted.coverage_
    for ours, theirs in zip(loaded.predict_trials(trials), fitted.predict_trials(trials), strict=True):
        assert (ours.interval, ours.sets, ours.domain) == (theirs.interval, theirs.sets, theirs.domain)
        assert ours.interval.low < ours.probability < ours.interval.high
