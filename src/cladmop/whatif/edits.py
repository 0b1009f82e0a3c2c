"""Edits of a trial: small records, read from JSON and said in plain words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cladmop.errors import InputError
from cladmop.explain.summary import quoted
from cladmop.records import Phase, Trial
from cladmop.sources.values import as_text, shown

Side = Literal["inclusion", "exclusion"]


@dataclass(frozen=True)
class RemoveCriterion:
    """Take one criterion out."""

    side: Side
    item: int
    """Its number in the trial as given, from 1."""

    def words(self, trial: Trial) -> str:
        """Say it in plain words; ``trial`` is as it was before."""
        return f"{self.side} {self.item} removed: {quoted(getattr(trial, self.side)[self.item - 1])}"


@dataclass(frozen=True)
class ReplaceCriterion:
    """Write one criterion differently."""

    side: Side
    item: int
    """Its number in the trial as given, from 1."""
    text: str

    def words(self, trial: Trial) -> str:
        """Say it in plain words; ``trial`` is as it was before."""
        before = quoted(getattr(trial, self.side)[self.item - 1])
        return f"{self.side} {self.item} changed from {before} to {quoted(self.text)}"


@dataclass(frozen=True)
class AddCriterion:
    """Put one criterion at the end of its side."""

    side: Side
    text: str

    def words(self, trial: Trial) -> str:  # noqa: ARG002 (all edits are said alike)
        """Say it in plain words."""
        return f"{self.side} added: {quoted(self.text)}"


@dataclass(frozen=True)
class RemoveDrug:
    """Take out all mentions of a drug."""

    name: str

    def words(self, trial: Trial) -> str:  # noqa: ARG002 (all edits are said alike)
        """Say it in plain words."""
        return f"drug {self.name} removed"


@dataclass(frozen=True)
class AddDrug:
    """Name a further drug."""

    name: str
    smiles: str | None = None
    """Its structure, where its name is not known."""

    def words(self, trial: Trial) -> str:  # noqa: ARG002 (all edits are said alike)
        """Say it in plain words."""
        return f"drug {self.name} added"


@dataclass(frozen=True)
class SwapDrug:
    """Name another drug in the place of one."""

    name: str
    to: str
    smiles: str | None = None
    """Structure of the new drug, where its name is not known."""

    def words(self, trial: Trial) -> str:  # noqa: ARG002 (all edits are said alike)
        """Say it in plain words."""
        return f"drug {self.name} swapped for {self.to}"


@dataclass(frozen=True)
class RemoveDisease:
    """Take out all mentions of a disease, with its codes."""

    name: str

    def words(self, trial: Trial) -> str:  # noqa: ARG002 (all edits are said alike)
        """Say it in plain words."""
        return f"disease {self.name} removed"


@dataclass(frozen=True)
class AddDisease:
    """Name a further disease."""

    name: str

    def words(self, trial: Trial) -> str:  # noqa: ARG002 (all edits are said alike)
        """Say it in plain words."""
        return f"disease {self.name} added"


@dataclass(frozen=True)
class ChangePhase:
    """Run the trial as another phase."""

    phase: Phase

    def words(self, trial: Trial) -> str:
        """Say it in plain words; ``trial`` is as it was before."""
        return f"phase changed from {trial.phase.value} to {self.phase.value}"


Edit: TypeAlias = (
    RemoveCriterion
    | ReplaceCriterion
    | AddCriterion
    | RemoveDrug
    | AddDrug
    | SwapDrug
    | RemoveDisease
    | AddDisease
    | ChangePhase
)
"""One change of a trial."""


def edit_from_json(value: Any, where: str) -> Edit:  # noqa: ANN401 (any JSON value)
    """Read an edit: ``{"do": "remove_criterion", "side": "inclusion", "item": 3}`` and the like.

    Parameters
    ----------
    value
        The JSON value: ``do`` names the edit, the other keys are its fields (`FIELDS`).
    where
        Where it came from, for error messages.

    Raises
    ------
    InputError
        If it is no edit; the message says what is allowed.
    """
    if not isinstance(value, Mapping):
        raise InputError(f'{where}: {shown(value)} is not an edit; it is an object {{"do": ...}}')
    kind = value.get("do")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise InputError(f"{where}: do: {shown(kind)} is no edit; use one of {', '.join(FIELDS)}")
    make, fields = FIELDS[kind]
    unknown = [key for key in value if key != "do" and key not in fields]
    if unknown:
        raise InputError(f"{where}: {kind} has no field {shown(unknown[0])}; it has {', '.join(fields)}")
    edit: Edit = make(**{field: _READERS[field](value.get(field), f"{where}: {field}") for field in fields})
    return edit


FIELDS: Mapping[str, tuple[Callable[..., Edit], tuple[str, ...]]] = {
    "remove_criterion": (RemoveCriterion, ("side", "item")),
    "replace_criterion": (ReplaceCriterion, ("side", "item", "text")),
    "add_criterion": (AddCriterion, ("side", "text")),
    "remove_drug": (RemoveDrug, ("name",)),
    "add_drug": (AddDrug, ("name", "smiles")),
    "swap_drug": (SwapDrug, ("name", "to", "smiles")),
    "remove_disease": (RemoveDisease, ("name",)),
    "add_disease": (AddDisease, ("name",)),
    "change_phase": (ChangePhase, ("phase",)),
}
"""Each edit by its name in JSON, with its fields; ``smiles`` may be left out."""


def _side(value: Any, where: str) -> Side:  # noqa: ANN401 (any JSON value)
    if value == "inclusion" or value == "exclusion":  # noqa: PLR1714 (mypy narrows this form)
        side: Side = value
        return side
    raise InputError(f"{where}: {shown(value)} is no side; use 'inclusion' or 'exclusion'")


def _item(value: Any, where: str) -> int:  # noqa: ANN401 (any JSON value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{where}: {shown(value)} is not the number of a criterion; the first of a side is 1")
    return value


def _text(value: Any, where: str) -> str:  # noqa: ANN401 (any JSON value)
    text = as_text(value, where)
    if not text:
        raise InputError(f'{where}: {shown(value)} is empty; give a text "..."')
    return text


def _phase(value: Any, where: str) -> Phase:  # noqa: ANN401 (any JSON value)
    plain = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return Phase.parse(_text(plain, where), where=where)


def _smiles(value: Any, where: str) -> str | None:  # noqa: ANN401 (any JSON value)
    return as_text(value, where) or None


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "side": _side, "item": _item, "text": _text, "name": _text, "to": _text, "smiles": _smiles, "phase": _phase,
}  # fmt: skip
