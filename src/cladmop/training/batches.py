"""Encoded trials become padded batches, in an order that seed and epoch decide.

Shapes: as in `cladmop.model.batch`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cladmop.encoders.base import LEVELS, EncodedTrial
from cladmop.errors import InputError
from cladmop.model.batch import TrialBatch
from cladmop.model.config import ModelConfig
from cladmop.model.packed import NOWHERE, PackedBatch

_POOL = 8
"""Batches' worth of shuffled trials among which those of like length are put together."""


def collate(encoded: Sequence[EncodedTrial]) -> TrialBatch:
    """Pad trials to one shape.

    Text states stay in half precision, as cached; the network computes on them in single precision.

    Raises
    ------
    InputError
        If there is no trial, or the trials come from encoders of different widths.
    """
    text, features, ancestors = _require_one_width(encoded)
    size = len(encoded)
    tokens, molecules, diseases, names = (
        max(len(part) for part in parts)
        for parts in zip(
            *((trial.side, trial.molecules, trial.diseases, trial.name_kinds) for trial in encoded), strict=True
        )
    )
    criteria_LBTW = np.zeros((LEVELS, size, tokens, text), dtype=np.float16)
    side_BT = np.zeros((size, tokens), dtype=np.int64)
    molecules_BMF = np.zeros((size, molecules, features), dtype=np.float32)
    diseases_BKA = np.zeros((size, diseases, ancestors), dtype=np.int64)
    categories_BK = np.zeros((size, diseases), dtype=np.int64)
    names_LBNW = np.zeros((LEVELS, size, names, text), dtype=np.float16)
    name_kinds_BN = np.zeros((size, names), dtype=np.int64)
    for row, trial in enumerate(encoded):
        criteria_LBTW[:, row, : len(trial.side)] = trial.criteria
        side_BT[row, : len(trial.side)] = trial.side
        molecules_BMF[row, : len(trial.molecules)] = trial.molecules
        diseases_BKA[row, : len(trial.diseases)] = trial.diseases
        categories_BK[row, : len(trial.diseases)] = trial.categories
        names_LBNW[:, row, : len(trial.name_kinds)] = trial.names
        name_kinds_BN[row, : len(trial.name_kinds)] = trial.name_kinds
    return TrialBatch(
        criteria_LBTW=torch.from_numpy(criteria_LBTW),
        criteria_mask_BT=_mask([len(trial.side) for trial in encoded], tokens),
        side_BT=torch.from_numpy(side_BT),
        molecules_BMF=torch.from_numpy(molecules_BMF),
        molecule_mask_BM=_mask([len(trial.molecules) for trial in encoded], molecules),
        diseases_BKA=torch.from_numpy(diseases_BKA),
        disease_mask_BK=_mask([len(trial.diseases) for trial in encoded], diseases),
        categories_BK=torch.from_numpy(categories_BK),
        names_LBNW=torch.from_numpy(names_LBNW),
        name_mask_BN=_mask([len(trial.name_kinds) for trial in encoded], names),
        name_kinds_BN=torch.from_numpy(name_kinds_BN),
        phase_B=torch.tensor([trial.phase for trial in encoded], dtype=torch.long),
    )


def pack(encoded: Sequence[EncodedTrial], config: ModelConfig) -> PackedBatch:
    """Put trials together for an `Ensemble`: equal states, and equal criteria, once.

    Raises
    ------
    InputError
        If there is no trial, or the trials come from encoders of different widths.
    """
    _require_one_width(encoded)
    states_LSW, states = _once([trial.criteria for trial in encoded], nothing=True)
    ends = np.cumsum([len(trial.side) for trial in encoded])[:-1]
    criteria = [
        (place.tobytes(), trial.side.tobytes()) for place, trial in zip(np.split(states, ends), encoded, strict=True)
    ]
    unlike = {both: row for row, both in enumerate(dict.fromkeys(criteria))}
    widest = max(len(trial.side) for trial in encoded)
    place_UT = np.zeros((len(unlike), widest), dtype=np.int64)
    side_UT = np.full((len(unlike), widest), NOWHERE, dtype=np.int64)
    for (places, sides), row in unlike.items():
        place = np.frombuffer(places, dtype=states.dtype)
        place_UT[row, : len(place)] = place
        side_UT[row, : len(place)] = np.frombuffer(sides, dtype=np.int8)
    names_LZW, names = _once([trial.names for trial in encoded], nothing=False)
    place_BN, real_BN, molecule_places = _places(encoded, config)
    return PackedBatch(
        states_LSW=torch.from_numpy(states_LSW),
        place_UT=torch.from_numpy(place_UT),
        side_UT=torch.from_numpy(side_UT),
        row_B=torch.tensor([unlike[both] for both in criteria]),
        molecules_XF=torch.from_numpy(np.concatenate([trial.molecules for trial in encoded])),
        rank_X=torch.from_numpy(np.concatenate([np.arange(len(trial.molecules)) for trial in encoded])),
        diseases_YA=torch.from_numpy(np.concatenate([trial.diseases for trial in encoded]).astype(np.int64)),
        category_Y=torch.from_numpy(np.concatenate([trial.categories for trial in encoded]).astype(np.int64)),
        names_LZW=torch.from_numpy(names_LZW),
        name_V=torch.from_numpy(names),
        kind_V=torch.from_numpy(np.concatenate([trial.name_kinds for trial in encoded]).astype(np.int64)),
        place_BN=torch.from_numpy(place_BN),
        real_BN=torch.from_numpy(real_BN),
        molecule_places=molecule_places,
    )


