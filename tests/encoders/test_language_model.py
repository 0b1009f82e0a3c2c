"""What is wrong with a model folder is said in one clear line."""

import json
import logging
import shutil

import pytest

from cladmop.encoders.text import load_text_encoder
from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError


@pytest.fixture
def folder(tiny_models, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(tiny_models["bert"], copy)
    return copy


def load(folder):
    return load_text_encoder(folder, dtype="float32", device="cpu")


def one_line(error):
    assert "\n" not in str(error.value)


def test_a_name_that_is_nothing_lists_what_is_allowed():
    with pytest.raises(MissingArtefactError, match=r"minilm, smollm2.*OWNER/MODEL") as error:
        load_text_encoder("no-such-model")
    one_line(error)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MissingArtefactError, match="nowhere"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (["config.json"], "no config.json"),
        (["model.safetensors"], "no weights"),
        (["vocab.txt", "tokenizer.json"], "no tokenizer"),
    ],
)
def test_a_folder_that_lacks_a_part_says_which(folder, files, complaint):
    for file in files:
        (folder / file).unlink(missing_ok=True)
    with pytest.raises(MissingArtefactError, match=complaint) as error:
        load(folder)
    one_line(error)


def test_truncated_weights_are_refused(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CorruptArtefactError, match="cannot be read") as error:
        load(folder)
    one_line(error)


def test_weights_that_lack_tensors_are_refused_rather_than_made_up(folder):
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    gone = next(name for name in tensors if "layer.3" in name)
    del tensors[gone]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CorruptArtefactError, match="lack 1 tensors"):
        load(folder)


def test_weights_that_are_not_finite_are_refused(folder):
    import numpy as np
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in tensors if "layer.3" in name and "weight" in name)
    tensors[name] = np.full_like(tensors[name], np.nan)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CorruptArtefactError, match="not finite"):
        load(folder).encode(["patients"], pool=True)


def test_broken_configuration_is_refused(folder):
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(CorruptArtefactError, match="cannot be read"):
        load(folder)


def test_a_model_that_is_no_language_model_is_refused(folder):
    (folder / "config.json").write_text(json.dumps({"model_type": "abacus"}), encoding="utf-8")
    with pytest.raises(CorruptArtefactError, match="cannot be read"):
        load(folder)


def test_an_encoder_decoder_is_refused(folder):
    from transformers import T5Config, T5Model

    T5Model(T5Config(vocab_size=20, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)).save_pretrained(folder)
    with pytest.raises(InputError, match="encoder-decoder"):
        load(folder)


def test_a_revision_is_for_hub_names_only(folder):
    with pytest.raises(InputError, match="only hub names have revisions"):
        load_text_encoder(folder, revision="main")


def test_offline_a_hub_name_that_is_not_here_is_one_error(monkeypatch, tmp_path):
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    with pytest.raises(MissingArtefactError, match="CLADMOP_OFFLINE") as error:
        load_text_encoder("nobody-cladmop/nothing")
    one_line(error)


def test_loading_is_silent(tiny_models, capfd, caplog):
    with caplog.at_level(logging.DEBUG):
        load(tiny_models["llama"])
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_a_hub_name_is_pinned_to_the_commit_it_resolved_to(tiny_models, tmp_path, monkeypatch):
    import huggingface_hub

    commits = {"main": tmp_path / ("a" * 40), "v2": tmp_path / ("b" * 40)}
    for folder in commits.values():
        shutil.copytree(tiny_models["bert"], folder)

    def snapshot_download(repository, revision, **options):
        assert repository == "nobody/tiny"
        return str(commits[revision or "main"])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    first = load_text_encoder("nobody/tiny", dtype="float32", device="cpu")
    second = load_text_encoder("nobody/tiny", revision="v2", dtype="float32", device="cpu")
    assert first.name == "nobody/tiny"
    assert first.fingerprint != second.fingerprint
    assert first.encode(["age"], pool=True)[0].tolist() == second.encode(["age"], pool=True)[0].tolist()


@pytest.mark.parametrize("name", ["a/b/c", "./model", "/abs/model", "white space/model", "plain"])
def test_what_is_no_hub_name_is_never_asked_of_the_hub(name, monkeypatch):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("asked the hub"))
    with pytest.raises(MissingArtefactError, match="neither an embedded model"):
        load_text_encoder(name)
