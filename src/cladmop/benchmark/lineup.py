"""All contestants, and the choice of some."""

from collections.abc import Sequence

from cladmop.benchmark.contestants import Contestant
from cladmop.benchmark.few_shot import few_shot_contestants
from cladmop.benchmark.networks import network_contestants
from cladmop.benchmark.simple import simple_contestants
from cladmop.errors import InputError


def lineup() -> list[Contestant]:
    """Return every contestant, in the order of the tables."""
    return [*simple_contestants(), *network_contestants(), *few_shot_contestants()]


def chosen(only: Sequence[str], *, quick: bool) -> list[Contestant]:
    """Return the contestants to run.

    Parameters
    ----------
    only
        Parts of names, in any case; every contestant whose name holds one of them. All if empty.
    quick
        Leave out those that take long.

    Raises
    ------
    InputError
        If a part is in no name.
    """
    everyone = [one for one in lineup() if one.quick or not quick]
    for part in only:
        if not any(part.lower() in one.name.lower() for one in everyone):
            names = ", ".join(repr(one.name) for one in everyone)
            raise InputError(f"--only {part!r}: no model has that in its name; the names are {names}")
    return [one for one in everyone if not only or any(part.lower() in one.name.lower() for part in only)]
