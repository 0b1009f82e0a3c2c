"""The audit's tables, to fit 80 columns."""

from cladmop.audit.top import Audit, SplitAudit
from cladmop.evaluation.estimate import short
from cladmop.evaluation.tables import Table


def audit_tables(audit: Audit) -> tuple[Table, ...]:
    """Return the tables of an audit, in reading order; those without a row are left out."""
    tables = (_files(audit), _names(audit), _misplaced(audit), _leaks(audit), _overlaps(audit))
    return tuple(table for table in tables if table.rows)


def _files(audit: Audit) -> Table:
    rows = tuple(
        (
            _name(split),
            f"{split.rows:,}",
            str(split.repeated),
            "not read" if split.base_rate is None else short(split.base_rate),
            _share(split.unaligned, split.rows),
            str(split.without_criteria),
        )
        for split in audit.splits
    )
    note = (
        "Repeated: rows whose NCT id an earlier row has. Unaligned: rows that list another number of structures than "
        "of drugs. No label of a test split is read."
    )
    return Table("Files", ("split", "rows", "repeated", "success", "unaligned", "no criteria"), rows, note)


def _names(audit: Audit) -> Table:
    rows = tuple(
        (
            _name(split),
            f"{names.known:,}",
            _share(names.published, names.known),
            _share(names.repaired, names.known),
            _share(names.wrong, names.known),
            _share(names.repaired, names.repaired + names.wrong),
        )
        for split in audit.splits
        if (names := split.names).known
    )
    note = (
        f"Names that are exactly a known drug's, by {audit.known}. Published: the right structure is anywhere in the "
        "row's list. Repaired: the name resolved here; the rest has no structure. Of found: right among those with one."
    )
    return Table("Right structures", ("split", "names", "published", "repaired", "wrong", "of found"), rows, note)


def _misplaced(audit: Audit) -> Table:
    rows = tuple(
        (
            one.group,
            f"{one.rows:,}",
            str(one.alone),
            one.name or "none",
            short(one.share, 2),
            str(one.repaired),
        )
        for one in audit.misplaced
    )
    note = (
        "Rows that name one. Alone: that name nothing else and yet list a structure. Most often: the structure that "
        "most rows list, and their share. Repaired: how many have a structure after repair."
    )
    header = ("named", "rows", "alone", "most often", "share", "repaired")
    return Table("What has no structure", header, rows, note, words=(0, 3))


def _leaks(audit: Audit) -> Table:
    rows = tuple((f"{leak.phase} {leak.column}", short(leak.roc_auc)) for leak in audit.leaks)
    note = (
        "ROC-AUC on validation of the success rate that each status, or whether there is a reason for stopping, has in "
        "training. Known after the trial only: never inputs."
    )
    return Table("Leaks", ("column", "ROC-AUC"), rows, note)


def _overlaps(audit: Audit) -> Table:
    rows = tuple(
        (one.first, one.second, str(one.same), str(one.near)) for one in audit.overlaps if one.same or one.near
    )
    note = "Near: other trials of the second file whose criteria are nearly those of one in the first."
    return Table("Overlaps", ("first", "second", "same NCT id", "near"), rows, note, words=(0, 1))


def _name(split: SplitAudit) -> str:
    return f"{split.phase} {split.split}"


def _share(part: int, whole: int) -> str:
    return short(part / whole) if whole else "-"
