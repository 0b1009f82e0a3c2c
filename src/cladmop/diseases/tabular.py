"""The wordings of ICD-10-CM's tabular list, searchable by their words.

By the list's own conventions words in parentheses may be absent and those in brackets are synonyms (guidelines, section
I.A.7), so a wording counts without them too. Five-character codes of diseases are read as well, for what the vocabulary
puts into one subcategory has names of its own there (``Infantile spasms``, G40.82).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from cladmop.diseases.icd import ancestors, vocabulary
from cladmop.diseases.wording import Name, read, words
from cladmop.errors import MissingDependencyError

_INJURIES = frozenset("ST")
"""First letters of codes whose fifth character says where and how, not which disease."""
_CAUSES = frozenset("VWXY")
"""First letters of what happened to somebody, which is no condition."""
_MANIFESTATION = re.compile(r"\bin .*\bclassified elsewhere$")
"""The wording of a code that needs another one for the disease itself."""
_ORGANISM = " as the cause of diseases classified elsewhere"
"""Ends the wording of a germ that is coded on its own."""
_BRACKETED = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_CAUSED = re.compile(r"\b(?:due to|following|with|without|complicating)\b")


@dataclass(frozen=True)
class Wording:
    """One way in which the tabular list words a code."""

    telling: frozenset[str]
    stated: frozenset[str]
    head: frozenset[str]
    """Telling words of what is worded, without its cause (``Gout`` of ``Gout due to renal impairment``)."""
    other: bool
    """Whether it is a residual one (``Other appendicitis``), which the name alone does not mean."""
    code: str
    """In the vocabulary."""


class Found(NamedTuple):
    """A code, and how well a wording of it agrees."""

    code: str
    score: float
    """Share of telling words in common (Dice), 1 for the same words."""


class Wordings:
    """Wordings by their words.

    Parameters
    ----------
    wordings
        In any order.
    """

    def __init__(self, wordings: Iterable[Wording]) -> None:
        self._wordings = tuple(wordings)
        self._with: dict[str, list[int]] = defaultdict(list)
        self._stated: dict[frozenset[str], list[Wording]] = defaultdict(list)
        for index, wording in enumerate(self._wordings):
            self._stated[wording.stated].append(wording)
            for term in wording.telling:
                self._with[term].append(index)

    def as_stated(self, name: Name) -> str:
        """Return the most general code that is worded with the stated words of a name; empty where there is none."""
        return _closest([one for one in self._stated.get(name.stated, ()) if name.admits(one.code)], name)

    def same(self, name: Name) -> str:
        """Return the code whose wording has the telling words of a name, of equals most of the stated ones."""
        return _closest([one for one in self._near(name, 1.0) if one.telling == name.telling], name)

    def within(self, name: Name, known: frozenset[str]) -> str:
        """Return the code of the longest wording that lies within a name and says more than ``known``."""
        inside = [one for one in self._near(name, 0.0) if known < one.telling <= name.telling]
        longest = max((len(one.telling) for one in inside), default=0)
        return _closest([one for one in inside if len(one.telling) == longest], name)

    def nearest(self, name: Name, floor: float) -> Found | None:
        """Return the code of the wording with the largest Dice coefficient, at least ``floor``.

        Wordings that say more than the name count only if all of them are of one category: the code is the deepest
        one that they share. Those that say more and leave out a word of the name are of another condition.
        """
        near = [(_dice(one.telling, name.telling), one) for one in self._near(name, floor)]
        within = [(score, one) for score, one in near if one.telling <= name.telling]
        beyond = [(score, one) for score, one in near if name.telling < one.telling]
        shared = _shared([one.code for _, one in beyond])
        best = max((score for score, _ in within), default=0.0)
        most = max((score for score, _ in beyond), default=0.0)
        if shared and most >= best:
            return Found(shared, most)
        return Found(_closest([one for score, one in within if score == best], name), best) if within else None

    def _near(self, name: Name, floor: float) -> list[Wording]:
        """Return the wordings with a Dice coefficient of at least ``floor`` that a name can mean."""
        common: dict[int, int] = defaultdict(int)
        for term in name.telling:
            for index in self._with.get(term, ()):
                common[index] += 1
        size = len(name.telling)
        known = ((self._wordings[index], count) for index, count in common.items())
        near = [one for one, count in known if 2 * count >= floor * (size + len(one.telling))]
        return [
            one
            for one in near
            if one.head & name.telling and name.admits(one.code) and not name.contradicts(one.stated)
        ]


@cache
def tabular() -> Wordings:
    """Return the wordings of the whole list.

    Raises
    ------
    MissingDependencyError
        If ``simple-icd-10-cm`` is not installed.
    """
    return Wordings(_wordings())


def tabular_list() -> Any:  # noqa: ANN401 (an untyped module)
    """Return the module that holds the tabular list.

    Raises
    ------
    MissingDependencyError
        If ``simple-icd-10-cm`` is not installed.
    """
    try:
        import simple_icd_10_cm
    except ImportError as error:
        raise MissingDependencyError(
            "names of diseases need the tabular list; install it with: pip install simple-icd-10-cm"
        ) from error
    return simple_icd_10_cm


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Return every wording of the tabular list as written, with its code in the vocabulary.

    Raises
    ------
    MissingDependencyError
        If ``simple-icd-10-cm`` is not installed.
    """
    source = tabular_list()
    found: list[tuple[str, str]] = []
    for code in vocabulary().lineages:
        if not source.is_valid_item(code):  # retired by a later release than the vocabulary's
            continue
        deeper = source.get_children(code) if len(code) == 5 and code[0] not in _INJURIES | _CAUSES else []
        for item in (code, *deeper):
            written = (source.get_description(item), *source.get_inclusion_term(item), *source.get_includes(item))
            found.extend((text, code) for text in written)
    return tuple(found)


def _wordings() -> Iterator[Wording]:
    for text, code in texts():
        if code[0] in _CAUSES or _MANIFESTATION.search(text):
            continue
        said = text.removesuffix(_ORGANISM)
        for variant in dict.fromkeys((said, _BRACKETED.sub(" ", said))):
            name = read(variant)
            if name.telling:
                head = words(_CAUSED.split(variant)[0])
                yield Wording(name.telling, name.stated, head, variant.startswith("Other "), code)


def _closest(wordings: Sequence[Wording], name: Name) -> str:
    """Return the code of the wording with most of the stated words, of equals the most general; empty for none."""
    ranked = [(-_dice(one.stated, name.stated), one.other, len(one.code), one.code) for one in wordings]
    return min(ranked)[-1] if ranked else ""


def _shared(codes: Sequence[str]) -> str:
    """Return the deepest code, category or subcategory, that all codes have in common; empty where there is none."""
    lineages = [ancestors(code)[2:] for code in codes]
    shared = ""
    for level in zip(*lineages, strict=False):
        if len(set(level)) != 1:
            break
        shared = level[0]
    return shared


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))
