"""``cladmop whatif``: the score of a trial written differently."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cladmop.cli import reading
from cladmop.cli.options import ModelOption, print_table, say
from cladmop.errors import InputError

if TYPE_CHECKING:
    from cladmop.records import Trial
    from cladmop.whatif import Edit, Ranking, WhatIf

Value = TypeVar("Value")
Numbers = Annotated[list[int] | None, typer.Option(metavar="NUMBER", help="Criterion taken out; repeat it.")]
Texts = Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Criterion put in; repeat it.")]
Pairs = Annotated[list[str] | None, typer.Option(metavar="NUMBER=TEXT", help="Criterion rewritten; repeat it.")]


def whatif(
    source: reading.InputArgument,
    model: ModelOption = "default",
    remove_inclusion: Numbers = None,
    remove_exclusion: Numbers = None,
    add_inclusion: Texts = None,
    add_exclusion: Texts = None,
    replace_inclusion: Pairs = None,
    replace_exclusion: Pairs = None,
    drop_drug: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Drug taken out; repeat it.")] = None,
    add_drug: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Drug put in; repeat it.")] = None,
    swap_drug: Annotated[list[str] | None, typer.Option(metavar="OLD=NEW", help="Drug exchanged; repeat it.")] = None,
    drop_disease: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Disease taken out; repeat it.")
    ] = None,
    add_disease: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Disease put in; repeat it.")] = None,
    phase: Annotated[str | None, typer.Option("--phase", help="Phase it would have instead.")] = None,
    drug: reading.DrugNamesOption = None,
    condition: reading.ConditionsOption = None,
    given_phase: Annotated[
        str | None, typer.Option("--given-phase", help="Phase of a text file, or of a trial without one.")
    ] = None,
    registry: reading.RegistryOption = None,
    *,
    yes: reading.YesOption = False,
    rank: Annotated[
        bool, typer.Option("--rank", help="Take out each criterion in turn, and rank them by what that does.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Print the probability of success before and after edits, or of each criterion's removal.

    Numbers are those of the trial as given, from 1 on each side. What is printed is an association in past trials.
    """
    from cladmop.whatif import edits as made

    edits = [
        *_each(remove_inclusion, lambda item: made.RemoveCriterion("inclusion", item)),
        *_each(remove_exclusion, lambda item: made.RemoveCriterion("exclusion", item)),
        *_each(replace_inclusion, lambda pair: made.ReplaceCriterion("inclusion", *_numbered(pair))),
        *_each(replace_exclusion, lambda pair: made.ReplaceCriterion("exclusion", *_numbered(pair))),
        *_each(add_inclusion, lambda text: made.AddCriterion("inclusion", _filled(text, "--add-inclusion"))),
        *_each(add_exclusion, lambda text: made.AddCriterion("exclusion", _filled(text, "--add-exclusion"))),
        *_each(drop_drug, made.RemoveDrug),
        *_each(swap_drug, lambda pair: made.SwapDrug(*_pair(pair, "--swap-drug", "OLD=NEW"))),
        *_each(add_drug, lambda name: made.AddDrug(_filled(name, "--add-drug"))),
        *_each(drop_disease, made.RemoveDisease),
        *_each(add_disease, lambda name: made.AddDisease(_filled(name, "--add-disease"))),
        *_each([phase] if phase is not None else None, _phase),
    ]
    if rank and edits:
        raise InputError("--rank ranks the criteria of the trial as given; leave the edits out, or leave --rank out")
    if not rank and not edits:
        raise InputError("what-if: no edit; give one such as --remove-inclusion 3, or --rank (see --help)")
    trials = reading.read_input(source, drug or (), condition or (), given_phase, registry, yes=yes)
    if len(trials) != 1:
        raise InputError(f"{source}: {len(trials)} trials; edits are of one trial, so give a file that holds one")
    (trial,) = trials
    answer = _ask(model, trial, edits)
    if as_json:
        say(json.dumps({"nctid": trial.nct_id, **answer.to_json()}, ensure_ascii=False))
    else:
        _print(answer)


def _ask(model: str, trial: "Trial", edits: "Sequence[Edit]") -> "WhatIf | Ranking":
    from cladmop.whatif import apply_edits, rank_removals, what_if

    edited = apply_edits(trial, edits) if edits else None

    from cladmop.estimator import TrialOutcomeClassifier

    fitted = TrialOutcomeClassifier.from_pretrained(model)
    return rank_removals(fitted, trial) if edited is None else what_if(fitted, trial, edited, edits)


def _each(values: Sequence[Value] | None, make: "Callable[[Value], Edit]") -> "list[Edit]":
    return [make(value) for value in values or ()]


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    before, mark, after = text.partition("=")
    if not mark or not before.strip() or not after.strip():
        raise InputError(f'{option} {text!r}: write it as {form}, in quotation marks: {option} "{form}"')
    return before.strip(), after.strip()


def _numbered(text: str) -> tuple[int, str]:
    number, criterion = _pair(text, "--replace-inclusion or --replace-exclusion", "NUMBER=TEXT")
    if not number.isdecimal():
        raise InputError(f"{text!r}: {number!r} is not the number of a criterion; write it as 3=TEXT")
    return int(number), criterion


def _filled(text: str, option: str) -> str:
    if not text.strip():
        raise InputError(f"{option} {text!r}: empty; give a text")
    return text.strip()


def _phase(text: str) -> "Edit":
    from cladmop.records import Phase
    from cladmop.whatif.edits import ChangePhase

    return ChangePhase(Phase.parse(text, where="--phase"))


def _print(answer: "WhatIf | Ranking") -> None:
    from rich.console import Console

    from cladmop.whatif import WhatIf

    if not isinstance(answer, WhatIf):
        _print_ranking(answer)
        return
    before, after, change = answer.before, answer.after, answer.change
    for line in answer.changed:
        say(f"- {line}")
    say(f"before  {before.probability:.3f} [{before.low:.3f}, {before.high:.3f}]")
    say(f"after   {after.probability:.3f} [{after.low:.3f}, {after.high:.3f}]")
    sure = "" if change.sure else ", its sign is not sure"
    say(f"change  {100 * change.points:+.1f} points [{100 * change.low:+.1f}, {100 * change.high:+.1f}]{sure}")
    Console().print(f"90% intervals, from the model's bootstrap refits. {answer.note}", markup=False, highlight=False)


def _print_ranking(ranking: "Ranking") -> None:
    from cladmop.evaluation.tables import Table
    from cladmop.explain.summary import quoted

    rows = tuple(
        (
            f"{one.side} {one.item} {quoted(one.text)}",
            f"{100 * one.points:+.1f}",
            f"{100 * one.low:+.1f} to {100 * one.high:+.1f}",
            "yes" if one.sure else "no",
        )
        for one in ranking.removals
    )
    caption = f"Probability {ranking.before.probability:.3f}; points it would gain without one criterion"
    print_table(Table(caption, ("without", "points", "90% interval", "sure"), rows, ranking.note))
