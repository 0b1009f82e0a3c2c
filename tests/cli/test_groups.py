"""Groups of options: what Typer sees, and what the verb gets."""

from dataclasses import dataclass
from inspect import signature
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from cladmop.cli.groups import spread


@dataclass(frozen=True)
class Wanted:
    colour: Annotated[str, typer.Option("--colour")]
    size: Annotated[int, typer.Option("--size", min=1)] = 3


@pytest.fixture
def run():
    got = []
    app = typer.Typer()

    @app.command()
    @spread
    def paint(*, place: Annotated[str, typer.Argument()], wanted: Wanted, twice: bool = False) -> None:
        """Paint it."""
        got.append((place, wanted, twice))

    def call(*arguments):
        done = CliRunner().invoke(app, arguments)
        return done.exit_code, got

    call.verb = paint
    return call


def test_a_group_is_its_options_in_their_place(run):
    assert list(signature(run.verb).parameters) == ["place", "colour", "size", "twice"]
    assert run.verb.__doc__ == "Paint it."


def test_the_verb_gets_the_group_whole_with_its_defaults(run):
    code, got = run("wall", "--colour", "red", "--twice")
    assert (code, got) == (0, [("wall", Wanted("red", 3), True)])


def test_a_required_option_of_a_group_is_required_and_its_range_holds(run):
    assert run("wall")[0] == 2
    assert run("wall", "--colour", "red", "--size", "0")[0] == 2


def test_two_options_of_one_name_are_refused():
    with pytest.raises(ValueError, match="size"):

        @spread
        def paint(*, size: Annotated[int, typer.Option()], wanted: Wanted) -> None: ...
