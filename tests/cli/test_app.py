"""The command line as a whole: quick, light, and one line for what the user can mend."""

import json
import subprocess
import sys
import time

import pytest

from cladmop import __version__

VERBS = (
    "", "predict", "demo", "evaluate", "fit", "zero-shot", "few-shot", "ablate", "reproduce", "reproduce top",
    "reproduce table", "top", "top download", "models", "models get", "models list", "cache", "cache list",
    "cache evict", "benchmark", "benchmark top", "benchmark corpus", "benchmark list", "benchmark table", "score",
)  # fmt: skip
HEAVY = ("torch", "transformers", "peft", "rdkit", "sklearn", "scipy", "numpy", "polars", "pandas", "matplotlib")


def test_help_answers_at_once(environment):
    took = []
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "cladmop", "--help"], env=environment, capture_output=True, text=True, check=True
        )
        took.append(time.perf_counter() - started)
    assert "predict" in done.stdout
    assert min(took) < 0.5, took


def test_help_imports_nothing_heavy(environment):
    code = (
        "import json, sys\nfrom cladmop.cli.app import app\n"
        "for verb in json.loads(sys.argv[1]):\n"
        "    app([*verb.split(), '--help'], standalone_mode=False)\n"
        "print('\\n' + json.dumps(sorted(set(sys.modules) & set(json.loads(sys.argv[2])))))"
    )
    arguments = [sys.executable, "-c", code, json.dumps(VERBS), json.dumps(HEAVY)]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("verb", VERBS)
def test_help_fits_a_terminal(cladmop, verb):
    done = cladmop(*verb.split(), "--help")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "..." not in done.out.partition("Commands:")[2], "a short help is cut"


def test_version(cladmop):
    assert cladmop("--version").out == f"cladmop {__version__}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["predict"], ["reproduce", "top", "--phase", "4"]])
def test_wrong_usage_is_code_2(cladmop, arguments):
    done = cladmop(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


def test_a_reader_that_leaves_is_no_error(environment, tmp_path):
    command = f"{sys.executable} -m cladmop models list | head -c 1"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
