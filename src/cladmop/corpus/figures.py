"""What a corpus holds, in figures: counts for its report, beside what the paper states of its own."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import polars as pl

from cladmop.corpus.rules import Group
from cladmop.corpus.tables import FOLDERS, read_table

PAPER = {
    "drugs": "4,289",
    "diseases": "3,326",
    "drug combinations": "2,902",
    "disease combinations": "951",
    "words of criteria, mean": "364",
}
"""The SCT corpus in the paper (KDD 2025); its number of trials and dates are not stated."""
_INACTIVE = ("placebo or vehicle", "procedure")
_TOP = 25


@dataclass(frozen=True)
class Figures:
    """Counts over a corpus."""

    years: dict[str, Counter[int]]
    """Successful trials by phase group and year of completion."""
    words: list[int]
    """Words of criteria of each successful trial."""
    kinds: dict[str, int]
    """Named drugs of successful trials by what they are, most frequent first."""
    drug_sources: dict[str, int]
    """Structures of successful trials by source."""
    disease_sources: dict[str, int]
    """Conditions of successful trials by how their code was found."""
    stop_reasons: dict[str, int]
    """Stopped trials by class of reason."""
    unknown_drugs: list[tuple[str, int]]
    """Most frequent names without a kind, over all groups, with their number of trials."""
    unknown_diseases: list[tuple[str, int]]
    """Most frequent conditions without a code, likewise."""
    conflicts: list[tuple[str, str, int]]
    """Names on whose structure sources disagree: name, what each says, trials."""
    ours: dict[str, str]
    """The figures of `PAPER` for this corpus."""


def figures_of(folder: Path) -> Figures:
    """Count over the tables of a corpus.

    Raises
    ------
    MissingArtefactError, CorruptArtefactError
        If there is no finished corpus in the folder, or a table is damaged.
    """
    trials = read_table(folder, FOLDERS[Group.SUCCESSFUL])
    stopped = read_table(folder, FOLDERS[Group.STOPPED])
    drugs, diseases = read_table(folder, "drugs"), read_table(folder, "diseases")
    own_drugs = drugs.filter(pl.col("group") == Group.SUCCESSFUL.value)
    own_diseases = diseases.filter(pl.col("group") == Group.SUCCESSFUL.value)
    words = [
        sum(len(item.split()) for item in (*row["inclusion"], *row["exclusion"]))
        for row in trials.iter_rows(named=True)
    ]
    return Figures(
        years=_years(trials),
        words=words,
        kinds=_counted(own_drugs["kind"]),
        drug_sources=_counted(own_drugs.filter(pl.col("smiles").is_not_null())["source"]),
        disease_sources=_counted(own_diseases["source"]),
        stop_reasons=_counted(stopped["stop_reason"]),
        unknown_drugs=_frequent(drugs.filter(pl.col("kind") == "unmapped")),
        unknown_diseases=_frequent(diseases.filter(pl.col("codes").list.len() == 0)),
        conflicts=_conflicts(drugs),
        ours=_ours(own_drugs, own_diseases, words),
    )


def _years(trials: pl.DataFrame) -> dict[str, Counter[int]]:
    years: dict[str, Counter[int]] = {}
    for phase, ended in trials.select("phase_group", "end_date").iter_rows():
        if ended is not None:
            years.setdefault(phase, Counter())[ended.year] += 1
    return dict(sorted(years.items()))


def _counted(values: pl.Series) -> dict[str, int]:
    return dict(sorted(Counter(values.to_list()).items(), key=lambda item: (-item[1], item[0])))


def _frequent(table: pl.DataFrame) -> list[tuple[str, int]]:
    """Return names, lower case, with the number of trials that use them, most frequent first."""
    pairs = {(nct_id, name.lower()) for nct_id, name in table.select("nct_id", "name").iter_rows()}
    counted = Counter(name for _, name in pairs)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_TOP]


def _conflicts(drugs: pl.DataFrame) -> list[tuple[str, str, int]]:
    disputed = drugs.filter(pl.col("conflict").list.len() > 0)
    trials: dict[str, set[str]] = {}
    said: dict[str, str] = {}
    for row in disputed.iter_rows(named=True):
        trials.setdefault(row["name"], set()).add(row["nct_id"])
        said[row["name"]] = "; ".join((f"{row['source']}: {str(row['inchikey'])[:14]} (used)", *row["conflict"]))
    rows = ((name, said[name], len(numbers)) for name, numbers in trials.items())
    return sorted(rows, key=lambda row: (-row[2], row[0]))[:_TOP]


def _ours(drugs: pl.DataFrame, diseases: pl.DataFrame, words: list[int]) -> dict[str, str]:
    tested = drugs.filter(~pl.col("kind").is_in(_INACTIVE)).with_columns(
        id=pl.coalesce(pl.col("inchikey").str.slice(0, 14), pl.col("name").str.to_lowercase())
    )
    named = diseases.filter(pl.col("source") != "mesh").with_columns(id=pl.col("name").str.to_lowercase())
    return {
        "drugs": f"{tested['id'].n_unique():,}",
        "diseases": f"{named['id'].n_unique():,}",
        "drug combinations": f"{_combinations(tested.select('nct_id', 'id').iter_rows()):,}",
        "disease combinations": f"{_combinations(named.select('nct_id', 'id').iter_rows()):,}",
        "words of criteria, mean": f"{fmean(words):,.0f} (median {median(words):,.0f})" if words else "none",
    }


def _combinations(pairs: Iterable[tuple[Any, ...]]) -> int:
    """Return how many different sets the trials have."""
    sets: dict[str, set[str]] = {}
    for nct_id, one in pairs:
        sets.setdefault(nct_id, set()).add(one)
    return len({frozenset(members) for members in sets.values()})
