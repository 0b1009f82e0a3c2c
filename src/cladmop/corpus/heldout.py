"""Trials that no corpus may hold: TOP's validation and test splits, by number and by near-identical criteria.

The package holds digests of the numbers in the splits it has seen, and no number and no row: a corpus built without
TOP at hand leaves those trials out as well. The test splits of phases II and III are not among them; their trials
started in 2014 or later, so that the default cut-off keeps them out.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cladmop.errors import InputError, MissingDependencyError
from cladmop.sources.tables import read_table
from cladmop.sources.top import PHASES, SPLITS, split_path

if TYPE_CHECKING:
    from collections.abc import Sequence

HELD_OUT_SPLITS = ("valid", "test")
SIMILAR = 0.8
"""Share of word five-grams in common (Jaccard) from which two criteria are near-duplicates."""
_SHINGLE = 5
_PERMUTATIONS = 128
_BANDS = 32
"""Bands of four rows: pairs at a Jaccard similarity of .8 are found with probability above 1 - 10^-7."""
_WORD = re.compile(r"[a-z0-9]+")


def digest_of(nct_id: str) -> str:
    """Return the digest by which a held-out number is known here: 16 hexadecimal digits."""
    return hashlib.sha256(f"cladmop held out {nct_id}".encode()).hexdigest()[:16]


@cache
def shipped_digests() -> frozenset[str]:
    """Return the digests that ship with the package."""
    text = (files("cladmop.corpus") / "held_out.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def held_out_rows(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield number and criteria of every trial in the validation and test splits in a folder; no label is read.

    Raises
    ------
    InputError
        If the folder holds none of TOP's files, or one cannot be read.
    """
    paths = [split_path(folder, phase, split) for phase in PHASES for split in SPLITS if split in HELD_OUT_SPLITS]
    present = [path for path in paths if path.is_file()]
    if not present:
        raise InputError(f"{folder}: none of TOP's files ({paths[0].name} and others) is there; check --top")
    for path in present:
        for row in read_table(path, ("nctid", "criteria")):
            yield row["nctid"].strip(), row["criteria"]


class HeldOut:
    """Knows the held-out trials by number and by criteria.

    Parameters
    ----------
    rows
        Numbers and criteria of held-out trials, beside the digests that ship.
    """

    def __init__(self, rows: Iterable[tuple[str, str]] = ()) -> None:
        self._digests = set(shipped_digests())
        shingled = []
        for nct_id, criteria in rows:
            self._digests.add(digest_of(nct_id))
            shingled.append(shingles(criteria))
        self._shingles = [one for one in dict.fromkeys(shingled) if one]
        self._index = _index(self._shingles)

    @property
    def numbers(self) -> int:
        """How many trials are known by number."""
        return len(self._digests)

    @property
    def texts(self) -> int:
        """How many different criteria are known."""
        return len(self._shingles)

    def has(self, nct_id: str) -> bool:
        """Tell whether a trial of this number is held out."""
        return digest_of(nct_id) in self._digests

    def resembles(self, criteria: str) -> float:
        """Return how near the nearest held-out criteria are: their Jaccard similarity if `SIMILAR` or more, else 0."""
        own = shingles(criteria)
        if not own or not self._shingles:
            return 0.0
        (sketch,) = _sketches([own])
        nearest = max((jaccard(own, self._shingles[key]) for key in self._index.query(sketch)), default=0.0)
        return nearest if nearest >= SIMILAR else 0.0


def shingles(criteria: str) -> frozenset[str]:
    """Return the word five-grams of a text, lower case; a text of fewer words is one whole."""
    words = _WORD.findall(criteria.lower())
    if not words:
        return frozenset()
    count = max(1, len(words) - _SHINGLE + 1)
    return frozenset(" ".join(words[start : start + _SHINGLE]) for start in range(count))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of two sets' elements that are in both, 1 for two empty ones."""
    union = len(one | other)
    return len(one & other) / union if union else 1.0


def _rensa() -> Any:  # noqa: ANN401 (the module has no type information)
    try:
        import rensa
    except ImportError as error:
        raise MissingDependencyError(
            "near-duplicates need rensa; install it with: pip install 'cladmop[corpus]'"
        ) from error
    return rensa


def _sketches(sets: "Sequence[frozenset[str]]") -> list[Any]:
    sketches: list[Any] = _rensa().RMinHash.from_token_sets([sorted(one) for one in sets], _PERMUTATIONS, 0)
    return sketches


def _index(sets: "Sequence[frozenset[str]]") -> Any:  # noqa: ANN401 (as `_rensa`)
    index = _rensa().RMinHashLSH(SIMILAR, _PERMUTATIONS, _BANDS)
    if sets:
        index.insert_many(_sketches(sets))
    return index