def _once(states: Sequence[NDArray[np.float16]], *, nothing: bool) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Return the states of several trials, equal ones once, and which of them each trial's are.

    With ``nothing`` the first is a row of zeros, and the others are counted from 1.
    """
    lead = [np.zeros_like(states[0], shape=(LEVELS, 1, states[0].shape[2]))] if nothing else []
    every_LSW = np.concatenate([*lead, *states], axis=1)
    if every_LSW.shape[1] < 2:
        return every_LSW, np.zeros(every_LSW.shape[1] - len(lead), dtype=np.int64)
    # Rows that begin alike are few, and only they are compared whole.
    begins = np.zeros((every_LSW.shape[1], 4), dtype=np.float16)
    begins[:, : every_LSW.shape[2]] = every_LSW[-1, :, :4]
    _, first, group = np.unique(begins.view(np.uint64).ravel(), return_index=True, return_inverse=True)
    same = first[group]
    again = np.flatnonzero(same != np.arange(len(same)))
    if len(again):
        unlike = (every_LSW[:, again].view(np.uint16) != every_LSW[:, same[again]].view(np.uint16)).any(axis=(0, 2))
        same[again[unlike]] = again[unlike]
    kept = np.flatnonzero(same == np.arange(len(same)))
    places = np.searchsorted(kept, same)
    return (every_LSW if len(kept) == len(same) else every_LSW[:, kept]), places[len(lead) :]


def _places(encoded: Sequence[EncodedTrial], config: ModelConfig) -> tuple[NDArray[np.int64], NDArray[np.bool_], int]:
    """Return `PackedBatch.place_BN`, ``real_BN`` and ``molecule_places``."""
    counts = np.array([(len(one.molecules), len(one.diseases), len(one.name_kinds)) for one in encoded])
    totals = counts.sum(axis=0)
    starts = 2 + np.cumsum(counts, axis=0) - counts + np.array([0, totals[0], totals[0] + totals[1]])
    phases = 2 + int(totals[:2].sum()) + (int(totals[2]) if config.names else 0)
    heads: list[list[int]] = []
    tails: list[list[int]] = []
    for trial, (m, k, n), (molecule, disease, name) in zip(encoded, counts.tolist(), starts.tolist(), strict=True):
        heads.append([*range(molecule, molecule + m)] or [0])
        tails.append([*range(disease, disease + k)] or [1])
        tails[-1] += range(name, name + n) if config.names else ()
        tails[-1] += [phases + trial.phase] if config.phase_token else ()
    apart = max(map(len, heads)) if config.streams == "separate" else 0
    if not apart:
        heads, tails = [[] for _ in heads], [head + tail for head, tail in zip(heads, tails, strict=True)]
    place_BN = np.zeros((len(encoded), apart + max(map(len, tails))), dtype=np.int64)
    real_BN = np.zeros(place_BN.shape, dtype=np.bool_)
    for row, (head, tail) in enumerate(zip(heads, tails, strict=True)):
        for start, part in ((0, head), (apart, tail)):
            place_BN[row, start : start + len(part)] = part
            real_BN[row, start : start + len(part)] = True
    return place_BN, real_BN, apart


def _require_one_width(encoded: Sequence[EncodedTrial]) -> tuple[int, int, int]:
    """Return the widths of text states, molecule features and ancestors."""
    if not encoded:
        raise InputError("a batch needs at least one trial; got none")
    widths = {(trial.criteria.shape[2], trial.molecules.shape[1], trial.diseases.shape[1]) for trial in encoded}
    if len(widths) > 1:
        raise InputError(
            f"trials of one batch have different (text, molecule, ancestor) widths {sorted(widths)}; "
            "encode all of them with the same encoders"
        )
    return widths.pop()


def _mask(counts: Sequence[int], width: int) -> torch.Tensor:
    return torch.arange(width) < torch.tensor(counts)[:, None]


@dataclass(frozen=True)
class Batches:
    """Index batches over trials of known length and, where some are put together by it, of known disease."""

    lengths: Sequence[int]
    """Criteria tokens T of each trial."""
    batch_size: int
    """Trials a batch, at most."""
    tokens_per_batch: int
    """Trials times longest T of a batch, at most, except that one trial is always allowed."""
    seed: int = 0
    areas: Sequence[tuple[int, ...]] = ()
    """Ids of the ICD ancestors of each trial's first disease, chapter first; needed where ``by_area`` is above 0."""
    by_area: float = 0.0
    """Share of the trials, drawn anew in each epoch, that are batched by area in place of length, in [0, 1]."""

    @classmethod
    def over(
        cls,
        encoded: Sequence[EncodedTrial],
        batch_size: int,
        tokens_per_batch: int,
        seed: int = 0,
        by_area: float = 0.0,
    ) -> "Batches":
        """Return batches over encoded trials."""
        areas = [tuple(trial.diseases[:1].ravel().tolist()) for trial in encoded] if by_area else ()
        lengths = [len(trial.side) for trial in encoded]
        return cls(lengths, batch_size, tokens_per_batch, seed, areas, by_area)

    def epoch(self, epoch: int) -> list[NDArray[np.intp]]:
        """Return shuffled batches that cover every trial once; equal for equal seed and epoch.

        Trials of like length are batched together, so that little is padding, and the batches are then shuffled.
        Those drawn to be batched by area stand side by side with trials of the same ICD chapter, block and category.
        """
        random = np.random.default_rng((self.seed, epoch))
        order = random.permutation(len(self.lengths))
        near = round(self.by_area * len(order))
        batches = [
            *self._pooled(order[:near], lambda row: self.areas[row]),
            *self._pooled(order[near:], lambda row: self.lengths[row]),
        ]
        return [batches[place] for place in random.permutation(len(batches))]

    def in_order(self) -> list[NDArray[np.intp]]:
        """Return batches that cover every trial once, short trials first."""
        return self._cut(sorted(range(len(self.lengths)), key=lambda row: self.lengths[row]))

    def _pooled(self, order: NDArray[np.intp], key: Callable[[int], Any]) -> list[NDArray[np.intp]]:
        """Return batches of trials that are neighbours by ``key`` within their pool."""
        size = _POOL * self.batch_size
        pools = [order[start : start + size].tolist() for start in range(0, len(order), size)]
        return [batch for pool in pools for batch in self._cut(sorted(pool, key=key))]

    def _cut(self, ordered: Sequence[int]) -> list[NDArray[np.intp]]:
        batches: list[list[int]] = []
        longest = 0
        for row in ordered:
            longest = max(longest, self.lengths[row])
            full = not batches or len(batches[-1]) == self.batch_size
            if full or (len(batches[-1]) + 1) * longest > self.tokens_per_batch:
                batches.append([])
                longest = self.lengths[row]
            batches[-1].append(row)
        return [np.array(batch, dtype=np.intp) for batch in batches]


def fingerprint(encoded: Sequence[EncodedTrial]) -> str:
    """Return a SHA-256 over all values of the trials, in order, to tell one training set from another."""
    digest = hashlib.sha256()
    for trial in encoded:
        arrays = (trial.criteria, trial.side, trial.molecules, trial.diseases, trial.categories)
        for part in (*arrays, trial.names, trial.name_kinds):
            digest.update(str(part.shape).encode())
            digest.update(np.ascontiguousarray(part).data)
        digest.update(trial.name_kinds.tobytes())
        digest.update(f"{trial.phase}|{trial.drug_set}|{trial.disease_set}".encode())
    return digest.hexdigest()
