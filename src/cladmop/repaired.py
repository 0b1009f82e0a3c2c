"""TOP with the structures of its drug names resolved here, as a data set: one Parquet file a split.

Each file holds TOP's columns as published and beside them what every drug that a row names was taken for.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cladmop.drugs.index import write_parquet
from cladmop.drugs.resolve import DrugResolver, Resolution
from cladmop.errors import CorruptArtefactError, MissingArtefactError
from cladmop.progress import progress_bar
from cladmop.records import Drug, LabelledTrial
from cladmop.sources.tables import Row
from cladmop.sources.top import (
    OUTCOME_COLUMNS,
    TERMS,
    TRIAL_COLUMNS,
    PhaseName,
    SplitName,
    labelled_from_row,
    present_splits,
    read_rows,
    split_path,
    trial_from_row,
)
from cladmop.storage import write_text

if TYPE_CHECKING:
    import polars as pl

TERMS_FILE = "TERMS.txt"
RESOLVED = "resolved"
"""Column of the drugs a row names: words, name, kind, structure, source, date, confidence and conflicts of each."""
_COLUMNS = (*TRIAL_COLUMNS, "label", *OUTCOME_COLUMNS)
_NOTICE = """

The columns of these files are TOP's, under the terms above. The column "resolved" was added: structures of the drug
names, each with its source. They are from PubChem (by the packages chemicals and drug-named-entity-recognition, or
asked directly) and from cladmop, and where their makers asked for it from ChEMBL (CC BY-SA 3.0) or their own table.
"""


def repaired_path(folder: Path, phase: PhaseName, split: SplitName) -> Path:
    """Return where the repaired file of a phase and split lies in ``folder``.

    Raises
    ------
    InputError
        If the phase is not I, II or III, or the split not train, valid or test.
    """
    return split_path(folder, phase, split).with_suffix(".parquet")


def repair_top(folder: Path, out: Path, resolver: DrugResolver | None = None) -> list[Path]:
    """Resolve the drug names of the files of TOP in a folder and write a Parquet file of each, and the terms.

    Parameters
    ----------
    folder
        Where TOP's files lie; those that are missing are left out.
    out
        Where the repaired files go; each is written whole or not at all.
    resolver
        Names to structures; the default one if none.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    MissingArtefactError
        If none of the files is there.
    InputError
        If one cannot be read.
    StorageError
        If a file cannot be written.
    """
    resolver = resolver or DrugResolver.default()
    present = present_splits(folder)
    write_text(out / TERMS_FILE, TERMS + _NOTICE)
    paths = []
    with progress_bar("repair", len(present), "files") as bar:
        for phase, split in present:
            rows = read_rows(split_path(folder, phase, split))
            paths.append(repaired_path(out, phase, split))
            write_parquet(paths[-1], _as_table(rows, resolver))
            bar.advance()
    return paths


def read_repaired(folder: Path, phase: PhaseName, split: SplitName) -> list[LabelledTrial]:
    """Read one split that `repair_top` wrote; of rows with the same NCT id the first is kept.

    Each drug that a row names is a `Drug` of its own, with the structure that was resolved; placebo, biologics and
    what is not known have none. ``Trial.published_smiles`` is empty.

    Raises
    ------
    MissingArtefactError
        If the file is not in ``folder``.
    CorruptArtefactError
        If it is not what `repair_top` wrote.
    InputError
        If a cell cannot be read, or phase or split are not TOP's.
    """
    import polars as pl

    path = repaired_path(folder, phase, split)
    if not path.is_file():
        raise MissingArtefactError(f"no file {path}; make it with: cladmop top repair --data DIR --out {folder}")
    try:
        table = pl.read_parquet(path, columns=[*_COLUMNS, RESOLVED])
        rows = [_labelled(path, line, values) for line, values in enumerate(table.iter_rows(named=True), start=1)]
    except (pl.exceptions.PolarsError, OSError, KeyError, TypeError) as error:
        raise CorruptArtefactError(f"{path} is no repaired split ({error}); make it again") from error
    unique: dict[str, LabelledTrial] = {}
    for row in rows:
        unique.setdefault(row.outcome.nct_id, row)
    return list(unique.values())


def _labelled(path: Path, line: int, values: dict[str, Any]) -> LabelledTrial:
    row = labelled_from_row(Row(path, line, {column: values[column] for column in _COLUMNS}))
    resolved = values[RESOLVED]
    words = Counter(one["query"] for one in resolved)
    drugs = tuple(
        Drug(name=one["query"] if words[one["query"]] == 1 else one["name"], smiles=one["smiles"]) for one in resolved
    )
    return row.model_copy(update={"trial": row.trial.model_copy(update={"drugs": drugs, "published_smiles": ()})})


def _as_table(rows: Sequence[Row], resolver: DrugResolver) -> "pl.DataFrame":
    import polars as pl

    text, texts = pl.String, pl.List(pl.String)
    resolved = pl.Struct({
        "query": text, "name": text, "kind": text, "smiles": text, "inchikey": text, "source": text,
        "confidence": pl.Float64, "date": text, "conflict": texts,
    })  # fmt: skip
    columns: dict[str, Any] = {column: pl.Series([row[column] for row in rows], dtype=text) for column in _COLUMNS}
    drugs = [[_plain(one) for one in resolver.structures(trial_from_row(row), "repaired")] for row in rows]
    return pl.DataFrame({**columns, RESOLVED: pl.Series(drugs, dtype=pl.List(resolved))})


def _plain(found: Resolution) -> dict[str, Any]:
    return asdict(found) | {"kind": found.kind.value, "conflict": list(found.conflict)}
