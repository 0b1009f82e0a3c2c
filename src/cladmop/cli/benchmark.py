"""``cladmop benchmark``: every rival on one task, measured alike."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cladmop.cli.costs import note_encoding, note_scoring
from cladmop.cli.groups import spread
from cladmop.cli.options import (
    DataOption,
    ModelOption,
    PhaseGroup,
    PhaseOption,
    SeedOption,
    SplitName,
    note,
    print_table,
    say,
    show_table,
)

if TYPE_CHECKING:
    from cladmop.benchmark.tasks import Task

app = typer.Typer(help="Measure every rival alike, on one task.", no_args_is_help=True)

QuickOption = Annotated[
    bool,
    typer.Option("--quick", help="One seed, few draws, and no model that takes long: under 20 minutes on 2 cores."),
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", help="Run only models whose name holds this; repeat it.")
]
WithoutOption = Annotated[
    list[str] | None, typer.Option("--without", help="Leave out models whose name holds this; repeat it.")
]
SeedsOption = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Seeds of each random model; 3, or 1 if quick.")
]
DrawsOption = Annotated[
    int | None, typer.Option("--draws", min=2, help="Draws of each few-shot size; 20, or 5 if quick.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Runs folder; runs/benchmark/TASK, with -quick added if quick.")
]
MarkdownOption = Annotated[bool, typer.Option("--markdown", help="As Markdown, whole; else to fit the terminal.")]
BootstrapsOption = Annotated[int, typer.Option("--bootstraps", min=1, help="Resamples behind each interval.")]


@dataclass(frozen=True)
class RunOptions:
    """What takes part, how often, and where it is kept."""

    only: OnlyOption = None
    without: WithoutOption = None
    seeds: SeedsOption = None
    draws: DrawsOption = None
    bootstraps: BootstrapsOption = 1000
    out: OutOption = None
    quick: QuickOption = False


@app.command("top", short_help="One phase of TOP.")
@spread
def top(
    *,
    data: DataOption,
    phase: PhaseOption = PhaseGroup.I,
    run: RunOptions,
) -> None:
    """Fit and score every rival on one phase of TOP, then read the test labels once and print the tables.

    Every finished draw is kept in the runs folder: the same command continues a killed run. A phase whose training
    split is not on disk is scored by models of the other phases, which the name of the task says.
    """
    from cladmop.benchmark.tasks import top_task

    _run(top_task(data, phase.value), run)


@app.command("corpus", short_help="A corpus, cut in time.")
@spread
def corpus(
    *,
    folder: Annotated[Path, typer.Argument(help="Corpus, as `cladmop corpus build` wrote it.")],
    since: Annotated[
        dt.datetime,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Score trials that started on this day or later."),
    ],
    run: RunOptions,
) -> None:
    """Fit every rival on trials that ended before a day, and score those that started later: completed or stopped."""
    from cladmop.benchmark.tasks import corpus_task

    _run(corpus_task(folder, since.date()), run)


@app.command("list", short_help="What takes part.")
def list_models() -> None:
    """List every model of the benchmark with its kind and source."""
    from cladmop.benchmark.lineup import lineup
    from cladmop.evaluation.tables import Table

    rows = tuple((one.name, one.group, "yes" if one.quick else "", one.note) for one in lineup())
    print_table(Table("Models of the benchmark", ("model", "kind", "quick", "what it is"), rows, words=(0, 1, 2, 3)))


@app.command("table", short_help="Print stored results again.")
def table(
    results: Annotated[Path, typer.Argument(help="results.parquet, or the folder that holds it.")],
    phase: Annotated[
        PhaseGroup | None, typer.Option("--phase", help="Put published figures of this phase's test split beside.")
    ] = None,
    *,
    markdown: MarkdownOption = False,
) -> None:
    """Print the tables of a stored results file, all of them made of that file alone."""
    from cladmop.benchmark.measures import read_measures
    from cladmop.benchmark.tables import tables
    from cladmop.benchmark.whole import RESULTS

    measures = read_measures(results / RESULTS if results.is_dir() else results)
    for shown in tables(measures, phase.value if phase else None, narrow=not markdown):
        show_table(shown, markdown=markdown)


@app.command("trust", short_help="Calibration, outcome sets, distance.")
def trust(
    data: DataOption,
    phase: PhaseOption = PhaseGroup.I,
    model: ModelOption = "default",
    store: Annotated[
        Path | None, typer.Option("--store", help="Also write figures as JSON: MODEL/tested.json is shown by the page.")
    ] = None,
    *,
    markdown: MarkdownOption = False,
) -> None:
    """Measure a model's calibration, outcome sets and domain flag on the test split of one phase of TOP."""
    from cladmop.benchmark.trust import calibration_table, domain_table, judge, record, sets_table
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.sources.top import read_split
    from cladmop.storage import write_json

    labelled = read_split(data, phase.value, "test")
    fitted, trials = TrialOutcomeClassifier.from_pretrained(model), [one.trial for one in labelled]
    note_encoding(fitted, trials)
    note_scoring(fitted, trials)
    judged = judge(fitted, trials, [one.success for one in labelled])
    name = f"TOP phase {phase.value} test"
    for make in (calibration_table, sets_table, domain_table):
        show_table(make(judged, name), markdown=markdown)
    if store is not None:
        write_json(store, record(judged, name, f"cladmop benchmark trust --data DIR --phase {phase.value}"))
        note(f"stored in {store}")


