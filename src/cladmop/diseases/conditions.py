"""Condition names to ICD-10-CM codes, offline: our list of frequent names, then the tabular list's wording.

Names are compared as sets of words, without stage, line and age words, so that ``Carcinoma, Non-Small-Cell Lung``
and ``recurrent non-small cell lung cancer`` agree; this is also how MeSH's inverted headings meet plain names. Only a
name without any match is read again with its misspelled words set right (`typos`).
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files

from cladmop.diseases.icd import vocabulary
from cladmop.diseases.typos import Spelling
from cladmop.errors import MissingDependencyError

FLOOR = 0.75
"""Least share of words in common (Dice) at which a wording of the tabular list is taken."""
CONTAINED = 0.9
"""Score of a frequent name that is a part of the condition's name."""


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


# One word for what registries and ICD-10-CM call differently.
_SAME = {
    "carcinoma": "cancer", "carcinomas": "cancer", "neoplasm": "cancer", "tumor": "cancer", "tumour": "cancer",
    "malignancy": "cancer", "malignancie": "cancer", "adenocarcinoma": "cancer", "prostatic": "prostate",
    "mammary": "breast",
    "pulmonary": "lung", "hepatic": "liver", "renal": "kidney", "esophagus": "esophageal", "oesophageal": "esophageal",
    "cystadenocarcinoma": "cancer",
    "leukaemia": "leukemia", "anaemia": "anemia", "haemophilia": "hemophilia", "myelogenous": "myeloid",
    "lymphoid": "lymphoblastic", "ovary": "ovarian", "pancreas": "pancreatic",
    "stomach": "gastric", "colorectum": "colorectal", "multiforme": "", "mellitus": "",
    "infections": "infection", "diseases": "disease", "ii": "2", "hypertensive": "hypertension",
}  # fmt: skip
_DROPPED = frozenset({
    "a", "an", "and", "the", "of", "in", "on", "with", "without", "to", "for", "by", "or", "at", "from", "as", "due",
    "other", "unspecified", "nos", "nec", "not", "elsewhere", "classified", "specified", "adult", "childhood",
    "pediatric", "paediatric", "recurrent", "relapsed", "refractory", "metastatic", "advanced", "locally", "local",
    "unresectable", "resectable", "untreated", "previously", "newly", "diagnosed", "primary", "secondary", "malignant",
    "early", "late", "stage", "grade", "i", "iii", "iv", "ia", "ib", "iia", "iib", "iic", "iiia", "iiib", "iiic", "iva",
    "ivb", "ivc", "progressive", "persistent", "moderate", "moderately", "severe", "severely", "mild", "active",
    "patient", "patients", "subject", "subjects", "volunteer", "volunteers", "protocol", "specific", "regional",
    "invasive", "high", "low", "risk", "positive", "negative", "symptomatic", "inoperable", "platinum", "resistant",
    "sensitive", "her2", "hormone", "egfr", "mutation", "mutated", "alk", "line", "first", "second",
})  # fmt: skip
_GENERIC = frozenset({"disease", "disorder", "condition", "syndrome", "infection", "injury", "symptom", "abnormality"})


@lru_cache(maxsize=65_536)
def words(name: str) -> frozenset[str]:
    """Return the telling words of a condition's name, lower case, singular, without stage, line and age."""
    return _telling(_written(name))


def _telling(written: Iterable[str]) -> frozenset[str]:
    tokens = map(_singular, written)
    renamed = (_SAME.get(token, token) for token in tokens)
    return frozenset(token for token in renamed if token and token not in _DROPPED)


def _written(name: str) -> tuple[str, ...]:
    """Return the words of a name as written, in lower case."""
    plain = unicodedata.normalize("NFKD", name.lower())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    plain = re.sub(r"['\u2019]s\b", "", plain)
    plain = re.sub(r"\btype (?:ii|two)\b", "type 2", re.sub(r"\btype (?:i|one)\b", "type 1", plain))
    return tuple(re.findall(r"[a-z0-9]+", plain))


