"""Models on the hub, over real HTTP with a server of this machine that plays the hub."""

import inspect

import pytest
from huggingface_hub import ModelCard, ModelHubMixin, constants, file_download
from huggingface_hub.repocard_data import model_index_to_eval_results

from cladmop import TrialOutcomeClassifier
from cladmop.errors import InputError, MissingArtefactError, NetworkError
from cladmop.estimator.card import TOP_TERMS, card_text
from estimator.hub_server import TOKEN, running_hub

NAME = "someone/outcomes"
CARD = {"title": "test model", "data": "invented", "terms": TOP_TERMS, "command": "pytest"}


@pytest.fixture(scope="module")
def model(tmp_path_factory, invented):
    return TrialOutcomeClassifier(parts={"words": 1.0}, folds=2, replicates=2).fit(*invented(40))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    with running_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.address)
        template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        # Older clients took the address when they were imported.
        monkeypatch.setattr(file_download, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.delenv("CLADMOP_OFFLINE", raising=False)
        yield hub


def test_what_is_uploaded_is_loaded_and_scores_the_same(hub, model, invented):
    address = model.push_to_hub(NAME, token=TOKEN, card=CARD, commit_message="First model")
    assert address == f"{hub.address}/{NAME}/commit/{hub.branches[NAME]['main']}"
    assert hub.messages == ["First model"]
    files = set(hub.found(NAME, "main")[1]) - {".gitattributes"}
    assert {"config.json", "README.md", "model.safetensors", "text-words/rival.json"} <= files
    loaded = TrialOutcomeClassifier.from_pretrained(NAME)
    trials, _ = invented(20, seed=3)
    assert (loaded.predict_proba(trials) == model.predict_proba(trials)).all()


def test_a_revision_is_a_branch_or_a_commit(hub, model, invented):
    model.push_to_hub(NAME, token=TOKEN)
    first = hub.branches[NAME]["main"]
    other = TrialOutcomeClassifier(parts={"words": 1.0}, folds=2, replicates=2, seed=1).fit(*invented(60))
    other.push_to_hub(NAME, token=TOKEN)
    trials, _ = invented(5, seed=3)
    for revision, wanted in ((first, model), ("main", other), (None, other)):
        loaded = TrialOutcomeClassifier.from_pretrained(NAME, revision=revision)
        assert (loaded.predict_proba(trials) == wanted.predict_proba(trials)).all()


def test_a_loaded_model_is_passed_on_byte_by_byte(hub, model, tmp_path):
    model.push_to_hub(NAME, token=TOKEN, card=CARD)
    loaded = TrialOutcomeClassifier.from_pretrained(NAME)
    loaded.push_to_hub("other/copy", token=TOKEN)
    assert hub.found("other/copy", "main")[1] == hub.found(NAME, "main")[1]
    loaded.save_pretrained(tmp_path / "copy")
    held = {path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert held == set(hub.found(NAME, "main")[1]) - {".gitattributes"}
    with pytest.raises(InputError, match="has a card"):
        loaded.save_pretrained(tmp_path / "again", CARD)


def test_nothing_but_the_files_of_a_model_is_fetched(hub, model):
    model.push_to_hub(NAME, token=TOKEN)
    hub.commit(NAME, "main", {"model.bin": b"weights", "modeling.py": b"print('run')"})
    assert TrialOutcomeClassifier.from_pretrained(NAME)._source.is_dir()
    assert not [
        path
        for path in TrialOutcomeClassifier.from_pretrained(NAME)._source.rglob("model*")
        if path.suffix != ".safetensors"
    ]


def test_offline_the_cache_answers_and_nothing_is_uploaded(hub, model, monkeypatch, invented):
    model.push_to_hub(NAME, token=TOKEN)
    TrialOutcomeClassifier.from_pretrained(NAME)
    hub.down = True
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    assert TrialOutcomeClassifier.from_pretrained(NAME).predict_proba(invented(1)[0]).shape == (1, 2)
    with pytest.raises(MissingArtefactError, match="CLADMOP_OFFLINE"):
        TrialOutcomeClassifier.from_pretrained("someone/else")
    with pytest.raises(InputError, match="CLADMOP_OFFLINE"):
        model.push_to_hub(NAME, token=TOKEN)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda model: model.from_pretrained("nobody/nothing"), MissingArtefactError, "nobody/nothing"),
        (lambda model: model.from_pretrained(NAME, revision="v9"), MissingArtefactError, "v9"),
        (lambda model: model.from_pretrained("default", revision="v1"), InputError, "only models of the hub"),
        (lambda model: model.from_pretrained("a--b/c"), InputError, "no name that the hub allows"),
        (lambda model: model.push_to_hub("just-a-name", token=TOKEN), InputError, "OWNER/NAME"),
        (lambda model: model.push_to_hub(NAME, token="hf_wrong"), NetworkError, "token"),
        (lambda model: model.push_to_hub(NAME, token=TOKEN, branch="v9"), MissingArtefactError, "v9"),
    ],
    ids=["unknown", "revision", "shipped", "name", "no owner", "token", "branch"],
)
def test_what_goes_wrong_is_named(hub, model, call, error, message):
    hub.commit(NAME, "main", {"config.json": b"{}"})
    with pytest.raises(error, match=message):
        call(model)


def test_a_hub_that_is_down_is_said(hub, model):
    hub.down = True
    with pytest.raises((NetworkError, MissingArtefactError), match="hub"):
        model.from_pretrained("someone/down")


def test_arguments_are_those_of_the_mixin():
    ours = inspect.signature(TrialOutcomeClassifier.push_to_hub).parameters
    theirs = inspect.signature(ModelHubMixin.push_to_hub).parameters
    assert set(ours) - set(theirs) == {"card"}
    ours = inspect.signature(TrialOutcomeClassifier.from_pretrained).parameters
    assert {"revision", "token"} <= set(ours) & set(inspect.signature(ModelHubMixin.from_pretrained).parameters)


def test_the_card_is_read_as_the_hub_reads_it(hub, model):
    model.push_to_hub(NAME, token=TOKEN, card=CARD)
    (sent,) = set(hub.cards)
    data = ModelCard(sent, ignore_metadata_errors=False).data
    assert (data.license, data.license_name) == ("other", "non-commercial-use")
    assert (data.library_name, data.pipeline_tag, data.model_name) == ("cladmop", "text-classification", "test model")
    assert "non-commercial" in data.tags
    assert data.base_model is None
    figures = {one.metric_type: one.metric_value for one in data.eval_results}
    assert {"roc_auc", "average_precision", "base_rate", "brier", "ece"} <= set(figures)
    assert figures["base_rate"] == pytest.approx(model.base_rates_["all"].rate, abs=1e-4)


def test_without_terms_no_licence_is_stated(model):
    from cladmop.estimator.card import out_of_fold_metrics

    data = ModelCard(card_text(model, out_of_fold_metrics(model), {})).data
    assert data.license is None
    assert "non-commercial" not in data.tags


def test_the_shipped_card_is_what_its_figures_give():
    from cladmop.storage import read_json

    shipped = TrialOutcomeClassifier.from_pretrained("default")
    folder = shipped._source
    written = (folder / "README.md").read_text(encoding="utf-8")
    assert written == card_text(shipped, read_json(folder / "metrics.json"), read_json(folder / "provenance.json"))
    data = ModelCard(written, ignore_metadata_errors=False).data
    assert data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert data.license == "other"
    _, results = model_index_to_eval_results(data.to_dict()["model-index"])
    assert {one.dataset_split for one in results} == {"out of fold"}
