"""Folders to and from an object store: corpora and hidden states, the file that says they are whole written last."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from cladmop.config import home
from cladmop.corpus.tables import DROPPED, MANIFEST
from cladmop.errors import InputError, MissingArtefactError
from cladmop.progress import progress_bar
from cladmop.storage import Place, below, exists, is_remote, list_files, read_bytes, remove, write_bytes


@dataclass(frozen=True)
class Copied:
    """What a copy did."""

    files: int
    """Files written."""
    bytes: int
    """Their bytes."""
    present: int
    """Shards that were there already: their name tells their content."""


def copy_folder(source: Place, target: Place) -> Copied:
    """Copy all files below a place to another; either may be a folder or a URL.

    Shards of hidden states that are there are left as they are, so that a cut copy goes on. The manifest of a corpus
    and the notes of states come last: whoever finds them finds the rest.

    Raises
    ------
    MissingArtefactError
        If there is no file at the source.
    InputError
        If the target holds another corpus.
    StorageError
        If a place cannot be read or written.
    """
    sizes = {name: size for name, size in list_files(source).items() if not _is_hidden(name)}
    if not sizes:
        raise MissingArtefactError(f"{source} holds no files; check the place")
    held = list_files(target)
    _refuse_other_corpus(source, target, held)
    present = [name for name, size in sizes.items() if name.endswith(".safetensors") and held.get(name) == size]
    wanted = sorted(sizes.keys() - set(present), key=lambda name: (name.endswith(".json"), name))
    with progress_bar("copying", sum(sizes[name] for name in wanted), "bytes") as bar:
        for name in wanted:
            write_bytes(below(target, name), read_bytes(below(source, name)))
            bar.advance(sizes[name])
    return Copied(len(wanted), sum(sizes[name] for name in wanted), len(present))


@contextmanager
def working_folder(place: Place) -> Iterator[Path]:
    """Yield a local folder to build a corpus in: the place itself, or for a URL one that is copied there on success.

    So ``build(sources, folder, ...)`` writes a corpus to ``s3://bucket/corpus``. The folder of a URL is in cladmop's
    home until all is there, so that a killed build or copy goes on. A corpus that the URL holds is left as it is when
    it is the one asked for, and replaced otherwise, as in a folder.

    Raises
    ------
    StorageError
        If the URL cannot be reached or written.
    """
    if not is_remote(place):
        yield Path(place)
        return
    folder = home() / "building" / hashlib.sha256(str(place).encode()).hexdigest()[:16]
    held = read_bytes(below(place, MANIFEST)) if exists(below(place, MANIFEST)) else None
    if not (folder / DROPPED).is_file():
        # Nothing is built here yet: what is there, if anything, is known by its manifest.
        remove(folder / MANIFEST)
        if held is not None:
            write_bytes(folder / MANIFEST, held)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    if (folder / DROPPED).is_file():
        if held is not None and held != read_bytes(folder / MANIFEST):
            remove(below(place, MANIFEST))
        copy_folder(folder, place)
    rmtree(folder)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _refuse_other_corpus(source: Place, target: Place, held: dict[str, int]) -> None:
    if MANIFEST in held and read_bytes(below(target, MANIFEST)) != read_bytes(below(source, MANIFEST)):
        raise InputError(f"{target} holds another corpus; choose another place, or remove it first")
