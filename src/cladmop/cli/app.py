"""The application: all verbs together. Heavy imports wait until a verb runs."""

import os
import sys
from typing import Annotated

import typer

from cladmop import __version__
from cladmop.cli import (
    ablate,
    bench,
    benchmark,
    cache,
    corpus,
    demo,
    evaluate,
    explain,
    extract,
    fit,
    models,
    predict,
    reproduce,
    scale,
    score,
    serve,
    shots,
    similar,
    top,
    transfer,
    whatif,
)
from cladmop.cli.streams import take_any_text
from cladmop.errors import CladmopError

app = typer.Typer(
    name="cladmop",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("predict", short_help="Score one trial or many.")(predict.predict)
app.command("explain", short_help="Show what drives a trial's score.")(explain.explain)
app.command("whatif", short_help="Show what an edit of a trial changes.")(whatif.whatif)
app.command("serve", short_help="Serve the page and the REST API.")(serve.serve)
app.command("extract", short_help="Read criteria out of a PDF or DOCX.")(extract.extract)
app.command("demo", short_help="Score the bundled examples, write a report.")(demo.demo)
app.command("evaluate", short_help="Measure score files against labels.")(evaluate.evaluate)
app.command("score", short_help="Score anyone's predictions on TOP.")(score.score)
app.command("fit", short_help="Train a model folder on labelled trials.")(fit.fit)
app.command("zero-shot", short_help="Score TOP by the match alone, no labels.")(shots.zero_shot)
app.command("few-shot", short_help="Train on k labelled trials of each class.")(shots.few_shot)
app.command("ablate", short_help="Measure what each part is worth.")(ablate.ablate)
app.command("transfer", short_help="Measure what pre-training is worth.")(transfer.transfer)
app.command("bench", short_help="Measure speed beside named rivals.")(bench.bench)
app.add_typer(similar.app, name="similar")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(corpus.app, name="corpus")
app.add_typer(scale.app, name="scale")
app.add_typer(reproduce.app, name="reproduce")
app.add_typer(top.app, name="top")
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")


def _print_version(value: bool) -> None:  # noqa: FBT001 (typer hands a flag's value over by position)
    if value:
        typer.echo(f"cladmop {__version__}")
        raise typer.Exit


@app.callback()
def cladmop(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """How likely is a clinical trial to succeed? Prediction from what is known before it starts."""


_NN = ("chemicals", "crepes", "gguf", "huggingface_hub", "peft", "rdkit", "sacremoses", "torch", "transformers")
_SERVE = ("fastapi", "h11", "prometheus_client", "uvicorn")
_EXTRAS = {**dict.fromkeys(_NN, "nn"), **dict.fromkeys(_SERVE, "serve")}
"""Which extra brings a package that a verb may miss."""


def main() -> None:
    """Run the command line; what the user can mend is one line on standard error and exit code 2."""
    take_any_text()
    # Threads that wait for others sleep: spinning, they would take the core of whoever they wait for.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app()
    except CladmopError as error:
        _refuse(str(error))
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _refuse(f"this needs {error.name}, which is not installed; pip install 'cladmop[{extra}]'")


def _refuse(reason: str) -> None:
    sys.stderr.write(f"error: {' '.join(reason.split())}\n")
    sys.exit(2)
