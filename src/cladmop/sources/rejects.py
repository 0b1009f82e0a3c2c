"""What a source could not read: said once a record, so that nothing is dropped in silence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reject:
    """One record that a source passed over."""

    where: str
    """File, and the member, line or byte offset in it."""
    nct_id: str | None
    """Registry identifier, where it could be read."""
    reason: str
    """Why, on one line."""
