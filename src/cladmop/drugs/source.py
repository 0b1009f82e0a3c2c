"""What a source of structures is: a name goes in, what the source knows of it comes out, with its date."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from cladmop.drugs.kinds import is_biologic, is_placebo, is_polymer, is_procedure
from cladmop.drugs.names import normalise
from cladmop.drugs.vocabulary import NOT_DRUGS, SALTS, UNSTRIPPABLE

SHORTEST = 5
"""Characters of the shortest name that a source of many names is asked for: shorter ones are codes of many things."""


class Rank(IntEnum):
    """Which source is believed where several give a structure: the lowest number."""

    TABLE = 0
    """The user's own table."""
    CURATED = 1
    """Structures written by hand here."""
    CHEMBL = 2
    """A downloaded ChEMBL database."""
    CHEMICALS = 3
    """The substances of the package ``chemicals``."""
    DICTIONARY = 4
    """The dictionary of drug names."""
    PUBCHEM = 5
    """PubChem over the network."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source knows of a name."""

    name: str
    """The source's own name of the substance, lower case."""
    smiles: str | None = None
    """Its structure as the source writes it, salts and all; none where it knows the name only."""
    biologic: bool = False
    """Whether the source files it under proteins, antibodies, cells, nucleic acids and the like."""
    weak: bool = False
    """Whether the name is one of many that nobody has checked: any other source is believed before."""
    date: str = ""
    """ISO date of the data: when a package was published or an answer was fetched; empty where it is not known."""


class StructureSource(Protocol):
    """A source of structures."""

    @property
    def name(self) -> str:
        """Its name in `Resolution.source` and in conflicts."""
        ...

    @property
    def rank(self) -> Rank:
        """Its place in the chain."""
        ...

    @property
    def exact(self) -> bool:
        """Whether only a whole name may be looked up in it, and no run of words of a longer text."""
        ...

    @property
    def version(self) -> str:
        """What its answers depend on: a digest, a release."""
        ...

    def find(self, name: str) -> Finding | None:
        """Return what is known of a name (lower case, without dose and route); none if it is not known.

        Raises
        ------
        CladmopError
            If the source cannot be read.
        """
        ...


def may_be_asked(name: str) -> bool:
    """Tell whether a source of many unchecked names may be asked for this one.

    It is long enough, holds a letter, and is no word of form, arm, salt or class, no placebo, biologic, procedure or
    polymer.
    """
    if len(name) < SHORTEST or not any(character.isalpha() for character in name) or not normalise(name):
        return False
    if name in NOT_DRUGS or name in SALTS or name in UNSTRIPPABLE:
        return False
    return not any(test(name) for test in (is_placebo, is_biologic, is_procedure, is_polymer))
