"""The index of past trials: opened from a folder, asked for the nearest trials and for base rates.

Nothing is looked up online, and an open index is never written to, so that several threads may ask it at once.

Shapes: n past trials.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cladmop.corpus.rules import Group
from cladmop.drugs.kinds import NOT_DRUGS
from cladmop.errors import InputError
from cladmop.records import Phase, Trial
from cladmop.similar.answers import BaseRate, PastTrial, Similar
from cladmop.similar.folder import Parts, read_index
from cladmop.similar.table import criteria_digest

if TYPE_CHECKING:
    from cladmop.drugs.resolve import Resolution
    from cladmop.encoders.base import EncodedTrial
    from cladmop.encoders.trial import TrialEncoder

ENOUGH = 20
"""Past trials from which on a disease category or block is counted for itself; with fewer its chapter is."""
_LEVELS = 3
"""Chapter, block, category."""
Rows = NDArray[np.intp]


class PastTrials:
    """Finished trials of the past with their outcomes; see `PastTrials.open`.

    Parameters
    ----------
    parts
        What a folder holds.
    """

    def __init__(self, parts: Parts) -> None:
        self.manifest: Mapping[str, Any] = parts.manifest
        """What the index was made of, and how."""
        self._table, self._embed, self._neighbours = parts.table, parts.embedding, parts.neighbours
        self._terms: Mapping[str, str] = parts.manifest["terms"]
        cutoff = dt.date.fromisoformat(parts.manifest["cutoff"])
        # Without a stated end the corpus knows only that a trial ended before its cut-off.
        self._ended = parts.table["end_date"].fill_null(cutoff).to_numpy()
        self._ids = parts.table["nct_id"].to_numpy()
        self._criteria = parts.table["criteria"].to_numpy()
        self._successful = (parts.table["outcome"] == Group.SUCCESSFUL.value).to_numpy()
        self._groups = np.array([Phase(phase).group for phase in parts.table["phase"]])
        self._by_term = _rows_by(parts.table.select(key="terms"))
        drugs = pl.col("drugs").list
        self._by_drug = _rows_by(parts.table.select(key=drugs.eval(pl.element().struct.field("identity"))))
        known = parts.table["drugs"].explode().drop_nulls().struct.unnest().unique("identity", keep="first")
        self._drug_names: Mapping[str, str] = dict(known.iter_rows())

    @classmethod
    def open(cls, folder: str | Path = "default") -> Self:
        """Open an index that `build_index` wrote, or the one that ships with the package (``default``).

        Raises
        ------
        MissingArtefactError
            If there is no such folder, or a file of it is missing.
        CorruptArtefactError
            If a file does not have the bytes it was written with.
        MissingDependencyError
            If usearch is not installed.
        """
        return cls(read_index(_shipped() if str(folder) == "default" else Path(folder)))

    def __len__(self) -> int:
        """Return the number of past trials."""
        return len(self._ids)

    @cached_property
    def source(self) -> str:
        """Attribution with processing date, and what successful means, in a few sentences."""
        return f"{self.manifest['attribution']} {self.manifest['meaning']}"

    def check(self, encoder: "TrialEncoder") -> None:
        """Check that an encoder encodes trials as those of the index were.

        Raises
        ------
        InputError
            If its language model or another part is not the one the index was made with.
        """
        given = encoding_of(encoder)
        for name, expected in self.manifest["encoding"].items():
            if given.get(name) != expected:
                raise InputError(
                    f"the {name} of the past trials is {expected[:12]}, that of the model {str(given.get(name))[:12]}; "
                    "use a model with the same one, or build an index for it with `cladmop similar build`"
                )

    def nearest(
        self,
        encoded: "EncodedTrial",
        k: int = 10,
        *,
        exclude_nct_id: str | None = None,
        before: dt.date | None = None,
        criteria: int | None = None,
    ) -> list[PastTrial]:
        """Return the past trials most like a trial, the most similar first; fewer than ``k`` where there are fewer.

        Parameters
        ----------
        encoded
            The trial, by an encoder that passes `check`.
        k
            How many, at least 1.
        exclude_nct_id
            Number of the trial itself, which is never returned.
        before
            Only trials that ended before this date; none for all.
        criteria
            Digest of the trial's criteria (`criteria_digest`), by which those with the same ones are marked.

        Raises
        ------
        InputError
            If ``k`` is below 1, or the trial was encoded at other widths.
        """
        if k < 1:
            raise InputError(f"k is {k}; ask for 1 past trial or more")
        rows, similarities = self._neighbours.nearest(
            self._embed([encoded])[0], self._allowed(before, exclude_nct_id), k
        )
        return [
            self._past_trial(row, float(similarity), criteria)
            for row, similarity in zip(rows.tolist(), similarities, strict=True)
        ]

    def base_rates(
        self,
        phase: Phase,
        codes: Sequence[str],
        drugs: "Iterable[Resolution]",
        *,
        before: dt.date | None = None,
        exclude_nct_id: str | None = None,
    ) -> list[BaseRate]:
        """Return how many past trials succeeded: of the phase, of each disease, and of each drug.

        Parameters
        ----------
        phase
            Of the trial; trials of the same phase group are counted.
        codes
            Its ICD-10-CM codes. A disease is counted by category, block or chapter: the most specific that has
            `ENOUGH` trials, else the chapter.
        drugs
            Its drugs as resolved; placebos and procedures have no history. A drug never met has 0 trials.
        before, exclude_nct_id
            As of `nearest`.
        """
        allowed = self._allowed(before, exclude_nct_id)
        if phase is Phase.NOT_APPLICABLE:
            rates = [self._rate("all phases", "phase", np.flatnonzero(allowed))]
        else:
            of_phase = allowed & (self._groups == phase.group)
            rates = [self._rate(f"phase {phase.group}", "phase", np.flatnonzero(of_phase))]
        counted = dict.fromkeys(self._counted(lineage, allowed) for lineage in lineages(codes))
        for term in counted:
            rates.append(self._rate(self._terms.get(term, term), "disease", _met(self._by_term, term, allowed)))
        names = {drug.identity: drug.name for drug in drugs if drug.kind not in NOT_DRUGS}
        for identity, name in names.items():
            known = self._drug_names.get(identity, name)
            called = name if known.casefold() == name.casefold() else f"{name} ({known})"
            rates.append(self._rate(called, "drug", _met(self._by_drug, identity, allowed)))
        return rates

    def about(
        self,
        trial: Trial,
        encoder: "TrialEncoder",
        k: int = 10,
        *,
        before: dt.date | None = None,
        all_dates: bool = False,
    ) -> Similar:
        """Return the nearest past trials and base rates of a trial.

        Parameters
        ----------
        trial
            The trial; its own record is never among the past ones.
        encoder
            Of the model at hand.
        k
            How many past trials, at least 1.
        before
            Only trials that ended before this date; the trial's start date by default, where it has one.
        all_dates
            Look at all past trials, whenever they ended.

        Raises
        ------
        InputError
            If the encoder is not the one the index was made with, ``k`` is below 1, or a drug states a structure that
            is no SMILES.
        """
        self.check(encoder)
        limit = None if all_dates else before or trial.start_date
        report = encoder.report(trial)
        (encoded,) = encoder.encode([trial])
        own = trial.nct_id
        digest = criteria_digest(trial) if trial.criteria else None
        return Similar(
            trials=tuple(self.nearest(encoded, k, exclude_nct_id=own, before=limit, criteria=digest)),
            base_rates=tuple(
                self.base_rates(trial.phase, report.diseases, report.drugs, before=limit, exclude_nct_id=own)
            ),
            before=limit,
            left_out=int(self._allowed(None, own).sum() - self._allowed(limit, own).sum()),
            source=self.source,
        )

    def _allowed(self, before: dt.date | None, exclude_nct_id: str | None) -> NDArray[np.bool_]:
        allowed = self._ids != exclude_nct_id
        if before is not None:
            allowed &= self._ended < np.datetime64(before)
        return np.asarray(allowed, dtype=np.bool_)

    def _past_trial(self, row: int, similarity: float, criteria: int | None) -> PastTrial:
        known = self._table.row(row, named=True)
        names = ("nct_id", "title", "phase", "start_date", "end_date", "outcome", "reason")
        same = criteria is not None and criteria == known["criteria"]
        return PastTrial(**{name: known[name] for name in names}, similarity=similarity, same_criteria=same)

    def _counted(self, lineage: tuple[str, ...], allowed: NDArray[np.bool_]) -> str:
        """Return the most specific term of a lineage (chapter, block, category) with enough trials."""
        for term in reversed(lineage):
            if len(_met(self._by_term, term, allowed)) >= ENOUGH:
                return term
        return lineage[0]

    def _rate(self, of: str, kind: Any, rows: Rows) -> BaseRate:  # noqa: ANN401 (one of the kinds of a BaseRate)
        return BaseRate.of_counts(of, kind, int(self._successful[rows].sum()), len(rows))


def encoding_of(encoder: "TrialEncoder") -> dict[str, str]:
    """Return all that decides the arrays of a trial, by what it is called in messages."""
    return {
        "language model": encoder.text.fingerprint,
        "criteria unit": encoder.unit.value,
        "structures": encoder.structures,
        "molecule features": encoder.molecules.fingerprint,
        "disease vocabulary": encoder.diseases.fingerprint,
    }


def lineages(codes: Sequence[str]) -> list[tuple[str, ...]]:
    """Return chapter, block and category of each code, each lineage once, in the order of the codes."""
    from cladmop.diseases.icd import ancestors

    found = (ancestors(code)[:_LEVELS] for code in codes)
    return [lineage for lineage in dict.fromkeys(found) if lineage]


def _shipped() -> Path:
    return Path(str(resources.files("cladmop"))) / "pretrained" / "past"


def _rows_by(table: pl.DataFrame) -> dict[str, Rows]:
    """Return the rows under each key of a column of lists."""
    exploded = table.with_row_index("row").explode("key").drop_nulls("key")
    grouped = exploded.group_by("key", maintain_order=True).agg(pl.col("row").unique(maintain_order=True))
    return {key: np.array(rows, dtype=np.intp) for key, rows in grouped.iter_rows()}


def _met(index: Mapping[str, Rows], key: str, allowed: NDArray[np.bool_]) -> Rows:
    rows = index.get(key, np.empty(0, np.intp))
    return rows[allowed[rows]]
