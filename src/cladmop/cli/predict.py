"""``cladmop predict``: score one trial or many."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.options import note, say
from cladmop.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cladmop.drugs.resolve import Resolution
    from cladmop.estimator import Prediction
    from cladmop.records import Trial


def predict(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="Trial as JSON (ours, or a ClinicalTrials.gov v2 study), JSON Lines or CSV of many, criteria as text, "
            "a protocol as PDF or Word (.docx), or an NCT id to ask the registry for.",
        ),
    ],
    model: Annotated[str, typer.Option("--model", help="Model folder, or `default` for the shipped one.")] = "default",
    drug: Annotated[list[str] | None, typer.Option("--drug", help="Drug of a text or protocol; repeat it.")] = None,
    condition: Annotated[
        list[str] | None, typer.Option("--condition", help="Condition of a text or protocol; repeat it.")
    ] = None,
    phase: Annotated[
        str | None, typer.Option("--phase", help="Phase of a text or protocol, or of trials without one.")
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option("--registry", metavar="URL", help="API v2 that answers for an NCT id, if not ClinicalTrials.gov."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write a score file (nctid,score).")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Score what was read from a protocol without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a trial on standard output.")] = False,
) -> None:
    """Print the probability of success of each trial with its interval, its base rate, drug mapping and warnings."""
    trials = read_input(source, drug or (), condition or (), phase, registry, yes=yes)

    from cladmop.estimator import TrialOutcomeClassifier

    predictions = TrialOutcomeClassifier.from_pretrained(model).predict_trials(trials)
    if out is not None:
        write_score_file(out, predictions)
        note(f"scores written to {out}")
    if as_json:
        for prediction in predictions:
            say(json.dumps(prediction.to_json(), ensure_ascii=False))
    else:
        print_predictions(predictions)


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


def write_score_file(path: Path, predictions: "Sequence[Prediction]") -> None:
    """Write ``nctid,score`` for the trials that have an NCT id."""
    from cladmop.evaluation.scores import write_scores

    nameless = [row for row, prediction in enumerate(predictions, start=1) if prediction.trial.nct_id is None]
    if nameless:
        raise InputError(f"--out {path}: trial {nameless[0]} has no NCT id; score files are keyed by it, use --json")
    write_scores(path, {str(p.trial.nct_id): p.probability for p in predictions})


def print_predictions(predictions: "Sequence[Prediction]") -> None:
    """Print a table, then what else is said of each trial, readable at 80 columns."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Probability of success", title_justify="left")
    table.add_column("trial", overflow="fold")
    table.add_column("phase")
    table.add_column("probability", justify="right")
    table.add_column(_interval_heading(predictions), justify="right")
    table.add_column("base rate", justify="right")
    for prediction in predictions:
        base = prediction.base_rate
        table.add_row(
            Text(prediction.label()),
            prediction.trial.phase.value,
            f"{prediction.probability:.2f}",
            "" if prediction.interval is None else f"{prediction.interval.low:.2f}-{prediction.interval.high:.2f}",
            f"{base.rate:.2f} (phase {base.group})" if base.group != "all" else f"{base.rate:.2f} (all)",
        )
    console = Console()
    console.print(table)
    for prediction in predictions:
        console.print(f"\n{prediction.label()}", markup=False, highlight=False)
        remarks = Table.grid(padding=(0, 1))
        for kind, text in _remarks(prediction):
            remarks.add_row(f"  {kind}", Text(text))
        if remarks.row_count:
            console.print(remarks, highlight=False)


def _interval_heading(predictions: "Sequence[Prediction]") -> str:
    level = next((one.interval.level for one in predictions if one.interval is not None), None)
    return "interval" if level is None else f"{level:.0%} interval"


def _remarks(prediction: "Prediction") -> "Iterator[tuple[str, str]]":
    """Yield each remark on a trial with its kind."""
    if prediction.sets:
        yield "set", max(prediction.sets, key=lambda one: one.level).words()
    yield from (("drug", _mapping(drug)) for drug in prediction.drugs)
    yield from (("note", warning) for warning in prediction.warnings)


def _mapping(drug: "Resolution") -> str:
    read_as = "" if drug.name.casefold() == drug.query.casefold() else f"read as {drug.name}, "
    if drug.inchikey is None:
        return f"{drug.query}: {read_as}no structure ({drug.kind.value})"
    doubt = f", confidence {drug.confidence:.2f}" if drug.confidence < 1 else ""
    disputed = f"; disputed by {', '.join(drug.conflict)}" if drug.conflict else ""
    return f"{drug.query}: {read_as}{drug.inchikey} ({drug.source}{doubt}{disputed})"
