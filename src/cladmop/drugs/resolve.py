"""Drug names to structures, offline, each answer with its source and how sure it is.

A name is looked up as written, then stripped of dose, route and form, then of its salt, then without spaces and
hyphens, then by the names given in parentheses, and last by the longest run of its words that is a drug. Nothing
is guessed by similar spelling.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from cladmop.drugs.chain import Chain
from cladmop.drugs.chemicals import Chemicals
from cladmop.drugs.curated import Curated, combinations, structures, synonyms
from cladmop.drugs.dictionary import Dictionary, Entry, load
from cladmop.drugs.kinds import DrugKind, is_biologic, is_class, is_placebo, is_polymer, is_procedure
from cladmop.drugs.names import Mention, compact, light, mentions, without_salt
from cladmop.drugs.resolution import ALIAS, EXACT, PART, VARIANT, Resolution, given, published, unique
from cladmop.drugs.source import Rank, StructureSource
from cladmop.drugs.vocabulary import NOT_DRUGS, SALTS, UNSTRIPPABLE
from cladmop.errors import InputError
from cladmop.records import Drug, Trial

__all__ = ["DrugKind", "DrugResolver", "Resolution"]


class DrugResolver:
    """Resolves intervention strings against a chain of sources.

    Parameters
    ----------
    entries
        Every name (lower case) of the dictionary with its substance.
    structures
        SMILES that outrank the dictionary's, by canonical name.
    synonyms
        Further names (development codes, brands) with the canonical name each stands for.
    combinations
        Regimens and brands of several drugs, with the names of their drugs.
    sources
        Further sources of structures; `StructureSource.rank` says where each stands.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        structures: Mapping[str, str] | None = None,
        synonyms: Mapping[str, str] | None = None,
        combinations: Mapping[str, Sequence[str]] | None = None,
        sources: Sequence[StructureSource] = (),
    ) -> None:
        self._curated = dict(structures or {})
        self._synonyms = dict(synonyms or {})
        self._combinations = {compact(name): tuple(drugs) for name, drugs in (combinations or {}).items()}
        self._entries = entries
        chained = [source for source in sources if source.rank is not Rank.PUBCHEM]
        self._chain = Chain([Curated(self._curated), Dictionary(entries), *chained])
        self._last = Chain([source for source in sources if source.rank is Rank.PUBCHEM])
        self._compact = _compact_index(entries, (*self._curated, *self._synonyms))
        self._resolve = lru_cache(maxsize=65_536)(self._resolve_string)
        self._settle = lru_cache(maxsize=65_536)(self._chain.settle)

    @classmethod
    def default(cls) -> "DrugResolver":
        """Return the resolver over what is installed: our own structures, ``chemicals`` and the dictionary.

        One a process; the same names give the same answers on every machine with the same packages.

        Raises
        ------
        MissingDependencyError, CorruptArtefactError
            If a source is not installed, or is not what it should be.
        """
        return _default()

    @classmethod
    def with_sources(cls, *sources: StructureSource) -> "DrugResolver":
        """Return the default resolver with further sources: a user's table, a ChEMBL database, PubChem.

        Raises
        ------
        MissingDependencyError, CorruptArtefactError
            If a source of the default resolver is not installed, or is not what it should be.
        """
        return cls(load(), structures(), synonyms(), combinations(), (Chemicals.load(), *sources))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what its answers depend on: sources, further names, and the rules of this package."""
        own = sorted(files("cladmop.drugs").iterdir(), key=lambda file: file.name)
        parts = [
            [file.read_text(encoding="utf-8") for file in own if file.name.endswith((".py", ".json"))],
            [[source.name, source.version] for source in (*self._chain.sources, *self._last.sources)],
            self._synonyms,
            self._combinations,
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

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

    def connectivities(self, name: str) -> dict[str, str]:
        """Return what each source has for exactly this name: the first block of the InChIKey by the source's name."""
        asked = light(name)
        return self._chain.connectivities(self._canonical(asked), asked)

    def resolve_drug(self, drug: Drug) -> tuple[Resolution, ...]:
        """Resolve one drug of a trial: by the structure it states, else its name, else its other names.

        Raises
        ------
        InputError
            If it states a structure that is no SMILES.
        """
        if drug.smiles is not None:
            return (given(drug.name, drug.smiles),)
        found = self.resolve(drug.name)
        if any(one.kind is not DrugKind.UNMAPPED for one in found):
            return found
        for other in drug.other_names:
            known = [one for one in self.resolve(other) if one.kind in _SUBSTANCES]
            if known:
                query = light(drug.name) or light(other)
                return tuple(replace(one, query=query, confidence=min(one.confidence, ALIAS)) for one in known)
        return found

    def _resolve_string(self, name: str) -> tuple[Resolution, ...]:
        whole = light(name)
        if not whole:
            return ()
        several = is_placebo(whole) or compact(whole) in self._combinations
        if not several and (found := self._look_up(whole, EXACT)) and found.kind is not DrugKind.UNMAPPED:
            return (replace(found, query=whole),)
        return tuple(unique(one for mention in mentions(name) for one in self._resolve_mention(mention)))

    def _resolve_mention(self, mention: Mention) -> tuple[Resolution, ...]:
        if is_placebo(mention.text) or is_placebo(mention.name):
            return (Resolution(mention.text, "placebo", DrugKind.PLACEBO, source="rule", confidence=EXACT),)
        keys = (compact(mention.name), compact(_REGIMEN.sub("", mention.name)))
        combined = next((self._combinations[key] for key in keys if key in self._combinations), None)
        if combined is not None:
            drugs = (self._look_up(drug, ALIAS) or Resolution(drug, drug, DrugKind.UNMAPPED) for drug in combined)
            return tuple(replace(drug, query=mention.text) for drug in drugs)
        found = self._resolve_one(mention)
        parts = self._cover(mention.name) if found.confidence == PART else []
        return tuple(replace(part, query=mention.text) for part in parts) if len(parts) > 1 else (found,)

    def _resolve_one(self, mention: Mention) -> Resolution:
        known: Resolution | None = None
        for attempt in self._attempts(mention):
            if attempt is not None and attempt.kind is not DrugKind.UNMAPPED:
                return replace(attempt, query=mention.text)
            known = known or attempt
        found = self._by_rule(mention) or self._by_last_resort(known.name if known else mention.name) or known
        if found is not None:
            return replace(found, query=mention.text)
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
            if found is not None and found.kind is DrugKind.SMALL_MOLECULE and not _has_other_kind(mention.name):
                yield replace(found, confidence=min(found.confidence, ALIAS))
        if not _has_other_kind(mention.name):
            yield self._look_up_part(mention.name)

    def _by_rule(self, mention: Mention) -> Resolution | None:
        for test, kind in _RULES:
            if test(mention.name) or (kind is not DrugKind.CLASS and test(mention.text)):
                return Resolution(mention.text, mention.name, kind, source="rule", confidence=ALIAS)
        return None

    def _by_last_resort(self, name: str) -> Resolution | None:
        """Ask the sources over the network, where there are any, for a name that no other has a structure for."""
        for asked in dict.fromkeys((name, without_salt(name))):
            found = self._last.settle(asked, asked)
            if found is not None and found.kind is not DrugKind.UNMAPPED:
                return found
        return None

    def _look_up(self, name: str, confidence: float, *, part: bool = False) -> Resolution | None:
        """Find exactly this name; with ``part``, in the sources alone that may be asked for a part of a text."""
        if len(name) < 3 or name in NOT_DRUGS:
            return None
        canonical = self._canonical(name)
        if part and not self._chain.knows_part(canonical):
            return None
        found = self._settle(canonical, name)
        if found is None:
            return None if canonical == name else Resolution(name, canonical, DrugKind.UNMAPPED, source="curated")
        return replace(found, query=name, confidence=min(found.confidence, confidence))

    def _canonical(self, name: str) -> str:
        canonical = self._synonyms.get(name, name)
        return (
            canonical if canonical in self._curated or canonical not in self._entries else self._entries[canonical].name
        )

    def _look_up_compact(self, name: str) -> Resolution | None:
        original = self._compact.get(compact(name)) if len(name) > 4 else None
        return self._look_up(original, VARIANT) if original else None

    def _look_up_part(self, name: str) -> Resolution | None:
        """Find the longest, then leftmost, run of words that is a drug with a structure."""
        words = _JOINED.sub(" ", name).split()
        for length in range(min(_LONGEST_PART, len(words) - 1), 0, -1):
            for start in range(len(words) - length + 1):
                found = self._look_up_run(words, start, length)
                if found is not None:
                    return found
        return None

    def _look_up_run(self, words: Sequence[str], start: int, length: int) -> Resolution | None:
        end = start + length
        part = " ".join(words[start:end]).strip(".,;:()[]*")
        if not _stands_alone(part, words[end : end + 3]):
            return None
        for run in (part, without_salt(part)):
            found = self._look_up(run, PART, part=True)
            if found is not None and _convincing(found):
                return found
        return None

    def _cover(self, name: str) -> list[Resolution]:
        """Read a name as drugs and nothing else (``oxycodone naloxone``); empty if a word is left over."""
        words = _JOINED.sub(" ", name).split()
        found: list[Resolution] = []
        start = 0
        while start < len(words):
            lengths = range(min(_LONGEST_PART, len(words) - start), 0, -1)
            runs = ((length, self._look_up_run(words, start, length)) for length in lengths)
            length, drug = next(((length, run) for length, run in runs if run is not None), (0, None))
            if drug is None:
                return []
            found.append(drug)
            start += length
        return unique(found)

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
        if mode == "repaired":
            return tuple(unique(one for drug in trial.drugs for one in self.resolve_drug(drug)))
        stated = [given(drug.name, drug.smiles) for drug in trial.drugs if drug.smiles is not None]
        return tuple(unique([*stated, *map(published, trial.published_smiles)]))


