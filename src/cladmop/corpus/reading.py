"""How a build reads the names of a study: each distinct name once, drugs and diseases with their provenance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cladmop.corpus.rules import active
from cladmop.diseases.conditions import MESH, CodeMatch, ConditionCodes, resolve_conditions
from cladmop.diseases.icd import category
from cladmop.diseases.wording import words
from cladmop.drugs.kinds import DrugKind
from cladmop.drugs.resolve import DrugResolver, Resolution
from cladmop.records import Drug, Study


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
    """

    def __init__(self, resolver: DrugResolver, look_up: Callable[[str], CodeMatch] | None = None) -> None:
        self._resolver = resolver
        self._look_up = look_up
        self._drugs: dict[tuple[str, tuple[str, ...]], tuple[Resolution, ...]] = {}
        self._diseases: dict[tuple[tuple[str, ...], tuple[str, ...]], ConditionCodes] = {}

    def read(self, study: Study) -> ReadStudy:
        """Resolve one study's drugs and diseases."""
        drugs = [
            (one.name, found)
            for one in study.drugs
            if one.name.strip()
            for found in self._resolve(one.name, tuple(name for name in one.other_names if name.strip()))
        ]
        asked = (study.conditions, study.condition_terms)
        if asked not in self._diseases:
            self._diseases[asked] = resolve_conditions(*asked, self._look_up)
        return ReadStudy(study, tuple(drugs), self._diseases[asked])

    def _resolve(self, name: str, others: tuple[str, ...]) -> tuple[Resolution, ...]:
        if (name, others) not in self._drugs:
            self._drugs[name, others] = self._resolver.resolve_drug(Drug(name=name, other_names=others))
        return self._drugs[name, others]
