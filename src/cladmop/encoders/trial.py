"""Whole trials to arrays: criteria through the frozen language model, molecules, diseases and phase."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from cladmop.drugs.kinds import NOT_DRUGS, DrugKind
from cladmop.encoders.base import LEVELS, EncodedTrial, TextEncoder, Unit
from cladmop.encoders.cache import Forecast, StateCache
from cladmop.encoders.memory import MemoryStates
from cladmop.records import Phase, Trial

if TYPE_CHECKING:
    from cladmop.drugs.resolve import DrugResolver, Resolution
    from cladmop.encoders.disease import DiseaseEncoder
    from cladmop.encoders.molecule import MoleculeFeaturizer

_PHASES = {phase: index for index, phase in enumerate(Phase)}


@dataclass(frozen=True)
class TrialReport:
    """How one trial was read: shown beside its score."""

    nct_id: str | None
    drugs: tuple["Resolution", ...]
    """What each drug was taken for, or that it was not found."""
    diseases: tuple[str, ...]
    """ICD-10-CM codes that the model sees."""
    unmapped_diseases: tuple[str, ...]
    """Diseases, as written, for which no code was found."""
    warnings: tuple[str, ...]
    """Plain sentences on what is absent or could not be used."""


class TrialEncoder:
    """Turns trials into arrays.

    Parameters
    ----------
    text
        Frozen language model for the criteria, or a function that loads it: it is called when states are first asked
        for, since reports need none.
    cache
        Where its hidden states are kept.
    unit
        One criteria vector an item (mean of its tokens), or one a token as in the paper.
    structures
        ``repaired``: structures of the drug names as resolved here; ``published``: as the data set lists them.
    molecules, resolver, diseases
        Features of structures, names to structures, and diseases to ICD-10 ancestors.
    """

    def __init__(
        self,
        *,
        text: TextEncoder | Callable[[], TextEncoder],
        cache: StateCache,
        unit: Unit,
        structures: Literal["repaired", "published"],
        molecules: "MoleculeFeaturizer",
        resolver: "DrugResolver",
        diseases: "DiseaseEncoder",
    ) -> None:
        self._given_text = text
        self.cache = cache
        self._states_from: StateCache | MemoryStates = cache
        self.unit = unit
        self.structures = structures
        self.molecules = molecules
        self.resolver = resolver
        self.diseases = diseases
        self._features: dict[str, NDArray[np.float32]] = {}

    @cached_property
    def text(self) -> TextEncoder:
        """The frozen language model."""
        return self._given_text() if callable(self._given_text) else self._given_text

    def keep_in_memory(self, megabytes: float = 256) -> None:
        """Hold hidden states in memory from now on, not on disk: for a model kept warm, and texts nobody may store.

        Raises
        ------
        InputError
            If ``megabytes`` is not above 0.
        """
        self._states_from = MemoryStates(megabytes)

    def encode(self, trials: Sequence[Trial]) -> list[EncodedTrial]:
        """Return the arrays of each trial, in input order; criteria states not cached yet are computed first.

        With ``Unit.TOKENS`` the states are copied into memory: ``LEVELS * T * W`` float16 a trial (2 MB for 600
        tokens of width 384).

        Raises
        ------
        InputError
            If a drug states a structure that is no SMILES.
        StorageError
            If the cache's disk is full.
        """
        sides = [self._texts(trial) for trial in trials]
        texts = [text for inclusion, exclusion in sides for text in (*inclusion, *exclusion)]
        states = self._states(texts, pool=self._pool)
        names = self._states([name for trial in trials for name in _names(trial)], pool=True)
        return [
            self._assemble(
                trial,
                [next(states) for _ in inclusion],
                [next(states) for _ in exclusion],
                [next(names) for _ in _names(trial)],
            )
            for trial, (inclusion, exclusion) in zip(trials, sides, strict=True)
        ]

    def forecast(self, trials: Sequence[Trial], *, timed: bool = False) -> Forecast:
        """Say what ``encode`` would compute and store; ``timed`` also measures how long it will take.

        Names are counted with items; beside whole tokens they are few, and left out.
        """
        texts = [text for trial in trials for side in self._texts(trial) for text in side]
        texts += [name for trial in trials for name in _names(trial)] if self._pool else []
        return self.cache.forecast(self.text, texts, pool=self._pool, timed=timed)

    def report(self, trial: Trial) -> TrialReport:
        """Tell how a trial is read: drugs, diseases, and what is absent.

        Raises
        ------
        InputError
            If a drug states a structure that is no SMILES.
        """
        drugs = self.resolver.structures(trial, self.structures)
        found = self.diseases.encode(trial)
        warnings = [*_absent_text(trial), *_drug_warnings(drugs)]
        if not found.codes:
            warnings.append("no disease could be mapped to ICD-10: scored without diseases")
        warnings += [f"disease {name!r} has no ICD-10 code here" for name in found.unmapped]
        if found.dropped:
            warnings.append(f"{len(found.dropped)} disease codes beyond the first {len(found.codes)} are left out")
        return TrialReport(trial.nct_id, drugs, tuple(found.codes), tuple(found.unmapped), tuple(warnings))

    def sets(self, trial: Trial) -> tuple[str, str]:
        """Return the identities of the set of drugs and of the set of ICD categories, as `EncodedTrial` has them.

        No language model is needed.
        """
        return self._drug_set(trial), self.diseases.encode(trial).disease_set

    @property
    def _pool(self) -> bool:
        return self.unit is Unit.ITEMS

    def _texts(self, trial: Trial) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the texts that are encoded for the inclusion and for the exclusion criteria."""
        if self.unit is Unit.ITEMS:
            return trial.inclusion, trial.exclusion
        inclusion, exclusion = ("\n".join(items) for items in (trial.inclusion, trial.exclusion))
        return (inclusion,) if inclusion else (), (exclusion,) if exclusion else ()

    def _states(self, texts: Sequence[str], *, pool: bool) -> Iterator[NDArray[np.float16]]:
        return iter(self._states_from.states(self.text, texts, pool=pool))

    def _assemble(
        self,
        trial: Trial,
        inclusion: list[NDArray[np.float16]],
        exclusion: list[NDArray[np.float16]],
        names: list[NDArray[np.float16]],
    ) -> EncodedTrial:
        none = np.zeros((LEVELS, 0, self.text.width), np.float16)
        lengths = [sum(one.shape[1] for one in side) for side in (inclusion, exclusion)]
        found = self.diseases.encode(trial)
        return EncodedTrial(
            criteria=np.concatenate([none, *inclusion, *exclusion], axis=1),
            side=np.repeat(np.array([0, 1], np.int8), lengths),
            molecules=self._molecules(trial),
            diseases=found.ids,
            categories=found.categories,
            names=np.concatenate([none, *names], axis=1),
            name_kinds=np.repeat(np.array([0, 1], np.int8), (len(trial.drugs), len(trial.diseases))),
            phase=_PHASES[trial.phase],
            drug_set=self._drug_set(trial),
            disease_set=found.disease_set,
        )

    def _molecules(self, trial: Trial) -> NDArray[np.float32]:
        smiles = [drug.smiles for drug in self.resolver.structures(trial, self.structures) if drug.smiles is not None]
        new = [one for one in dict.fromkeys(smiles) if one not in self._features]
        self._features.update(zip(new, self.molecules.encode(new), strict=True))
        if not smiles:
            return self.molecules.encode([])
        features: NDArray[np.float32] = np.stack([self._features[one] for one in smiles])
        return features

    def _drug_set(self, trial: Trial) -> str:
        """Return the identity of the set of drugs, by what their names mean in either mode of structures.

        Published structures serve only where no drug is named: they are often of a co-drug.
        """
        drugs = self.resolver.structures(trial, "repaired") or self.resolver.structures(trial, "published")
        parts = {drug.identity for drug in drugs if drug.kind not in NOT_DRUGS}
        return "|".join(sorted(parts))


def _names(trial: Trial) -> tuple[str, ...]:
    return (*(drug.name for drug in trial.drugs), *(disease.name for disease in trial.diseases))


def _absent_text(trial: Trial) -> list[str]:
    warnings = []
    if not trial.criteria:
        warnings.append("no eligibility criteria: scored without them")
    else:
        warnings += [] if trial.inclusion else ["no inclusion criteria"]
        warnings += [] if trial.exclusion else ["no exclusion criteria"]
    if trial.phase is Phase.NOT_APPLICABLE:
        warnings.append("no phase stated")
    return warnings


def _drug_warnings(drugs: Sequence["Resolution"]) -> list[str]:
    warnings = []
    if not drugs:
        warnings.append("no drug named: scored without molecules")
    elif all(drug.smiles is None for drug in drugs):
        warnings.append("no drug has a known structure: scored without molecules")
    warnings += [f"drug {drug.query!r} is not known here" for drug in drugs if drug.kind is DrugKind.UNMAPPED]
    return warnings
