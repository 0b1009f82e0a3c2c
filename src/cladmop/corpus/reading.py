"""How a build reads the names of a study: each distinct name once, drugs and diseases with their provenance.

The names of many studies may be read by a crew of workers at once: they answer by the same function, and what a study
is read from is the same.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cladmop.corpus.rules import active
from cladmop.diseases.conditions import MESH, CodeMatch, ConditionCodes, resolve_conditions
from cladmop.diseases.icd import category
from cladmop.diseases.wording import words
from cladmop.drugs.kinds import DrugKind
from cladmop.drugs.resolve import DrugResolver, Resolution
from cladmop.records import Drug, Study


class DrugName(NamedTuple):
    """What is asked of the drugs."""

    name: str
    others: tuple[str, ...] = ()
    """Other names, looked up where ``name`` is not known."""


class ConditionNames(NamedTuple):
    """What is asked of the diseases: those of one study together."""

    names: tuple[str, ...]
    terms: tuple[str, ...]
    """MeSH terms, which stand in where no name has a code."""


class Names(NamedTuple):
    """Names to read, each once."""

    drugs: tuple[DrugName, ...] = ()
    conditions: tuple[ConditionNames, ...] = ()


class Answers(NamedTuple):
    """What some `Names` were read as, in their order."""

    drugs: tuple[tuple[Resolution, ...], ...]
    conditions: tuple[ConditionCodes, ...]


Crew = Callable[[Names], Iterable[tuple[Names, Answers]]]
"""Workers that read many names: parts of what was asked with their answers, in any order."""


def answer(asked: Names, resolver: DrugResolver, look_up: Callable[[str], CodeMatch] | None = None) -> Answers:
    """Read names, here and now.

    Raises
    ------
    CladmopError
        If a source of names cannot be read.
    """
    return Answers(
        tuple(resolver.resolve_drug(Drug(name=one.name, other_names=one.others)) for one in asked.drugs),
        tuple(resolve_conditions(one.names, one.terms, look_up) for one in asked.conditions),
    )


@dataclass(frozen=True)
class ReadStudy:
    """A study with its names resolved."""

    study: Study
    drugs: tuple[tuple[str, Resolution], ...]
    """Every drug that an intervention names, with the intervention as written."""
    diseases: ConditionCodes

    @property
    def active(self) -> tuple[Resolution, ...]:
        """The drugs under test."""
        return active(drug for _, drug in self.drugs)

    @property
    def drug_ids(self) -> tuple[str, ...]:
        """Identities of the drugs under test."""
        return tuple(dict.fromkeys(drug.identity for drug in self.active))

    @property
    def disease_ids(self) -> tuple[str, ...]:
        """Identities of the diseases: ICD categories, and for names without a code the name's telling words."""
        categories = {category(code) for code in self.diseases.codes}
        named = {" ".join(sorted(words(found.name))) for found in self.diseases.matches if not found.match.codes}
        return tuple(sorted((categories | named) - {""}))

    @property
    def only_procedures(self) -> bool:
        """Whether what is registered as a drug is none: surgery, radiation, a test."""
        return bool(self.drugs) and all(drug.kind is DrugKind.PROCEDURE for _, drug in self.drugs)

    @property
    def needs_structure(self) -> bool:
        """Whether it tests a small molecule, or something that is not known and might be one."""
        return any(drug.kind in {DrugKind.SMALL_MOLECULE, DrugKind.UNMAPPED} for drug in self.active)

    @property
    def has_structure(self) -> bool:
        """Whether one drug under test has a structure."""
        return any(drug.smiles is not None for drug in self.active)

    def codes_by_name(self) -> dict[str, tuple[str, ...]]:
        """Return the codes of each condition, by its name as written."""
        return {found.name: found.match.codes for found in self.diseases.matches if found.match.source != MESH}

    def term_codes(self) -> list[str]:
        """Return the codes of the MeSH terms, which stand in where no condition has a code."""
        terms = (found.match.codes for found in self.diseases.matches if found.match.source == MESH)
        return sorted({code for codes in terms for code in codes})

    def drug_rows(self, group: str) -> list[dict[str, Any]]:
        """Return its rows of the table of drugs."""
        return [
            {"nct_id": self.study.nct_id, "group": group, "intervention": intervention, **drug.to_dict()}
            for intervention, drug in self.drugs
        ]

    def disease_rows(self, group: str) -> list[dict[str, Any]]:
        """Return its rows of the table of diseases."""
        return [
            {
                "nct_id": self.study.nct_id,
                "group": group,
                "name": found.name,
                "codes": list(found.match.codes),
                "score": found.match.score,
                "source": found.match.source,
            }
            for found in self.diseases.matches
        ]


class NameReader:
    """Resolves the names of studies, each distinct one once.

    Parameters
    ----------
    resolver
        Names to structures.
    look_up
        Asked for conditions that have no code offline; none to leave them without.
    crew
        Reads the names that are known ahead; none to read each when its study comes.
    """

    def __init__(
        self,
        resolver: DrugResolver,
        look_up: Callable[[str], CodeMatch] | None = None,
        crew: Crew | None = None,
    ) -> None:
        self._resolver = resolver
        self._look_up = look_up
        self._crew = crew
        self._drugs: dict[DrugName, tuple[Resolution, ...]] = {}
        self._conditions: dict[ConditionNames, ConditionCodes] = {}

    def prepare(self, studies: Iterable[Study]) -> None:
        """Let the crew, if there is one, read the names of the studies to come."""
        if self._crew is None:
            return
        drugs: dict[DrugName, None] = {}
        conditions: dict[ConditionNames, None] = {}
        for study in studies:
            drugs |= dict.fromkeys(_drug_names(study))
            conditions[_condition_names(study)] = None
        self._learn(
            Names(
                tuple(one for one in drugs if one not in self._drugs),
                tuple(one for one in conditions if one not in self._conditions),
            )
        )

    def substances(self, names: Sequence[str]) -> list[tuple[Resolution, ...]]:
        """Resolve drug names that are of no study, in their order."""
        asked = Names(tuple(DrugName(name) for name in dict.fromkeys(names)))
        self._learn(asked)
        return [self._drugs[DrugName(name)] for name in names]

    def read(self, study: Study) -> ReadStudy:
        """Resolve one study's drugs and diseases."""
        drugs, conditions = _drug_names(study), _condition_names(study)
        missing = Names(
            tuple(one for one in dict.fromkeys(drugs) if one not in self._drugs),
            () if conditions in self._conditions else (conditions,),
        )
        self._note(missing, answer(missing, self._resolver, self._look_up))
        found = [(one.name, drug) for one in drugs for drug in self._drugs[one]]
        return ReadStudy(study, tuple(found), self._conditions[conditions])

    def _learn(self, asked: Names) -> None:
        """Read names by the crew, or here where there is none."""
        if self._crew is None:
            self._note(asked, answer(asked, self._resolver, self._look_up))
            return
        for part, answers in self._crew(asked):
            self._note(part, answers)

    def _note(self, asked: Names, answers: Answers) -> None:
        self._drugs.update(zip(asked.drugs, answers.drugs, strict=True))
        self._conditions.update(zip(asked.conditions, answers.conditions, strict=True))


def _drug_names(study: Study) -> list[DrugName]:
    """Return what is asked of a study's drugs, in their order."""
    return [
        DrugName(one.name, tuple(name for name in one.other_names if name.strip()))
        for one in study.drugs
        if one.name.strip()
    ]


def _condition_names(study: Study) -> ConditionNames:
    return ConditionNames(study.conditions, study.condition_terms)
