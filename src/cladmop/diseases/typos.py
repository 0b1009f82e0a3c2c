"""Misspelled words of condition names, and the words that can be meant.

A word that any known wording uses is never touched, so that ``hypotension`` stays what it is. Only long words
are read as others that are one letter away (``Alzhiemer``, ``Melitus``); what tells diseases apart by a few characters
(``B``, ``2``, ``hypo-``, ``-itis``) has to agree exactly.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, product
from typing import NamedTuple

_SHORTEST = 6
"""Letters of the shortest word that is read as another; shorter ones lie too close to each other."""
_ALIKE = ("aeiouy", "cksztx", "mn", "td", "bp", "fvw", "gj", "lr")
"""Letters written for each other; one of another group makes another word (``seminoma``, ``semicoma``)."""
_READINGS = 16
"""Readings of one name at most."""
_DERIVED = (
    "al", "ial", "eal", "ar", "ary", "ic", "ical", "atic", "ous", "oid", "ian", "ive", "ed", "ing", "ism", "ist", "ity",
    "ment", "ness", "less", "like", "ate", "ation", "able", "gen", "genic", "pathy", "itis", "osis", "oma", "emia",
)  # fmt: skip
"""What makes another word of a known one (``ureter``, ``ureteral``): that is no misspelling."""
_BEGINNINGS = (
    "adeno", "ana", "ante", "anti", "auto", "brady", "endo", "exo", "extra", "hemo", "hepato", "hetero", "homo",
    "hyper", "hypo", "infra", "inter", "intra", "iso", "macro", "micro", "mono", "multi", "myco", "myelo", "myo",
    "nephro", "neuro", "non", "oligo", "osteo", "para", "peri", "poly", "post", "pre", "pro", "pseudo", "retro", "sub",
    "supra", "tachy", "trans", "uni",
)  # fmt: skip
"""Beginnings that tell diseases apart: a word keeps the one it has, and gets none."""
_ENDINGS = (
    "itis", "osis", "iasis", "lysis", "oma", "emia", "penia", "philia", "uria", "algia", "plegia", "paresis", "trophy",
    "pathy", "plasia", "ectomy", "ostomy", "otomy", "ectasis", "rrhea", "rrhagia", "sclerosis",
)  # fmt: skip
"""Endings that tell diseases apart: a word keeps the one it has."""


class Reading(NamedTuple):
    """The words of a name, as they can be meant."""

    words: tuple[str, ...]
    score: float
    """Share of letters that agree in the worst of the words, below 1."""


class Spelling:
    """Reads misspelled words as known ones.

    Parameters
    ----------
    known
        Every word that a known wording uses, in lower case.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._by_first: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._known):
            if len(word) >= _SHORTEST - 1:
                self._by_first[word[0]].append(word)
        self._meant = lru_cache(maxsize=16_384)(self._find)

    def readings(self, words: Sequence[str]) -> Iterator[Reading]:
        """Yield the ways in which words can be meant other than as they stand; none where all are known."""
        choices = [[word] if word in self._known else self._meant(word) for word in words]
        for chosen in islice(product(*choices), _READINGS):
            changed = [max(len(word), len(meant)) for word, meant in zip(words, chosen, strict=True) if word != meant]
            if changed:
                yield Reading(chosen, 1 - 1 / min(changed))

    def _find(self, word: str) -> list[str]:
        """Return the known words that a word can mean; itself where there is none."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        if len(word) < _SHORTEST or not word.isalpha() or self._derived(word):
            return [word]
        near = process.extract(word, self._by_first[word[0]], scorer=OSA.distance, score_cutoff=1, limit=4)
        return [known for known, _, _ in near if _agree(word, known)] or [word]

    def _derived(self, word: str) -> bool:
        """Whether a word goes on from a known one, as adjectives do."""
        return any(word.endswith(ending) and word.removesuffix(ending) in self._known for ending in _DERIVED)


def _agree(word: str, known: str) -> bool:
    """Whether a known word has a word's beginning, its ending if it has one, and no unlike letter."""
    ending = _longest(one for one in _ENDINGS if word.endswith(one))
    same = _longest(one for one in _ENDINGS if known.endswith(one)) == ending
    return _beginning(word) == _beginning(known) and (same or not ending) and _alike(word, known)


def _alike(word: str, known: str) -> bool:
    """Whether the letter that differs is one too many, missing, out of place or a similar one."""
    differing = [pair for pair in zip(word, known, strict=False) if pair[0] != pair[1]]
    if len(word) != len(known) or len(differing) != 1:
        return True
    return any(differing[0][0] in group and differing[0][1] in group for group in _ALIKE)


def _beginning(word: str) -> str:
    return _longest(one for one in _BEGINNINGS if word.startswith(one))


def _longest(texts: Iterable[str]) -> str:
    return max(texts, key=len, default="")