def _stands_alone(part: str, following: Sequence[str]) -> bool:
    """Tell whether a run of words may be a drug inside a longer name: no short word, no target of an inhibitor."""
    if len(part) < 5 or part in NOT_DRUGS or part in SALTS or part in UNSTRIPPABLE:
        return False
    return not any(word.rstrip(".,;:)s") in _TARGET_WORDS for word in following)


def _has_other_kind(name: str) -> bool:
    """Tell whether a name says that it is no small molecule, whatever is written beside or inside it."""
    return is_biologic(name) or is_procedure(name)


def _convincing(found: Resolution) -> bool:
    """Tell whether what a part of a name stands for may stand for the whole: no element, no protein target."""
    if found.smiles is not None:
        return "c" in found.smiles.lower().replace("cl", "")
    return found.kind is DrugKind.BIOLOGIC and is_biologic(found.name)


_REGIMEN = re.compile(r" (?:chemotherapy|therapy|regimen)$")
_RULES: tuple[tuple[Callable[[str], bool], DrugKind], ...] = (
    (is_biologic, DrugKind.BIOLOGIC),
    (is_polymer, DrugKind.POLYMER),
    (is_class, DrugKind.CLASS),
    (is_procedure, DrugKind.PROCEDURE),
)
_SUBSTANCES = frozenset({DrugKind.SMALL_MOLECULE, DrugKind.BIOLOGIC, DrugKind.POLYMER})
_LONGEST_PART = 6  # words of a drug's name that is looked for inside a longer text
_JOINED = re.compile(r"(?<=[a-z]{5})-(?=[a-z]{5})")  # norethindrone-ethinyl estradiol
_TARGET_WORDS = frozenset({
    "inhibitor", "antagonist", "agonist", "receptor", "antibody", "blocker", "vaccine", "modulator", "analog",
    "analogue", "antigen", "kinase", "level", "test", "challenge", "free", "synthase", "metabolite", "derivative",
})  # fmt: skip


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
    return DrugResolver.with_sources()
