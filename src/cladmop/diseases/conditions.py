"""Condition names to ICD-10-CM codes, offline: our list of frequent names, then the tabular list's wording.

Names are compared as sets of words, without stage, line and age words, so that ``Carcinoma, Non-Small-Cell Lung``
and ``recurrent non-small cell lung cancer`` agree; this is also how MeSH's inverted headings meet plain names. What is
left out so still decides where it tells codes apart (``secondary hyperparathyroidism``), and a growth that is said to
be malignant gets no benign code. Only a name without any match is read again with its misspelled words set right
(`typos`).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files

from cladmop.diseases.tabular import tabular, texts
from cladmop.diseases.typos import Spelling
from cladmop.diseases.wording import GENERIC, Name, read, spellings, words, written

FLOOR = 0.75
"""Least share of words in common (Dice) at which a wording of the tabular list is taken."""
CONTAINED = 0.9
"""Score of a known name that is a part of the condition's name."""
FREQUENT = "synonyms.json"
"""Names with their codes; no codes say that the name is of no disease."""
GENERAL = "headings.json"
"""Names too general to be looked for inside others (``thrombosis``), many of them MeSH headings."""
_CANCER = frozenset({"cancer"})
_SITED = frozenset({"sarcoma", "leiomyosarcoma", "liposarcoma", "rhabdomyosarcoma", "melanoma"})
"""Growths that ICD-10-CM codes as cancer of the organ, where one is named (notes of C43 and C49)."""
_NO_ORGAN = frozenset({"C44", "C49", "C76", "C79", "C80"})
"""Categories of skin, of soft tissue and of cancers without an organ."""


@dataclass(frozen=True)
class CodeMatch:
    """The codes found for a condition's name."""

    codes: tuple[str, ...]
    """ICD-10-CM codes, sorted; empty when none was found."""
    score: float
    """1 for the same words, down to ``FLOOR``; 0 when none was found."""
    source: str
    """``list`` (ours), ``tabular`` (ICD-10-CM's descriptions and inclusion terms), ``fuzzy`` (either of them, once
    misspelled words are set right), ``mesh`` (a registry's MeSH term), ``nlm`` (looked up online) or ``none``."""


NO_MATCH = CodeMatch((), 0.0, "none")
TABULAR = "tabular"
FUZZY = "fuzzy"
MESH = "mesh"


@dataclass(frozen=True)
class NamedMatch:
    """A name and what was found for it."""

    name: str
    """As asked for."""
    match: CodeMatch


