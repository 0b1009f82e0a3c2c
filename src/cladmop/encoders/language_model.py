"""Open a frozen language model and its tokenizer from an embedded name, a local folder or the model hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cladmop import config
from cladmop.encoders import weights
from cladmop.encoders.quiet import quiet_transformers
from cladmop.errors import (
    CladmopError,
    CorruptArtefactError,
    InputError,
    MissingArtefactError,
    MissingDependencyError,
    NetworkError,
)

if TYPE_CHECKING:
    import torch

_TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model")
_SMALL_FILES = ("*.json", "*.txt", "*.model")
_WEIGHT_PATTERNS = ("*.safetensors", "pytorch_model*.bin")


@dataclass(frozen=True)
class LanguageModel:
    """A model without its head, in evaluation mode, with its tokenizer."""

    name: str
    weights_id: str
    """What identifies weights and tokenizer: the carrier's SHA-256, the folder's SHA-256 or the hub's commit."""
    model: Any
    tokenizer: Any


def open_language_model(
    name_or_folder: str | Path, revision: str | None, dtype: "torch.dtype", device: "torch.device"
) -> LanguageModel:
    """Open a model by embedded name, local folder or hub name, in this order.

    A hub name is resolved to a commit first, and everything is read from that commit. Weights come from
    safetensors files; older repositories that hold PyTorch archives are read with torch's weights-only loader,
    which runs no code.

    Raises
    ------
    InputError
        If the name is malformed, ``revision`` is given for something that has none, or the model is no causal or
        encoder language model.
    MissingArtefactError
        If the folder, its configuration, its weights or its tokenizer is not there, or we are offline.
    CorruptArtefactError
        If the files cannot be read as a model, or weights are missing from them.
    NetworkError
        If the hub does not answer.
    """
    name = str(name_or_folder)
    try:
        import transformers  # noqa: F401 (the extra is checked here, once)
    except ImportError as error:
        raise MissingDependencyError(
            f"text encoders need the extra `nn` ({error}); pip install 'cladmop[nn]'"
        ) from error
    if name in weights.MODELS:
        _refuse_revision(name, revision)
        return _open(name, weights.verify(name), weights.MODELS[name].weights_sha256, dtype, device)
    folder = Path(name).expanduser()
    if folder.is_dir():
        _refuse_revision(name, revision)
        _check_folder(folder)
        return _open(name, folder, weights.fingerprint_of(folder), dtype, device)
    if not _looks_like_hub_name(name):
        known = ", ".join(weights.MODELS)
        raise MissingArtefactError(
            f"no text encoder {name!r}: neither an embedded model ({known}), nor a folder, nor a hub name (OWNER/MODEL)"
        )
    snapshot = _snapshot(name, revision)
    _check_folder(snapshot)
    # A snapshot's folder is named after its commit.
    return _open(name, snapshot, snapshot.name, dtype, device)


def _refuse_revision(name: str, revision: str | None) -> None:
    if revision is not None:
        raise InputError(
            f"revision {revision!r}: only hub names have revisions, {name!r} is on this machine; leave it out"
        )


def _looks_like_hub_name(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(part and part.strip(".~") and part.isascii() and " " not in part for part in parts)


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise MissingArtefactError(
            f"{folder} is no model folder: it has no config.json; give a Hugging Face model folder"
        )
    if not any(any(folder.glob(pattern)) for pattern in _WEIGHT_PATTERNS):
        raise MissingArtefactError(f"{folder} has no weights (*.safetensors); copy them beside its config.json")
    if not any((folder / file).is_file() for file in _TOKENIZER_FILES):
        allowed = ", ".join(_TOKENIZER_FILES)
        raise MissingArtefactError(f"{folder} has no tokenizer (one of {allowed}); save the tokenizer into it")


def _snapshot(name: str, revision: str | None) -> Path:
    """Return the folder of a hub model at one commit, from the hub or, when offline, from the local hub cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def fetch(*patterns: str) -> Path:
        # The commit found first is the one all later files come from.
        return Path(
            snapshot_download(
                name, revision=commit or revision, allow_patterns=list(patterns), local_files_only=config.offline()
            )
        )

    commit = None
    try:
        with quiet_transformers():
            folder = fetch(*_SMALL_FILES, "*.safetensors")
            commit = folder.name
            return folder if any(folder.glob("*.safetensors")) else fetch(*_SMALL_FILES, "pytorch_model*.bin")
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise MissingArtefactError(
            f"the model hub has no model {name!r} at revision {revision or 'main'}; check the spelling of OWNER/MODEL"
        ) from error
    except LocalEntryNotFoundError as error:
        reason = "CLADMOP_OFFLINE forbids fetching it" if config.offline() else "the model hub does not answer"
        raise MissingArtefactError(
            f"{name} is not on this machine and {reason}; go online, or give a folder"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise NetworkError(
            f"the model hub does not give {name!r} ({_first_line(error)}); check the connection, or give a folder"
        ) from error


def _open(name: str, folder: Path, weights_id: str, dtype: "torch.dtype", device: "torch.device") -> LanguageModel:
    from transformers import AutoModel, AutoTokenizer

    with quiet_transformers():
        # Loaders raise whatever a broken file makes them raise.
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except Exception as error:
            raise _unreadable("tokenizer", name, error) from error
        try:
            model, loading = AutoModel.from_pretrained(
                folder, dtype=dtype, output_loading_info=True, local_files_only=True
            )
        except Exception as error:
            raise _unreadable("model", name, error) from error
    _check_model(name, model, loading)
    model.config.use_cache = False
    model.eval().requires_grad_(False)  # noqa: FBT003 (torch's own signature)
    return LanguageModel(name, weights_id, model.to(device), tokenizer)


def _unreadable(part: str, name: str, error: Exception) -> CladmopError:
    return CorruptArtefactError(
        f"the {part} of {name} cannot be read ({_first_line(error)}); get its files again, or use another encoder"
    )


def _check_model(name: str, model: Any, loading: dict[str, Any]) -> None:  # noqa: ANN401 (any PreTrainedModel)
    if getattr(model.config, "is_encoder_decoder", False):
        raise InputError(f"{name} is an encoder-decoder model; use a causal or an encoder language model")
    # The pooler sits above the hidden states that are read, and many encoders are published without it.
    missing = sorted(key for key in loading["missing_keys"] if "pooler" not in key)
    if missing:
        raise CorruptArtefactError(
            f"the weights of {name} lack {len(missing)} tensors ({missing[0]}, ...), which would be random; "
            "get its files again"
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
