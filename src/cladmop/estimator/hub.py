"""Model folders on the Hugging Face hub: found, fetched and uploaded by its own client."""

import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cladmop import config
from cladmop.errors import InputError, MissingArtefactError, MissingDependencyError, NetworkError

FILES = ("*.json", "*.safetensors", "README.md")
"""What a model folder holds, and all that is fetched or uploaded: nothing that could run."""
_ALLOWED = frozenset(string.ascii_letters + string.digits + "-_.")


@dataclass(frozen=True)
class Upload:
    """Where a model folder goes and how; the arguments of ``TrialOutcomeClassifier.push_to_hub``."""

    repo_id: str
    commit_message: str
    private: bool | None
    token: str | None
    branch: str | None
    create_pr: bool | None


def locate(name: str | Path, *, revision: str | None = None, token: str | bool | None = None) -> str | Path:
    """Return the folder of a model: ``name`` itself, unless it is a name on the hub and no folder here.

    Raises
    ------
    InputError
        If ``revision`` is given for a folder.
    MissingArtefactError
        If the hub, or offline its cache, has no such model.
    NetworkError
        If the hub does not answer.
    MissingDependencyError
        If ``huggingface-hub`` is not installed.
    """
    if isinstance(name, str) and _looks_like_a_repository(name) and not Path(name).is_dir():
        return _fetched(name, revision=revision, token=token)
    if revision is not None:
        raise InputError(f"revision {revision!r}: only models of the hub have revisions, not {name}; leave it out")
    return name


def push(folder: Path, upload: Upload) -> str:
    """Upload a model folder in one commit, and return the commit's address.

    Raises
    ------
    InputError
        If the repository's name is malformed, or ``CLADMOP_OFFLINE`` is set.
    MissingArtefactError
        If there is no such branch.
    NetworkError
        If the hub does not answer, or refuses.
    MissingDependencyError
        If ``huggingface-hub`` is not installed.
    """
    if not _looks_like_a_repository(upload.repo_id):
        raise InputError(f"{upload.repo_id!r} is no repository of the hub; give OWNER/NAME")
    if config.offline():
        raise InputError("CLADMOP_OFFLINE forbids an upload; unset it, or upload the folder by hand")
    hub = _client()
    with _naming(upload.repo_id, upload.branch):
        api = hub.HfApi(token=upload.token)
        repository = api.create_repo(upload.repo_id, private=upload.private, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository.repo_id,
            folder_path=folder,
            commit_message=upload.commit_message,
            revision=upload.branch,
            create_pr=upload.create_pr,
            allow_patterns=list(FILES),
        )
    return str(done.commit_url)


def _fetched(name: str, *, revision: str | None, token: str | bool | None) -> Path:
    hub = _client()
    with _naming(name, revision):
        folder = hub.snapshot_download(
            name, revision=revision, token=token, allow_patterns=list(FILES), local_files_only=config.offline()
        )
    return Path(folder)


def _looks_like_a_repository(name: str) -> bool:
    owner, slash, rest = name.partition("/")
    return bool(slash) and all(part.strip(".~") and set(part) <= _ALLOWED for part in (owner, rest))


def _client() -> Any:  # noqa: ANN401 (a module)
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingDependencyError(
            "models of the hub need huggingface-hub; install it with: pip install 'cladmop[nn]'"
        ) from error
    return huggingface_hub


@contextmanager
def _naming(name: str, revision: str | None) -> Iterator[None]:
    """Let what the hub's client raises name the model and the remedy."""
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except HFValidationError as error:
        raise InputError(f"{name!r} is no name that the hub allows ({_first_line(error)}); give OWNER/NAME") from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise MissingArtefactError(
            f"no model folder {name}, and the hub has no {name!r} at revision {revision or 'main'} that you may see; "
            "check the spelling, or log in with a token"
        ) from error
    except LocalEntryNotFoundError as error:
        reason = "CLADMOP_OFFLINE forbids asking the hub" if config.offline() else "the hub does not answer"
        raise MissingArtefactError(
            f"no model folder {name}, none in the hub's cache, and {reason}; check the path, or go online"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise NetworkError(
            f"the hub refuses or does not answer for {name!r} ({_first_line(error)}); check connection and token"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