@dataclass(frozen=True)
class ConditionCodes:
    """The codes of a trial's conditions, and where each came from."""

    matches: tuple[NamedMatch, ...]
    """One for each distinct name, in order; behind them the MeSH terms that were used."""

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, sorted, each once."""
        return tuple(sorted({code for one in self.matches for code in one.match.codes}))


def match(name: str) -> CodeMatch:
    """Find the codes of a condition by its name.

    Parameters
    ----------
    name
        The condition in English, in any case and word order.

    Returns
    -------
    CodeMatch
        ``NO_MATCH`` when nothing reaches ``FLOOR``.

    Raises
    ------
    MissingDependencyError
        If the name is not on our list and ``simple-icd-10-cm`` is not installed.
    """
    found = _match(read(name))
    return found if found.codes else _fuzzy(name)


def resolve_conditions(
    names: Sequence[str], terms: Sequence[str] = (), look_up: Callable[[str], CodeMatch] | None = None
) -> ConditionCodes:
    """Find the codes of a trial's conditions, and of its MeSH terms where no condition has any.

    Parameters
    ----------
    names
        The conditions as written.
    terms
        MeSH terms that the registry gives the trial; they are more general than its conditions.
    look_up
        Asked for a name without a match, such as `NlmLookup.match`.

    Returns
    -------
    ConditionCodes
        With a match for every name, ``NO_MATCH`` included, and for each term that brought a code.

    Raises
    ------
    MissingDependencyError
        If a name has to be looked up and ``simple-icd-10-cm`` is not installed.
    CladmopError
        Whatever ``look_up`` raises.
    """
    found = [NamedMatch(name, match(name)) for name in dict.fromkeys(names)]
    if look_up is not None:
        found = [one if one.match.codes else NamedMatch(one.name, look_up(one.name)) for one in found]
    if not any(one.match.codes for one in found):
        meant = [(term, match(term)) for term in dict.fromkeys(terms)]
        found += [NamedMatch(term, replace(one, source=MESH)) for term, one in meant if one.codes]
    return ConditionCodes(tuple(found))


def codes_for(name: str) -> tuple[str, ...]:
    """Return the codes of a condition by its name, sorted; empty when none was found (see ``match``)."""
    return match(name).codes


@lru_cache(maxsize=16_384)
def _match(name: Name) -> CodeMatch:
    if name.telling <= GENERIC:
        return NO_MATCH
    listed, known = _listed(), tabular()
    if (codes := listed.stated.get(name.stated)) is not None:
        return _whole(codes)
    if code := known.as_stated(name):
        return CodeMatch((code,), 1.0, TABULAR)
    if (codes := listed.telling.get(name.telling)) is not None and all(map(name.admits, codes)):
        return _whole(codes)
    if code := known.same(name):
        return CodeMatch((code,), 1.0, TABULAR)
    return _within(name) or _nearest(name)


def _whole(codes: tuple[str, ...]) -> CodeMatch:
    return CodeMatch(codes, 1.0, "list") if codes else NO_MATCH


def _within(name: Name) -> CodeMatch | None:
    """Match a name by the longest frequent name inside, or by a wording inside that says more than that name."""
    asked, frequent = name.telling, _listed().frequent
    inside = [
        known
        for known, codes in frequent.items()
        if known <= asked and (len(known) > 1 or len(asked) < 5) and known != _CANCER and all(map(name.admits, codes))
    ]
    best = max(inside, key=lambda known: (len(known), sorted(known)), default=None)
    if best is None:
        return None
    if best <= _SITED and (organ := _organ(name)):
        return organ
    if code := tabular().within(name, best):
        return CodeMatch((code,), CONTAINED, TABULAR)
    return CodeMatch(frequent[best], CONTAINED, "list")


def _organ(name: Name) -> CodeMatch | None:
    """Match a growth as the cancer of the organ that is named, if any."""
    meant = replace(name, telling=name.telling - _SITED | _CANCER)
    code = tabular().within(meant, _CANCER)
    found = _within(meant) or (CodeMatch((code,), CONTAINED, TABULAR) if code else None)
    return found if found and _NO_ORGAN.isdisjoint(code[:3] for code in found.codes) else None


def _nearest(name: Name) -> CodeMatch:
    found = tabular().nearest(name, FLOOR)
    return CodeMatch((found.code,), found.score, TABULAR) if found else NO_MATCH


@lru_cache(maxsize=16_384)
def _fuzzy(name: str) -> CodeMatch:
    """Match a name exactly, once its misspelled words are set right, if all readings that match agree."""
    found = {}
    for reading in _spelling().readings(written(name)):
        exact = _match(read(" ".join(reading.words)))
        if exact.score == 1.0:
            found[exact.codes] = CodeMatch(exact.codes, reading.score, FUZZY)
    return next(iter(found.values())) if len(found) == 1 else NO_MATCH


@cache
def _spelling() -> Spelling:
    return Spelling(spellings((*_list(FREQUENT), *_list(GENERAL), *(text for text, _ in texts()))))


@dataclass(frozen=True)
class _Listed:
    """Our names with their codes."""

    stated: dict[frozenset[str], tuple[str, ...]]
    """By stated words."""
    telling: dict[frozenset[str], tuple[str, ...]]
    """By telling words; of names that have the same, the one that states least."""
    frequent: dict[frozenset[str], tuple[str, ...]]
    """By telling words, without the names too general to be looked for inside others (``thrombosis``)."""


@cache
def _listed() -> _Listed:
    frequent, general = _list(FREQUENT), _list(GENERAL)
    codes = {name: tuple(sorted(known)) for name, known in (frequent | general).items()}
    names = sorted(codes, key=lambda name: (-len(read(name).stated), name))
    return _Listed(
        {read(name).stated: codes[name] for name in names},
        {words(name): codes[name] for name in names},
        {words(name): codes[name] for name in names if name in frequent and codes[name]},
    )


@cache
def _list(file: str) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = json.loads((files("cladmop.diseases") / file).read_text(encoding="utf-8"))
    return listed
