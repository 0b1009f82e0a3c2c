"""Measures: one figure of one model on one set of trials, with its interval; as records and as Parquet."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from cladmop.errors import CorruptArtefactError, MissingArtefactError
from cladmop.storage import atomic_file

ALL = "all"
"""Name of the set of all scored trials."""
ON_FOLDS = "training folds"
"""Name of the set that the reference is chosen on."""
NOT_RUN = "not run"
"""Measure that says that a contestant was not run; its note says why."""


@dataclass(frozen=True)
class Measure:
    """One figure; NaN or empty where a field does not apply."""

    task: str
    """Name of the task."""
    subset: str
    """Which of its scored trials: `ALL`, an area, new drugs, ...; `ON_FOLDS` for training trials."""
    model: str
    group: str
    """Kind of model (``text``, ``network``, ...)."""
    measure: str
    """``roc_auc``, ``average_precision``, ``roc_auc_difference``, ``bootstrap80_f1``, `NOT_RUN`, ..."""
    value: float = math.nan
    low: float = math.nan
    """Lower end of the 95% interval."""
    high: float = math.nan
    """Upper end of the 95% interval."""
    spread: float = math.nan
    """Standard deviation over seeds or draws (ddof 1), or over bootstraps for ``bootstrap80_*``."""
    draws: int = 1
    """Seeds or draws that ``value`` is the mean of."""
    n: int = 0
    """Trials."""
    successes: int = 0
    p: float = math.nan
    """Of a difference: two-sided p-value."""
    holm: float = math.nan
    """Of a difference: p-value after Holm's correction for all models of the table."""
    detectable: float = math.nan
    """Of a difference: the true difference found four times in five."""
    reference: str = ""
    """Of a difference: the model it is taken from."""
    note: str = ""
    """What the model is, or why it was not run."""


def write_measures(path: Path, measures: Sequence[Measure]) -> None:
    """Write measures as Parquet, atomically, in their order; equal measures give equal bytes.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    import polars as pl

    kinds = {str: pl.String, float: pl.Float64, int: pl.Int64}
    schema = {field.name: kinds[field.type] for field in fields(Measure)}  # type: ignore[index] # types, not strings
    with atomic_file(path) as part:
        pl.DataFrame([asdict(one) for one in measures], schema=schema).write_parquet(part)


def read_measures(path: Path) -> list[Measure]:
    """Read what `write_measures` wrote.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    CorruptArtefactError
        If it is not Parquet with the columns of a `Measure`.
    """
    import polars as pl

    try:
        return [Measure(**row) for row in pl.read_parquet(path).iter_rows(named=True)]
    except FileNotFoundError as error:
        raise MissingArtefactError(f"no results {path}; run `cladmop benchmark` first") from error
    except (pl.exceptions.PolarsError, TypeError, OSError) as error:
        raise CorruptArtefactError(f"{path} holds no results of a benchmark ({error}); run it again") from error
