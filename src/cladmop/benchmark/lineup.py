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


def chosen(only: Sequence[str], without: Sequence[str] = (), *, quick: bool) -> list[Contestant]:
    """Return the contestants to run.

    Parameters
    ----------
    only
        Parts of names, in any case; every contestant whose name holds one of them. All if empty.
    without
        Parts of names of contestants to leave out, likewise.
    quick
        Leave out those that take long.

    Raises
    ------
    InputError
        If a part is in no name.
    """
    everyone = [one for one in lineup() if one.quick or not quick]
    for part in (*only, *without):
        if not _named(lineup(), part):
            names = ", ".join(repr(one.name) for one in everyone)
            raise InputError(f"{part!r} is in no model's name; the names are {names}")
    left_out = {one.name for part in without for one in _named(everyone, part)}
    wanted = {one.name for part in only for one in _named(everyone, part)}
    return [one for one in everyone if one.name not in left_out and (not only or one.name in wanted)]


def _named(contestants: Sequence[Contestant], part: str) -> list[Contestant]:
    return [one for one in contestants if part.lower() in one.name.lower()]
