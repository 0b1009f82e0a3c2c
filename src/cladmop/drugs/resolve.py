"""Drug names to structures, offline, each answer with its source and how sure it is.

A name is looked up as written, then stripped of dose, route and form, then of its salt, then without spaces and
hyphens, then by the names given in parentheses, and last by the longest run of its words that is a drug. Nothing
is guessed by similar spelling.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from cladmop.drugs.dictionary import Entry, load
from cladmop.drugs.kinds import MAX_MASS, DrugKind, is_biologic, is_placebo, is_procedure
from cladmop.drugs.molecules import standardise
from cladmop.drugs.names import Mention, compact, light, mentions, normalise, without_salt
from cladmop.drugs.vocabulary import NOT_DRUGS, SALTS, UNSTRIPPABLE
from cladmop.errors import InputError
from cladmop.records import Trial

EXACT, VARIANT, ALIAS, PART = 1.0, 0.95, 0.9, 0.8
"""Confidence of a name found as written; without salt, spaces or hyphens; by a name in parentheses; by a part."""


@dataclass(frozen=True)
class Resolution:
    """What one drug of an intervention string was taken for."""

    query: str
    """The words that were looked up."""
    name: str
    """Canonical name of the substance, or the words again when it is not known."""
    kind: DrugKind
    smiles: str | None = None
    """Canonical SMILES of the parent fragment, for small molecules only."""
    inchikey: str | None = None
    """Standard InChIKey of ``smiles``."""
    source: str = "none"
    """``given`` by the user, ``published`` by the data set, ``curated`` here, ``dictionary``, ``rule`` or ``none``."""
    confidence: float = 0.0
    """In [0, 1]: how sure the match of the name is; 0 when it is not known."""


class DrugResolver:
    """Resolves intervention strings against a dictionary of names.

    Parameters
    ----------
    entries
        Every name (lower case) with its substance.
    structures
        SMILES that outrank the dictionary's, by canonical name.
    synonyms
        Further names (development codes, brands) with the canonical name each stands for.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        structures: Mapping[str, str] | None = None,
        synonyms: Mapping[str, str] | None = None,
    ) -> None:
        self._curated = dict(structures or {})
        self._synonyms = dict(synonyms or {})
        self._entries = entries
        self._compact = _compact_index(entries, (*self._curated, *self._synonyms))
        self._resolve = lru_cache(maxsize=65_536)(self._resolve_string)
        self._settle = lru_cache(maxsize=65_536)(self._settle_entry)

    @classmethod
    def default(cls) -> "DrugResolver":
        """Return the resolver over the installed dictionary and our own corrections; one a process.

        Raises
        ------
        MissingDependencyError, CorruptArtefactError
            If the dictionary is not installed, or is not a version that was checked.
        """
        return _default()

    def resolve(self, name: str) -> tuple[Resolution, ...]:
        """Resolve one intervention string, which may name several drugs.

        Parameters
        ----------
        name
            The string as its source writes it, in any case.

        Returns
        -------
        tuple of Resolution
            One for each drug named, in order, without repeats; empty only for a string without letters and digits.
        """
        return self._resolve(name)

    def _resolve_string(self, name: str) -> tuple[Resolution, ...]:
        whole = light(name)
        if not whole:
            return ()
        if not is_placebo(whole) and (found := self._look_up(whole, EXACT)) and found.kind is not DrugKind.UNMAPPED:
            return (replace(found, query=whole),)
        return tuple(_unique(self._resolve_mention(mention) for mention in mentions(name)))

    def _resolve_mention(self, mention: Mention) -> Resolution:
        if is_placebo(mention.text) or is_placebo(mention.name):
            return Resolution(mention.text, "placebo", DrugKind.PLACEBO, source="rule", confidence=EXACT)
        known: Resolution | None = None
        for found in self._attempts(mention):
            if found is not None and found.kind is not DrugKind.UNMAPPED:
                return replace(found, query=mention.text)
            known = known or found
        by_rule = self._by_rule(mention)
        if by_rule is not None:
            return by_rule
        if known is not None:
            return replace(known, query=mention.text)
        return Resolution(mention.text, mention.name, DrugKind.UNMAPPED)

    def _attempts(self, mention: Mention) -> Iterable[Resolution | None]:
        yield self._look_up(mention.text, EXACT)
        yield self._look_up(mention.name, EXACT)
        yield self._look_up(without_salt(mention.name), VARIANT)
        yield self._look_up_compact(mention.name)
        yield self._look_up_compact(without_salt(mention.name))
        for alias in mention.aliases:
            found = (
                self._look_up(alias, ALIAS) or self._look_up(without_salt(alias), ALIAS) or self._look_up_compact(alias)
            )
            if found is not None and found.kind is DrugKind.SMALL_MOLECULE and not is_biologic(mention.name):
                yield replace(found, confidence=min(found.confidence, ALIAS))
        if not (is_biologic(mention.name) or is_procedure(mention.name)):
            yield self._look_up_part(mention.name)

    def _by_rule(self, mention: Mention) -> Resolution | None:
        for test, kind in ((is_biologic, DrugKind.BIOLOGIC), (is_procedure, DrugKind.PROCEDURE)):
            if test(mention.name) or test(mention.text):
                return Resolution(mention.text, mention.name, kind, source="rule", confidence=ALIAS)
        return None

    def _look_up(self, name: str, confidence: float) -> Resolution | None:
        """Find exactly this name."""
        if len(name) < 3 or name in NOT_DRUGS:
            return None
        canonical = self._synonyms.get(name, name)
        if canonical not in self._curated and canonical in self._entries:
            canonical = self._entries[canonical].name
        if canonical not in self._curated and canonical not in self._entries:
            return None if canonical == name else Resolution(name, canonical, DrugKind.UNMAPPED, None, None, "curated")
        found = self._settle(canonical)
        return replace(found, query=name, confidence=min(found.confidence, confidence))

    def _look_up_compact(self, name: str) -> Resolution | None:
        original = self._compact.get(compact(name)) if len(name) > 4 else None
        return self._look_up(original, VARIANT) if original else None

    def _look_up_part(self, name: str) -> Resolution | None:
        """Find the longest, then leftmost, run of words that is a drug with a structure."""
        words = _JOINED.sub(" ", name).split()
        for length in range(min(_LONGEST_PART, len(words) - 1), 0, -1):
            for start in range(len(words) - length + 1):
                part = " ".join(words[start : start + length]).strip(".,;:()[]*")
                if not _stands_alone(part, words[start + length : start + length + 1]):
                    continue
                for run in (part, without_salt(part)):
                    found = self._look_up(run, PART)
                    if found is not None and _convincing(found):
                        return found
        return None

    def _settle_entry(self, canonical: str) -> Resolution:
        """Decide kind and structure of a known substance."""
        entry = self._entries.get(canonical)
        base = Resolution(canonical, canonical, DrugKind.UNMAPPED, None, None, "dictionary", EXACT)
        if canonical in self._curated:
            return _with_structure(replace(base, source="curated"), self._curated[canonical])
        if is_biologic(canonical) or (entry is not None and entry.biological):
            return replace(base, kind=DrugKind.BIOLOGIC)
        if entry is not None and entry.smiles is not None:
            return _with_structure(base, entry.smiles)
        return self._by_relative(base)

    def _by_relative(self, base: Resolution) -> Resolution:
        """Take the structure of the same substance under a salt's or a formulation's name."""
        name = base.name
        plain = normalise(name)
        parent = without_salt(plain)
        relatives = [relative for relative in (plain, parent) if relative and relative != name]
        relatives += [f"{name} {salt}" for salt in sorted(SALTS)] if name not in UNSTRIPPABLE else []
        answers = []
        for relative in relatives:
            entry = self._entries.get(relative)
            smiles = self._curated.get(relative) or (
                entry.smiles if entry is not None and not entry.biological else None
            )
            if smiles is None or (entry is not None and entry.name == name):
                continue
            answer = _with_structure(replace(base, confidence=VARIANT), smiles)
            if answer.inchikey is not None:
                answers.append(answer)
        agree = {answer.inchikey[:14] for answer in answers if answer.inchikey}
        return answers[0] if len(agree) == 1 else base

    def structures(self, trial: Trial, mode: Literal["repaired", "published"]) -> tuple[Resolution, ...]:
        """Return the drugs of a trial with their structures.

        Parameters
        ----------
        trial
            The trial; a structure that a drug states itself outranks its name in both modes.
        mode
            ``repaired`` resolves the drugs' names; ``published`` takes ``Trial.published_smiles`` as listed, and
            an entry that is no SMILES is reported as unmapped.

        Returns
        -------
        tuple of Resolution
            In the order written, each structure (InChIKey) and each name without structure once.

        Raises
        ------
        InputError
            If a drug states a structure that is no SMILES, or the mode is unknown.
        """
        if mode not in {"repaired", "published"}:
            raise InputError(f"structures: unknown mode {mode!r}; use 'repaired' or 'published'")
        found: list[Resolution] = []
        for drug in trial.drugs:
            if drug.smiles is not None:
                found.append(_given(drug.name, drug.smiles))
            elif mode == "repaired":
                found.extend(self.resolve(drug.name))
        if mode == "published":
            found.extend(_published(smiles) for smiles in trial.published_smiles)
        return tuple(_unique(found))


