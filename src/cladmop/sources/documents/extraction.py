"""What was found in a document, for a person to check before anything is scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cladmop.errors import InputError
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.sources.values import as_text, as_texts


@dataclass(frozen=True)
class Extraction:
    """Eligibility criteria as they were read out of a document. Nothing in it is confirmed by anyone yet."""

    inclusion: tuple[str, ...]
    """Inclusion criteria, one string an item."""
    exclusion: tuple[str, ...]
    """Exclusion criteria, likewise."""
    title: str = ""
    """Title as the document states it; empty where it states none."""
    where: str = ""
    """Where the criteria stood, in plain words: ``pages 21 to 23, under "5.1 Inclusion Criteria"``."""
    warnings: tuple[str, ...] = ()
    """Plain sentences on what to check."""

    def trial(
        self, drugs: Sequence[str] = (), conditions: Sequence[str] = (), phase: Phase = Phase.NOT_APPLICABLE
    ) -> Trial:
        """Return the trial with drugs, conditions and phase as a person gives them: documents are not asked."""
        return Trial(
            title=self.title,
            phase=phase,
            inclusion=self.inclusion,
            exclusion=self.exclusion,
            drugs=tuple(Drug(name=name) for name in drugs if name.strip()),
            diseases=tuple(Disease(name=name) for name in conditions if name.strip()),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the extraction as a JSON object."""
        return {
            "inclusion": list(self.inclusion),
            "exclusion": list(self.exclusion),
            "title": self.title,
            "where": self.where,
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Extraction":
        """Rebuild from `to_json`.

        Raises
        ------
        InputError
            If a field is missing or of another kind.
        """
        if set(value) != {"inclusion", "exclusion", "title", "where", "warnings"}:
            raise InputError("extraction: fields are missing or unknown")
        return cls(
            inclusion=as_texts(value["inclusion"], "inclusion"),
            exclusion=as_texts(value["exclusion"], "exclusion"),
            title=as_text(value["title"], "title"),
            where=as_text(value["where"], "where"),
            warnings=as_texts(value["warnings"], "warnings"),
        )
