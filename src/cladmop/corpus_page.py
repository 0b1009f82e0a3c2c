"""The report of a corpus as one HTML page: what went in and out, what it holds, what could not be resolved."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cladmop.corpus.figures import PAPER, Figures, figures_of
from cladmop.corpus.rules import Group
from cladmop.corpus.tables import PHASE_GROUPS, read_manifest
from cladmop.evaluation.bars import Counts
from cladmop.evaluation.tables import Table
from cladmop.report import Paragraph, Plot, Section, write_report

_WORD_BINS = (0, 50, 100, 200, 300, 400, 600, 800, 1200, 2000)


def write_corpus_page(folder: Path, path: Path) -> None:
    """Write the page atomically; equal tables give equal bytes.

    Raises
    ------
    MissingArtefactError, CorruptArtefactError
        If there is no finished corpus in the folder, or a table is damaged.
    MissingDependencyError
        If the extra ``plots`` is not installed.
    """
    manifest, figures = read_manifest(folder), figures_of(folder)
    sections = [
        Section("What went in, and what each rule took out", (_sources(manifest), funnel_table(manifest))),
        Section("What came of it", (groups_table(manifest), _rules(manifest), _resolution(manifest), _paper(figures))),
        Section("Trials", tuple(_trial_plots(figures))),
        Section("Drugs and diseases", tuple(_name_plots(figures))),
        Section("What could not be resolved", (*_unknown(figures), _conflicts(figures))),
    ]
    lead = (
        f"Finished drug trials of ClinicalTrials.gov up to {manifest['cutoff']}, with the rule that made each one "
        "successful. A marketed drug is assumed to have passed every phase: an assumption about the past, known only "
        "after the trials, and no label for trials whose outcome is to be predicted."
    )
    write_report(path, "Corpus of successful clinical trials", sections, lead)


def funnel_table(manifest: Mapping[str, Any]) -> Table:
    """Return what each rule took out, in order."""
    rows = tuple(
        (row["rule"], f"{row['in']:,}", f"{row['dropped']:,}", f"{row['out']:,}") for row in manifest["filters"]
    )
    note = "Every dropped record is in dropped.parquet with its reason."
    return Table("Records in, dropped and out at each rule", ("rule", "in", "dropped", "out"), rows, note)


def groups_table(manifest: Mapping[str, Any]) -> Table:
    """Return the trials of each table by phase."""
    rows = []
    for group in Group:
        counts = [manifest["trials"][group.value].get(phase, 0) for phase in PHASE_GROUPS]
        rows.append((group.value, *(f"{count:,}" for count in counts), f"{sum(counts):,}"))
    header = ("trials", *(f"phase {phase}" for phase in PHASE_GROUPS), "all")
    note = "A trial of two phases counts under the earlier. Unproven: completed, and no rule says successful."
    return Table("Trials by group and phase", header, tuple(rows), note)


def _sources(manifest: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            source["name"],
            source["kind"],
            f"{source['records']:,}",
            f"{source['unreadable']:,}",
            " to ".join(dict.fromkeys(date for date in source["processed"] if date)) or "not stated",
            source["sha256"][:12],
        )
        for source in manifest["sources"]
    )
    header = ("source", "kind", "records", "unreadable", "processed by the registry", "SHA-256")
    note = f"{manifest['attribution']} {manifest['caution']}"
    return Table("Sources", header, rows, note, words=(0, 1, 4))


def _rules(manifest: Mapping[str, Any]) -> Table:
    rows = tuple((name.replace("+", " and "), f"{count:,}") for name, count in sorted(manifest["rules"].items()))
    note = (
        "Market: every active drug is in an approved product. Progression: every active drug is approved or later "
        "entered the next phase for the same disease, and one at least did."
    )
    return Table("What made trials successful", ("rule", "trials"), rows, note)


def _resolution(manifest: Mapping[str, Any]) -> Table:
    counts = manifest["resolution"]
    rows = tuple((name, f"{count:,}") for name, count in counts.items())
    needed, found = counts["trials that need a structure"], counts["of those, with one"]
    share = f"{found / needed:.0%} of the trials that need a structure have one." if needed else ""
    note = f"Needing one: testing a small molecule, or something not known. {share}".strip()
    return Table("Names resolved, all groups", ("what", "trials"), rows, note)


def _paper(figures: Figures) -> Table:
    rows = tuple((name, figures.ours[name], PAPER[name]) for name in PAPER)
    note = "The paper states neither its number of trials nor its dates, and not how drugs and diseases are told apart."
    return Table("Successful trials, beside the paper's SCT corpus", ("figure", "here", "paper"), rows, note)


def _trial_plots(figures: Figures) -> list[Plot]:
    years = sorted({year for counts in figures.years.values() for year in counts})
    shown = []
    if years:
        every = range(years[0], years[-1] + 1)
        series = {f"phase {phase}": [counts[year] for year in every] for phase, counts in figures.years.items()}
        title = "Successful trials by phase and year of completion"
        shown.append(_plot(Counts(title, "year", tuple(map(str, every)), series)))
    if figures.words:
        counts, _ = np.histogram(figures.words, bins=[*_WORD_BINS, max(*figures.words, _WORD_BINS[-1]) + 1])
        names = [f"{low}-{high - 1}" for low, high in pairwise(_WORD_BINS)]
        title = "Words of criteria of successful trials"
        series = {"trials": [int(count) for count in counts]}
        shown.append(_plot(Counts(title, "words", (*names, f"{_WORD_BINS[-1]} or more"), series, sideways=True)))
    shown += _bars("Stopped trials by stated reason", "reason", figures.stop_reasons, "trials")
    return shown


def _name_plots(figures: Figures) -> list[Plot]:
    return [
        *_bars("Drugs named in successful trials, by kind", "kind", figures.kinds, "mentions"),
        *_bars("Structures by source", "source", figures.drug_sources, "mentions"),
        *_bars("Conditions by how their code was found", "source", figures.disease_sources, "mentions"),
    ]


def _bars(title: str, axis: str, counts: Mapping[str, int], unit: str) -> list[Plot]:
    if not counts:
        return []
    return [_plot(Counts(title, axis, tuple(counts), {unit: list(counts.values())}, sideways=True))]


def _plot(counts: Counts) -> Plot:
    return Plot(counts.plot(), counts.title, counts.table())


def _unknown(figures: Figures) -> list[Table | Paragraph]:
    blocks: list[Table | Paragraph] = []
    for what, found in (("drugs", figures.unknown_drugs), ("conditions", figures.unknown_diseases)):
        if found:
            rows = tuple((name, f"{count:,}") for name, count in found)
            blocks.append(Table(f"Most frequent unresolved {what}", ("name", "trials"), rows))
        else:
            blocks.append(Paragraph(f"Every one of the {what} was resolved."))
    return blocks


def _conflicts(figures: Figures) -> Table | Paragraph:
    if not figures.conflicts:
        return Paragraph("No two sources disagree on a structure.")
    rows = tuple((name, said, f"{count:,}") for name, said, count in figures.conflicts)
    note = "First blocks of InChIKeys; the order of the sources decides which is used."
    header = ("drug", "what each source says", "trials")
    return Table("Structures on which sources disagree", header, rows, note, words=(0, 1))
