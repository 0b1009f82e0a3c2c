"""What the test of the pages does otherwise than a reader would, each with its reason. There is nothing else."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """Wherever ``pattern`` is found in a step it reads ``instead``; ``\\1`` and the like as `re.sub` has them."""

    pattern: str
    instead: str
    reason: str


@dataclass(frozen=True)
class NotRun:
    """Steps whose text begins with ``pattern`` are not run; their verbs, options, targets and files are looked up."""

    pattern: str
    reason: str


CHANGES = (
    Change(r"\bDIR2\b", "top-repaired", "a folder of the reader's"),
    Change(r"\bDIR\b", "top", "TOP itself is fetched by each user; here stand invented rows"),
    Change(r"(cladmop predict NCT\d{8})", r"\1 --registry REGISTRY", "a pretended registry answers, not the real one"),
    Change(r"(cladmop corpus fetch \S+)", r"\1 --registry REGISTRY", "the same"),
    Change(r"(cladmop predict \S+\.pdf.*)", r"\1 --yes", "nobody sits there to confirm what was read"),
    Change(r"--encoder smollm2", "--encoder my-llm", "its weights (269 MB) are not on every machine; a tiny one is"),
    Change(
        r"(cladmop reproduce top\b)", r"\1 --pretrain-epochs 1 --finetune-epochs 1 --no-rivals", "epochs take minutes"
    ),
    Change(r"(cladmop (?:zero|few)-shot\b)", r"\1 --pretrain-epochs 1", "epochs take minutes"),
    Change(r"(few-shot .*?)(?:--k \d+ ?)+", r"\1--k 2 --draws 2 ", "each draw is a training"),
    Change(
        r"(cladmop ablate\b)",
        r'\1 --pretrain-epochs 1 --finetune-epochs 1 --folds 2 --only "S = 0"',
        "a variant is a training a fold",
    ),
    Change(r"(cladmop fit .*)network=", r"\1states=", "five networks take a minute; the Python beside it trains two"),
    Change(
        r'work_dir=Path\("runs/fit-python"\)',
        'network={"pretrain": {"epochs": 1}, "finetune": {"epochs": 1}}',
        "epochs take a minute",
    ),
    Change(
        r"(cladmop benchmark (?:top|corpus)\b)",
        r'\1 --quick --only "TF-IDF words" --bootstraps 20',
        "every rival takes 20 minutes even when quick",
    ),
    Change(r"(cladmop benchmark explanations\b)", r"\1 --draws 1 --shuffles 1", "half an hour on the real split"),
    Change(r"(cladmop score\b)", r"\1 --bootstraps 20", "resamples take seconds"),
    Change(r"(cladmop scale plan\b)", r"\1 --seconds 0.2", "it measures for ten seconds"),
    Change(r"--workers 2", "--workers 1", "two workers need a Ray cluster, which tests/scale starts"),
)
NOT_RUN = (
    NotRun(r"make ", "make sets up an environment of its own and runs this test"),
    NotRun(r"\. \.venv/bin/activate", "the environment that the tests run in"),
    NotRun(r"pip install ", "the tests install nothing"),
    NotRun(r"cladmop serve", "serves until it is stopped; the service that answers these pages runs beside the test"),
    NotRun(r"cladmop transfer", "trains on every fold for minutes; tests/test_transfer.py runs its parts"),
    NotRun(r"cladmop bench(?!mark)", "measures for minutes; tests/speed runs its parts"),
    NotRun(r"printf .*openssl", "makes a secret with a program that is not everywhere"),
    NotRun(r"(\w+=\S+ )*docker ", "needs a daemon of Docker; tests/packaging looks at its files"),
    NotRun(r"(?s).*\bOWNER/NAME\b", "a repository of the reader's on the hub, which tests/estimator pretends"),
    NotRun(r"python benchmarks/", "measures for minutes; tests/benchmarks runs its parts"),
)


def changed(text: str) -> str:
    """Return a step as the test runs it."""
    for change in CHANGES:
        text = re.sub(change.pattern, change.instead, text)
    return text


def not_run(text: str) -> NotRun | None:
    """Return the reason for which a step is not run; none if it is."""
    return next((one for one in NOT_RUN if re.match(one.pattern, text)), None)