def _stands_alone(part: str, following: list[str]) -> bool:
    """Tell whether a run of words may be a drug inside a longer name: no short word, no target of an inhibitor."""
    if len(part) < 5 or part in NOT_DRUGS or part in SALTS or part in UNSTRIPPABLE:
        return False
    return not (following and following[0].rstrip(".,;:)s") in _TARGET_WORDS)


def _convincing(found: Resolution) -> bool:
    """Tell whether what a part of a name stands for may stand for the whole: no element, no protein target."""
    if found.smiles is not None:
        return "c" in found.smiles.lower().replace("cl", "")
    return found.kind is DrugKind.BIOLOGIC and is_biologic(found.name)


_LONGEST_PART = 6  # words of a drug's name that is looked for inside a longer text
_JOINED = re.compile(r"(?<=[a-z]{5})-(?=[a-z]{5})")  # norethindrone-ethinyl estradiol
_TARGET_WORDS = frozenset({
    "inhibitor", "antagonist", "agonist", "receptor", "antibody", "blocker", "vaccine", "modulator", "analog",
    "analogue", "antigen", "kinase", "level", "test", "challenge", "free", "synthase", "metabolite", "derivative",
})  # fmt: skip


def _with_structure(base: Resolution, smiles: str) -> Resolution:
    try:
        structure = standardise(smiles, base.name)
    except InputError:
        return base
    if structure.mixture:
        return base
    if structure.mass > MAX_MASS:
        return replace(base, kind=DrugKind.BIOLOGIC)
    return replace(base, kind=DrugKind.SMALL_MOLECULE, smiles=structure.smiles, inchikey=structure.inchikey)


