"""Diseases to arrays: ICD-10-CM codes, each as the ids of its ancestors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cladmop.diseases.conditions import codes_for
from cladmop.diseases.icd import LEVELS, ancestors, vocabulary
from cladmop.records import Trial

MAX_CODES = 64
"""Most codes that one trial keeps (TOP phase I: median 7, most 97)."""


@dataclass(frozen=True)
class DiseaseFeatures:
    """The diseases of one trial: ``K`` codes, each with ``A`` = 4 ancestors."""

    ids: NDArray[np.int32]
    """``(K, A)``: vocabulary ids of chapter, block, category and subcategory; 0 where the code is shorter."""
    categories: NDArray[np.int32]
    """``(K,)``: number within the trial, from 0, of the code's category."""
    codes: tuple[str, ...]
    """The ``K`` codes, cut at four characters, sorted, each once."""
    unmapped: tuple[str, ...]
    """Disease names without a code, and codes that ICD-10-CM does not have, as written."""
    disease_set: str
    """Canonical identity of the trial's diseases: its categories, sorted; empty when there is none."""
    dropped: tuple[str, ...] = ()
    """Codes beyond ``MAX_CODES``, the last in order; usually empty."""


class DiseaseEncoder:
    """Turns a trial's diseases into ids of a fixed vocabulary of ICD-10-CM ancestors.

    Stated codes are used where there are any; names are looked up only for diseases that nobody coded.
    """

    @property
    def size(self) -> int:
        """Number of vocabulary ids, 0 (none) included: the rows of an embedding table."""
        return len(vocabulary())

    @property
    def ancestors(self) -> int:
        """Number ``A`` of ancestors of a code."""
        return LEVELS

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the vocabulary: the meaning of the ids."""
        return vocabulary().fingerprint

    def encode(self, trial: Trial) -> DiseaseFeatures:
        """Return the features of a trial's diseases.

        Raises
        ------
        MissingDependencyError
            If a name has to be looked up and ``simple-icd-10-cm`` is not installed.
        """
        stated, unnamed = _codes(trial)
        lineages = {code: ancestors(code) for code in stated}
        unknown = tuple(code for code, lineage in lineages.items() if not lineage)
        by_code = {lineage[-1]: lineage for lineage in lineages.values() if lineage}
        codes = sorted(by_code)
        kept = [by_code[code] for code in codes[:MAX_CODES]]
        return DiseaseFeatures(
            ids=_ids(kept),
            categories=_categories(kept),
            codes=tuple(codes[:MAX_CODES]),
            unmapped=tuple(dict.fromkeys((*unnamed, *unknown))),
            disease_set=";".join(sorted({lineage[2] for lineage in by_code.values()})),
            dropped=tuple(codes[MAX_CODES:]),
        )


def _codes(trial: Trial) -> tuple[list[str], list[str]]:
    """Return the codes of a trial, stated or looked up, and the names for which there is none."""
    codes = list(trial.icd10)
    unmapped = []
    for disease in trial.diseases:
        found = disease.icd10
        if not disease.icd10 and not trial.icd10:
            found = codes_for(disease.name)
            if not found:
                unmapped.append(disease.name)
        codes.extend(found)
    return codes, unmapped


def _ids(lineages: list[tuple[str, ...]]) -> NDArray[np.int32]:
    ids = np.zeros((len(lineages), LEVELS), np.int32)
    for row, lineage in enumerate(lineages):
        ids[row, : len(lineage)] = [vocabulary().ids[term] for term in lineage]
    return ids


def _categories(lineages: list[tuple[str, ...]]) -> NDArray[np.int32]:
    order = {name: index for index, name in enumerate(dict.fromkeys(lineage[2] for lineage in lineages))}
    return np.array([order[lineage[2]] for lineage in lineages], np.int32)
