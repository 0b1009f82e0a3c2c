"""The table of past trials: what became of each, and what it is counted under.

Every column is shown or counted; none is an input of the network.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cladmop.corpus.reasons import StopReason, stop_reason
from cladmop.corpus.rules import Group, Rule
from cladmop.corpus.tables import CorpusTrial, read_table
from cladmop.diseases.icd import CHAPTERS, ancestors
from cladmop.diseases.tabular import tabular_list
from cladmop.drugs.kinds import NOT_DRUGS
from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.encoders.trial import TrialEncoder

SCHEMA: dict[str, Any] = {
    "nct_id": pl.String,
    "title": pl.String,
    "phase": pl.String,
    "start_date": pl.Date,
    "end_date": pl.Date,
    "outcome": pl.String,
    "reason": pl.String,
    "terms": pl.List(pl.String),
    "drugs": pl.List(pl.Struct({"identity": pl.String, "name": pl.String})),
    "criteria": pl.UInt64,
}
"""Columns. ``outcome`` is a `Group`, ``terms`` are ICD-10-CM chapters, blocks and categories, ``criteria`` a digest."""
_WHY = {
    Rule.MARKET: "every drug under test is in an approved product",
    Rule.PROGRESSION: "each is approved or later entered the next phase for the same disease, and one at least did",
}


def past_table(corpus: Path, trials: Sequence[CorpusTrial], encoder: "TrialEncoder") -> pl.DataFrame:
    """Return one row for each trial of a corpus, in the order given.

    Parameters
    ----------
    corpus
        Folder of the corpus, whose table of drugs says how their names were read.
    trials
        Its trials.
    encoder
        Reads the diseases as it does for trials that are asked about.
    """
    drugs = _drugs(corpus)
    rows = [
        {
            "nct_id": one.trial.nct_id,
            "title": one.trial.title,
            "phase": one.trial.phase.value,
            "start_date": one.trial.start_date,
            "end_date": one.outcome.completion_date,
            "outcome": one.group.value,
            "reason": reason(one),
            "terms": terms_of(encoder.diseases.encode(one.trial).codes),
            "drugs": drugs.get(str(one.trial.nct_id), []),
            "criteria": criteria_digest(one.trial),
        }
        for one in trials
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def write_past(path: Path, table: pl.DataFrame) -> None:
    """Write the table; equal tables give equal bytes. Without statistics, which hold values in the clear."""
    table.write_parquet(path, compression="zstd", compression_level=19, statistics=False)


def reason(one: CorpusTrial) -> str:
    """Return in words why a trial counts as successful, unproven or stopped."""
    if one.group is Group.SUCCESSFUL:
        return "; ".join(("completed", *(_WHY[rule] for rule in one.rules)))
    if one.group is Group.UNPROVEN:
        return "completed; no sign that its drugs were approved or went on to the next phase"
    stated = one.outcome.why_stopped.strip()
    kind = stop_reason(stated)
    if kind is StopReason.NOT_STATED:
        return f"{one.outcome.status}; no reason stated"
    return f"{one.outcome.status} ({kind.value}): {stated}"


def terms_of(codes: Iterable[str]) -> list[str]:
    """Return the ICD-10-CM chapters, blocks and categories of codes, sorted, each once."""
    return sorted({term for code in codes for term in ancestors(code)[:3]})


def term_names(terms: Iterable[str]) -> dict[str, str]:
    """Return what each chapter, block or category is called.

    Raises
    ------
    MissingDependencyError
        If ``simple-icd-10-cm`` is not installed.
    """
    source = tabular_list()
    names = {}
    for term in sorted(set(terms)):
        if term in CHAPTERS:
            names[term] = f"{CHAPTERS[term]} (ICD-10 chapter {term})"
        else:
            stated = source.get_description(term) if source.is_valid_item(term) else "ICD-10"
            names[term] = f"{stated.removesuffix(f' ({term})')} ({term})"
    return names


def criteria_digest(trial: Trial) -> int:
    """Return 64 bits of the SHA-256 of a trial's criteria; equal for criteria that are equal word for word."""
    return int.from_bytes(hashlib.sha256(trial.criteria_text().encode()).digest()[:8], "big")


def _drugs(corpus: Path) -> dict[str, list[dict[str, str]]]:
    """Return the drugs of each trial, by number: identity (`Resolution.identity`) and canonical name."""
    table = read_table(corpus, "drugs").filter(~pl.col("kind").is_in([kind.value for kind in NOT_DRUGS]))
    identity = pl.col("inchikey").str.slice(0, 14).fill_null(pl.col("name").str.to_lowercase())
    found: dict[str, dict[str, str]] = {}
    for nct_id, key, name in table.select("nct_id", identity.alias("identity"), "name").iter_rows():
        found.setdefault(nct_id, {}).setdefault(key, name)
    return {nct_id: [{"identity": key, "name": name} for key, name in drugs.items()] for nct_id, drugs in found.items()}
