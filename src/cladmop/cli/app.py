"""The application: all verbs together. Heavy imports wait until a verb runs."""

import sys

import typer

from cladmop.cli import ablate, cache, demo, evaluate, fit, models, predict, reproduce, shots, top
from cladmop.errors import CladmopError

app = typer.Typer(
    name="cladmop",
    help="How likely is a clinical trial to succeed? Prediction from what is known before it starts.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("predict")(predict.predict)
app.command("fit")(fit.fit)
app.command("evaluate")(evaluate.evaluate)
app.command("ablate")(ablate.ablate)
app.command("zero-shot")(shots.zero_shot)
app.command("few-shot")(shots.few_shot)
app.command("demo")(demo.demo)
app.add_typer(reproduce.app, name="reproduce")
app.add_typer(top.app, name="top")
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")


def main() -> None:
    """Run the command line; what the user can mend is one line on standard error and exit code 2."""
    try:
        app()
    except CladmopError as error:
        message = " ".join(str(error).split())
        sys.stderr.write(f"error: {message}\n")
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has left (`cladmop predict ... | head`).
        sys.stderr.close()
        sys.exit(141)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command continues where it was\n")
        sys.exit(130)