def _singular(token: str) -> str:
    if len(token) > 4 and token.endswith("s") and not token.endswith(("ss", "us", "is", "as")):
        return token[:-1]
    return token


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
    found = _match(words(name))
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
def _match(asked: frozenset[str]) -> CodeMatch:
    if asked <= _GENERIC:
        return NO_MATCH
    listed = _frequent_names()
    if asked in listed:
        return CodeMatch(listed[asked], 1.0, "list")
    tabular = _tabular().nearest(asked)
    if tabular.score == 1.0:
        return tabular
    if asked in (general := _general_names()):
        return CodeMatch(general[asked], 1.0, "list")
    inside = [known for known in listed if known < asked and (len(known) > 1 or len(asked) < 5) and known != {"cancer"}]
    if inside:
        best = max(inside, key=lambda known: (len(known), sorted(known)))
        return CodeMatch(listed[best], CONTAINED, "list")
    return tabular


@lru_cache(maxsize=16_384)
def _fuzzy(name: str) -> CodeMatch:
    """Match a name exactly, once its misspelled words are set right, if all readings that match agree."""
    found = {}
    for reading in _spelling().readings(_written(name)):
        exact = _match(_telling(reading.words))
        if exact.score == 1.0:
            found[exact.codes] = CodeMatch(exact.codes, reading.score, FUZZY)
    return next(iter(found.values())) if len(found) == 1 else NO_MATCH


@cache
def _spelling() -> Spelling:
    texts = (*_list("synonyms.json"), *_list("headings.json"), *(text for text, _ in _tabular_texts()))
    written = {word for text in texts for word in _written(text)}
    own = _SAME.keys() | set(_SAME.values()) | _DROPPED | _GENERIC
    return Spelling(written | set(map(_singular, written)) | own - {""})


@cache
def _frequent_names() -> dict[frozenset[str], tuple[str, ...]]:
    return {words(name): tuple(sorted(codes)) for name, codes in _list("synonyms.json").items()}


@cache
def _general_names() -> dict[frozenset[str], tuple[str, ...]]:
    """Return names too general to be looked for inside others (``thrombosis``), many of them MeSH headings."""
    return {words(name): tuple(sorted(codes)) for name, codes in _list("headings.json").items()}


@cache
def _list(file: str) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = json.loads((files("cladmop.diseases") / file).read_text(encoding="utf-8"))
    return listed


class _Wordings:
    """The tabular list's wordings, searchable by their words."""

    def __init__(self, wordings: list[tuple[frozenset[str], str]]) -> None:
        self._wordings = wordings
        self._with: dict[str, list[int]] = defaultdict(list)
        for index, (terms, _) in enumerate(wordings):
            for term in terms:
                self._with[term].append(index)

    def nearest(self, asked: frozenset[str]) -> CodeMatch:
        """Return the wording with the largest Dice coefficient; of equals, the most general code."""
        shared: dict[int, int] = defaultdict(int)
        for term in asked:
            for index in self._with.get(term, ()):
                shared[index] += 1
        ranked = [
            (-2 * count / (len(asked) + len(self._wordings[index][0])), len(code := self._wordings[index][1]), code)
            for index, count in shared.items()
        ]
        if not ranked or -min(ranked)[0] < FLOOR:
            return NO_MATCH
        score, _, code = min(ranked)
        return CodeMatch((code,), -score, "tabular")


@cache
def _tabular() -> _Wordings:
    return _Wordings([(terms, code) for text, code in _tabular_texts() if (terms := words(text))])


@cache
def _tabular_texts() -> tuple[tuple[str, str], ...]:
    """Return every wording of the tabular list with its code."""
    try:
        import simple_icd_10_cm as tabular
    except ImportError as error:
        raise MissingDependencyError(
            "condition names need the tabular list; install it with: pip install simple-icd-10-cm"
        ) from error
    wordings: list[tuple[str, str]] = []
    for code in vocabulary().lineages:
        if not tabular.is_valid_item(code):  # retired by a later release than the vocabulary's
            continue
        texts = (tabular.get_description(code), *tabular.get_inclusion_term(code), *tabular.get_includes(code))
        wordings.extend((text, code) for text in texts)
    return tuple(wordings)
