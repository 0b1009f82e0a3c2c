"""What is written by hand here: a few structures, further names of drugs, and what regimens and brands combine."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files

from cladmop.drugs.source import Finding, Rank

DATE = "2026-11-25"
"""When the structures were last looked through."""


class Curated:
    """Structures written by hand, as a source.

    Parameters
    ----------
    smiles
        SMILES by canonical name, lower case.
    """

    name = "curated"
    rank = Rank.CURATED
    exact = False

    def __init__(self, smiles: Mapping[str, str]) -> None:
        self._smiles = dict(smiles)

    @property
    def version(self) -> str:
        """SHA-256 of its names and structures."""
        return hashlib.sha256(json.dumps(self._smiles, sort_keys=True).encode()).hexdigest()

    def find(self, name: str) -> Finding | None:
        """Return what is known of a name (see `StructureSource`)."""
        smiles = self._smiles.get(name)
        return None if smiles is None else Finding(name, smiles, date=DATE)


def structures() -> dict[str, str]:
    """Return SMILES by canonical name."""
    return _read("structures.json")


def synonyms() -> dict[str, str]:
    """Return canonical names by development code, brand or other name."""
    return _read("synonyms.json")


def combinations() -> dict[str, list[str]]:
    """Return the drugs that a regimen (``folfox``) or a brand of several drugs (``truvada``) holds, by its name."""
    combined: dict[str, list[str]] = json.loads(_text("combinations.json"))
    return combined


def _read(file: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(_text(file))
    return found


def _text(file: str) -> str:
    return (files("cladmop.drugs") / file).read_text(encoding="utf-8")