@app.command("explanations", short_help="Do explanations hold?")
def explanations(
    data: DataOption,
    phase: PhaseOption = PhaseGroup.I,
    model: ModelOption = "default",
    split: Annotated[
        SplitName, typer.Option("--split", help="Trials to explain; labels are not read.")
    ] = SplitName.TEST,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Random orders of each trial's criteria.")] = 5,
    shuffles: Annotated[int, typer.Option("--shuffles", min=1, help="Models with shuffled weights.")] = 3,
    seed: SeedOption = 0,
    *,
    markdown: MarkdownOption = False,
) -> None:
    """Take criteria out and put them in, largest contribution first and at random, and shuffle the model's weights."""
    from cladmop.benchmark.explanation_tables import explanation_tables
    from cladmop.benchmark.explanations import Settings, check_explanations
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.sources.top import read_split

    trials = [one.trial for one in read_split(data, phase.value, split.value)]
    fitted = TrialOutcomeClassifier.from_pretrained(model)
    note_encoding(fitted, trials)
    checks = check_explanations(fitted, trials, Settings(draws, shuffles, seed), note)
    for shown in explanation_tables(checks, f"TOP phase {phase.value} {split.value}"):
        show_table(shown, markdown=markdown)


def _run(task: "Task", run: RunOptions) -> None:
    from cladmop.benchmark.bench import Bench
    from cladmop.benchmark.lineup import chosen
    from cladmop.benchmark.running import Size
    from cladmop.benchmark.tables import tables
    from cladmop.benchmark.whole import MARKDOWN, PAGE, RESULTS, measure_all, score_all

    folder = run.out or Path("runs") / "benchmark" / (task.slug + ("-quick" if run.quick else ""))
    size = Size(run.seeds or (1 if run.quick else 3), run.draws or (5 if run.quick else 20))
    contestants = chosen(run.only or [], run.without or [], quick=run.quick)
    bench = Bench(task, folder, note)
    note(
        f"{task.name}: {len(contestants)} models; {len(task.train[0]):,} trials to fit on, "
        f"{len(task.valid[0]):,} to stop by, {len(task.test):,} to score"
    )
    missing = score_all(bench, contestants, size)
    measures = measure_all(bench, contestants, missing, run.bootstraps)
    for shown in tables(measures, task.published, narrow=True):
        print_table(shown)
    say(f"stored in {folder}: {RESULTS}, {MARKDOWN}, {PAGE}")
