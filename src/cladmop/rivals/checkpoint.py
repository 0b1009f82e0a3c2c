"""Rivals on disk: ``rival.json`` with the settings and ``rival.safetensors`` with the arrays."""

import json
from collections.abc import Mapping
from pathlib import Path

from cladmop.errors import CorruptArtefactError, MissingArtefactError
from cladmop.rivals.base import RivalState, StoredRival
from cladmop.rivals.base_rate import BaseRate
from cladmop.rivals.length import CriteriaLength
from cladmop.rivals.tfidf import TextModel
from cladmop.storage import atomic_folder, read_json, sha256_of

RIVALS: Mapping[str, type[StoredRival]] = {rival.kind: rival for rival in (TextModel, CriteriaLength, BaseRate)}
"""Classes of rivals by kind."""

_SETTINGS, _TENSORS = "rival.json", "rival.safetensors"


def save_rival(rival: StoredRival, folder: Path) -> None:
    """Write a fitted rival into a folder of its own, atomically; equal rivals give equal bytes.

    Raises
    ------
    CladmopError
        If the rival is not fitted.
    StorageError
        If the folder cannot be written.
    """
    from safetensors.numpy import save_file

    state = rival.state()
    with atomic_folder(folder) as part:
        content = {"kind": rival.kind, "settings": dict(state.settings)}
        if state.tensors:
            save_file(dict(state.tensors), part / _TENSORS)
            content["sha256"] = sha256_of(part / _TENSORS)
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        (part / _SETTINGS).write_text(text + "\n", encoding="utf-8")


def load_rival(folder: Path) -> StoredRival:
    """Read a rival that `save_rival` wrote; it gives identical scores.

    Raises
    ------
    MissingArtefactError
        If the folder or one of its files does not exist.
    CorruptArtefactError
        If a file does not have the bytes, keys or shapes it must have.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    content = read_json(folder / _SETTINGS)
    if not isinstance(content, dict) or content.get("kind") not in RIVALS or "settings" not in content:
        raise CorruptArtefactError(f"{folder / _SETTINGS} describes no rival of {', '.join(RIVALS)}; fit it again")
    tensors = {}
    if "sha256" in content:
        path = folder / _TENSORS
        if not path.is_file():
            raise MissingArtefactError(f"no file {path}; copy the whole folder, or fit the rival again")
        if sha256_of(path) != content["sha256"]:
            raise CorruptArtefactError(f"{path} is not the file that {_SETTINGS} was written with; fit the rival again")
        try:
            tensors = load_file(path)
        except SafetensorError as error:
            raise CorruptArtefactError(f"{path} is no safetensors file ({error}); fit the rival again") from error
    return RIVALS[content["kind"]].from_state(RivalState(content["settings"], tensors))
