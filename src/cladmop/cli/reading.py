"""The INPUT of a verb that scores trials, and the options that go with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.options import note
from cladmop.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cladmop.records import Trial

InputArgument = Annotated[
    Path,
    typer.Argument(
        metavar="INPUT",
        help="Trial as JSON (ours, or a ClinicalTrials.gov v2 study), JSON Lines or CSV of many, criteria as text, "
        "a protocol as PDF or Word (.docx), or an NCT id to ask the registry for.",
    ),
]
DrugNamesOption = Annotated[list[str] | None, typer.Option("--drug", help="Drug of a text or protocol; repeat it.")]
ConditionsOption = Annotated[
    list[str] | None, typer.Option("--condition", help="Condition of a text or protocol; repeat it.")
]
TextPhaseOption = Annotated[
    str | None, typer.Option("--phase", help="Phase of a text or protocol, or of trials without one.")
]
RegistryOption = Annotated[
    str | None,
    typer.Option("--registry", metavar="URL", help="API v2 that answers for an NCT id, if not ClinicalTrials.gov."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Take what was read from a protocol without asking.")]


@dataclass(frozen=True)
class GivenOptions:
    """What is said of a trial beside its INPUT."""

    drug: DrugNamesOption = None
    condition: ConditionsOption = None
    phase: TextPhaseOption = None
    registry: RegistryOption = None

    def read(self, source: Path, *, yes: bool) -> "list[Trial]":
        """Read the trials of an INPUT (`read_input`)."""
        return read_input(source, self.drug or (), self.condition or (), self.phase, self.registry, yes=yes)


def read_input(
    source: Path,
    drug: "Sequence[str]" = (),
    condition: "Sequence[str]" = (),
    phase: str | None = None,
    registry: str | None = None,
    *,
    yes: bool = False,
) -> "list[Trial]":
    """Read the trials that a verb's INPUT names: a file of any kind, or an NCT id to ask the registry for.

    What is found in a protocol (PDF, Word) is shown on standard error, and a person is asked whether it is right.

    Parameters
    ----------
    source
        The INPUT as it was typed.
    drug, condition, phase, registry
        The options of the same names.
    yes
        Whether what is found in a protocol is taken without asking.

    Raises
    ------
    InputError
        If the input cannot be read or used, or nobody confirms what was found in a protocol; the message says what
        to do.
    """
    from cladmop.sources.api import looks_like_nct_id
    from cladmop.sources.documents import document_kind
    from cladmop.sources.inputs import read_trials

    if document_kind(source) is not None:
        return [confirmed_trial(source, drug, condition, phase, yes=yes)]
    if not looks_like_nct_id(str(source)) or source.exists():
        return read_trials(source, drugs=drug, conditions=condition, phase=phase)
    if drug or condition:
        raise InputError(f"--drug and --condition go with a text file of criteria; {source} names its own")
    return [registered_trial(str(source).upper(), registry, phase)]


def confirmed_trial(
    path: Path, drug: "Sequence[str]", condition: "Sequence[str]", phase: str | None, *, yes: bool
) -> "Trial":
    """Show what is found in a protocol on standard error, and return it as a trial once a person says it is right."""
    import sys

    from cladmop.cli.extract import found_in, report_lines

    extraction, trial = found_in(path, drug, condition, phase)
    for line in report_lines(path, extraction):
        note(line)
    if yes:
        return trial
    instead = f"run `cladmop extract {path} --out trial.json`, check trial.json and give that file instead"
    if not sys.stdin.isatty():
        raise InputError(f"{path}: nobody can be asked whether these criteria are right; {instead}, or add --yes")
    if not typer.confirm("Are these the trial's criteria?", err=True):
        raise InputError(f"{path}: not scored; {instead}")
    return trial


def registered_trial(nct_id: str, registry: str | None, phase: str | None) -> "Trial":
    """Return the trial that the registry holds under an NCT id, and say on standard error which version it is."""
    from cladmop.records import Phase
    from cladmop.sources.api import REGISTRY, RegistryApi, read_study, version_of
    from cladmop.sources.ctgov import trial_from_study
    from cladmop.sources.fields import require_content

    given = Phase.parse(phase, where="--phase") if phase is not None else Phase.NOT_APPLICABLE
    study = read_study(RegistryApi(registry or REGISTRY, say=note).study(nct_id))
    note(
        f"{nct_id}: {version_of(study, nct_id)}; the registry serves the latest version; "
        "criteria may have been edited after the start"
    )
    trial = trial_from_study(study, where=nct_id)
    require_content(trial, nct_id)
    return trial.model_copy(update={"phase": given}) if trial.phase is Phase.NOT_APPLICABLE else trial
