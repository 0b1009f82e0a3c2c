"""The phase of a trial, read from any spelling that registries and TOP use."""

from enum import StrEnum
from typing import Self

from cladmop.errors import InputError


class Phase(StrEnum):
    """A trial's phase; the value is TOP's spelling.

    ``NOT_APPLICABLE`` stands for trials without FDA-defined phases and for phases nobody stated.
    """

    EARLY_PHASE_1 = "early phase 1"
    PHASE_1 = "phase 1"
    PHASE_1_2 = "phase 1/phase 2"
    PHASE_2 = "phase 2"
    PHASE_2_3 = "phase 2/phase 3"
    PHASE_3 = "phase 3"
    PHASE_4 = "phase 4"
    NOT_APPLICABLE = "not applicable"

    @classmethod
    def parse(cls, text: str, *, where: str = "phase") -> Self:
        """Read ``Phase 1/Phase 2``, ``PHASE1, PHASE2``, ``phase1|phase2``, ``I/II``, ``2`` and the like.

        Raises
        ------
        InputError
            If the text names no phase; ``where`` (file, row, field) is put into the message.
        """
        words = text.lower().replace("_", " ").replace("phase", " phase ").replace("early phase", "early").split()
        steps = [_STEPS.get(step) for word in words for step in _split(word) if step not in {"phase", ""}]
        key = None if None in steps else tuple(sorted({step for step in steps if step is not None}))
        if key is None or key not in _BY_STEPS:
            allowed = ", ".join(repr(phase.value) for phase in cls)
            raise InputError(f"{where}: {text!r} is not a phase; use one of {allowed}")
        return cls(_BY_STEPS[key])

    @property
    def group(self) -> str:
        """Return ``I``, ``II``, ``III``, ``IV`` or ``none``: the earlier of two joint phases."""
        return _GROUPS[self]


def _split(word: str) -> list[str]:
    for mark in "/|,;+&-":
        word = word.replace(mark, " ")
    return [part for part in word.split() if part != "and"]


_STEPS = {
    "early": 0, "early1": 0, "0": 0, "1": 1, "i": 1, "1a": 1, "1b": 1, "ia": 1, "ib": 1,
    "2": 2, "ii": 2, "2a": 2, "2b": 2, "iia": 2, "iib": 2, "3": 3, "iii": 3, "3a": 3, "3b": 3, "iiia": 3, "iiib": 3,
    "4": 4, "iv": 4, "na": 9, "n": 9, "a": 9, "not": 9, "applicable": 9, "none": 9,
}  # fmt: skip
_BY_STEPS = {
    (): Phase.NOT_APPLICABLE, (9,): Phase.NOT_APPLICABLE, (0,): Phase.EARLY_PHASE_1, (0, 1): Phase.EARLY_PHASE_1,
    (1,): Phase.PHASE_1, (1, 2): Phase.PHASE_1_2, (2,): Phase.PHASE_2, (2, 3): Phase.PHASE_2_3,
    (3,): Phase.PHASE_3, (4,): Phase.PHASE_4,
}  # fmt: skip
_GROUPS = {
    Phase.EARLY_PHASE_1: "I", Phase.PHASE_1: "I", Phase.PHASE_1_2: "I", Phase.PHASE_2: "II", Phase.PHASE_2_3: "II",
    Phase.PHASE_3: "III", Phase.PHASE_4: "IV", Phase.NOT_APPLICABLE: "none",
}  # fmt: skip