def _given(name: str, smiles: str) -> Resolution:
    structure = standardise(smiles, f"drug {name!r}")
    return Resolution(name, name, DrugKind.SMALL_MOLECULE, structure.smiles, structure.inchikey, "given", EXACT)


def _published(smiles: str) -> Resolution:
    try:
        structure = standardise(smiles, "published SMILES")
    except InputError:
        return Resolution(smiles, smiles, DrugKind.UNMAPPED, source="published")
    return Resolution(
        smiles, structure.smiles, DrugKind.SMALL_MOLECULE, structure.smiles, structure.inchikey, "published", EXACT
    )


def _unique(found: Iterable[Resolution]) -> list[Resolution]:
    seen: dict[str, Resolution] = {}
    for resolution in found:
        seen.setdefault(resolution.inchikey or f"{resolution.kind}:{resolution.name}", resolution)
    return list(seen.values())


def _compact_index(entries: Mapping[str, Entry], names: Iterable[str]) -> dict[str, str]:
    """Index names by their letters and digits; a key that stands for two substances is left out."""
    index: dict[str, str] = {}
    clashes: set[str] = set()
    for name, entry in entries.items():
        key = compact(name)
        if len(key) < 5:
            continue
        if key in index and entries[index[key]].name != entry.name:
            clashes.add(key)
        index.setdefault(key, name)
    for key in clashes:
        del index[key]
    index.update({compact(name): name for name in names if len(compact(name)) >= 5})
    return index


@cache
def _default() -> DrugResolver:
    folder = files("cladmop.drugs")
    structures = json.loads((folder / "structures.json").read_text(encoding="utf-8"))
    synonyms = json.loads((folder / "synonyms.json").read_text(encoding="utf-8"))
    return DrugResolver(load(), structures, synonyms)
