"""Measure how long a score and a what-if edit take, beside a plain loop over transformers, in one run.

    python benchmarks/whatif_latency.py --studies ctg-studies.json

A trial is warm: it has been scored before. Its edit replaces one criterion by a text never seen. The plain loop is what
one writes in twenty lines: the same weights in `AutoModel`, one text at a time, states of all layers, the mean at the
four levels, then the same heads; it knows nothing of what was scored before, so that it encodes the whole edited trial
again. Both are measured in turn on the same trials and threads; a ratio is the geometric mean over repeats with a 95%
interval (Student's t of its logarithm). Ends with 1 if the two do not give the same probability, or the edit is not 3
times faster.
"""
# ruff: noqa: INP001 (a script, not a package)

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cladmop import Trial, TrialOutcomeClassifier
from cladmop.encoders import weights
from cladmop.encoders.base import LEVELS
from cladmop.encoders.cache import StateCache
from cladmop.encoders.text import level_blocks
from cladmop.encoders.trial import TrialEncoder
from cladmop.sources.ctgov import trial_from_study
from cladmop.whatif import apply_edits, what_if
from cladmop.whatif.edits import ReplaceCriterion

FEWEST_ITEMS = 10
"""Criteria that a trial has at least to be measured."""
GOAL = 3.0
_NOTHING = 1e-6
"""Megabytes that no state fits into: every text is encoded whenever it is asked for."""
_TOLERANCE = 2e-3
"""By which probabilities may differ: states are kept in half precision, and sums run in another order."""


class PlainEncoder:
    """The language model, as one would call it."""

    name = "plain"
    causal = False

    def __init__(self, folder: Path, fingerprint: str) -> None:
        from transformers import AutoModel, AutoTokenizer

        self.fingerprint = fingerprint
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval()
        self.width = int(self._model.config.hidden_size)
        self._levels = level_blocks(self._model.config.num_hidden_layers)
        # Tokens of text that fit beside the two special ones.
        self._room = int(self._model.config.max_position_embeddings) - 2

    def encode(self, texts: Sequence[str], *, pool: bool) -> list[NDArray[np.float16]]:  # noqa: ARG002 (always pooled)
        """Return the mean state ``(LEVELS, 1, W)`` of each text; a text beyond the positions is cut."""
        found = []
        for text in texts:
            batch = self._tokenizer(text, return_tensors="pt", truncation=True, max_length=self._room + 2)
            with torch.inference_mode():
                states = self._model(**batch, output_hidden_states=True).hidden_states
            means = [states[level][0, 1:-1].mean(dim=0).numpy() for level in self._levels]
            found.append(np.stack(means).reshape(LEVELS, 1, -1).astype(np.float16))
        return found

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text."""
        return [len(self._tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]


class Seconds(NamedTuple):
    """One repeat."""

    score: float
    """A warm trial."""
    edit: float
    """A what-if with one new text: two scores and the interval of their difference."""
    plain_score: float
    plain_edit: float


def plain_model(folder: str, warm: TrialOutcomeClassifier) -> TrialOutcomeClassifier:
    """Return the same heads on the plain encoder, which forgets."""
    model = TrialOutcomeClassifier.from_pretrained(folder)
    own = warm.trial_encoder()
    named = Path(model.encoder)
    encoder = TrialEncoder(
        text=PlainEncoder(named if named.is_dir() else weights.verify(model.encoder), own.text.fingerprint),
        cache=StateCache(Path("unused")),
        unit=own.unit,
        structures=own.structures,
        molecules=own.molecules,
        resolver=own.resolver,
        diseases=own.diseases,
    )
    encoder.keep_in_memory(_NOTHING)
    model._trial_encoder = encoder  # noqa: SLF001 (other states under the same heads)
    return model


def long_enough(studies: Sequence[dict[str, Any]]) -> list[Trial]:
    """Return the trials with enough criteria."""
    trials = [trial_from_study(study, where="study") for study in studies]
    return [trial for trial in trials if len(trial.criteria) >= FEWEST_ITEMS and trial.inclusion]


def edits_of(trials: Sequence[Trial], repeats: int) -> list[tuple[Trial, Trial]]:
    """Return trials, each with an edit: its first criterion becomes one of another trial, amended."""
    found = []
    for repeat in range(repeats):
        trial, other = trials[repeat % len(trials)], trials[(repeat + 7) % len(trials)]
        text = f"{other.criteria[repeat % len(other.criteria)]} (amendment {repeat})"
        found.append((trial, apply_edits(trial, [ReplaceCriterion("inclusion", 1, text)])))
    return found


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and answer."""
    begin = time.perf_counter()
    answer = run()
    return time.perf_counter() - begin, answer


def measure(
    warm: TrialOutcomeClassifier, plain: TrialOutcomeClassifier, pairs: Sequence[tuple[Trial, Trial]]
) -> tuple[list[Seconds], float]:
    """Return seconds of each repeat, and by how much probabilities differ at most."""
    for trial, _ in pairs:
        warm.predict_trials([trial])
    plain.predict_proba([pairs[0][0]])
    found, difference = [], 0.0
    for trial, edited in pairs:
        score, _ = timed(lambda trial=trial: warm.predict_trials([trial]))
        plain_score, _ = timed(lambda trial=trial: plain.predict_proba([trial]))
        edit, said = timed(lambda trial=trial, edited=edited: what_if(warm, trial, edited))
        plain_edit, again = timed(lambda edited=edited: plain.predict_proba([edited]))
        difference = max(difference, abs(said.after.probability - float(again[0, 1])))
        found.append(Seconds(score, edit, plain_score, plain_edit))
    return found, difference


def ratio(ours: Sequence[float], plain: Sequence[float]) -> tuple[float, float, float]:
    """Return how many times slower the plain loop is, with its 95% interval."""
    from scipy.stats import t

    logs = [math.log(slow / fast) for fast, slow in zip(ours, plain, strict=True)]
    reach = float(t.ppf(0.975, len(logs) - 1)) * statistics.stdev(logs) / math.sqrt(len(logs))
    mean = statistics.fmean(logs)
    return math.exp(mean), math.exp(mean - reach), math.exp(mean + reach)


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=Path, required=True, help="a JSON list of version 2 studies")
    parser.add_argument("--repeats", type=int, default=40, help="2 or more")
    parser.add_argument("--model", default="default", help="model folder")
    parser.add_argument("--threads", type=int, default=1, help="threads of the language model")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trials = long_enough(json.loads(options.studies.read_bytes()))
    warm = TrialOutcomeClassifier.from_pretrained(options.model)
    warm.keep_in_memory()
    pairs = edits_of(trials, options.repeats)
    seconds, difference = measure(warm, plain_model(options.model, warm), pairs)
    columns = {name: [getattr(one, name) for one in seconds] for name in Seconds._fields}
    lines = ["| | ours, ms | plain loop, ms | times faster [95% interval] |", "| --- | ---: | ---: | ---: |"]
    faster = {}
    for name, what in (("score", "score of a warm trial"), ("edit", "what-if, one criterion rewritten")):
        ours, plain = columns[name], columns[f"plain_{name}"]
        faster[name], low, high = ratio(ours, plain)
        medians = " | ".join(f"{1000 * statistics.median(one):,.1f}" for one in (ours, plain))
        lines.append(f"| {what} | {medians} | {faster[name]:.1f} [{low:.1f}, {high:.1f}] |")
    items = statistics.median(len(trial.criteria) for trial, _ in pairs)
    sys.stdout.write(
        "\n".join(lines)
        + f"\n\n{options.repeats} repeats on {len(trials)} trials, threads: {options.threads}; criteria in the median: "
        f"{items:.0f}; "
        f"medians of times; largest difference of the probabilities {difference:.1e}\n"
    )
    sys.exit(0 if difference < _TOLERANCE and faster["edit"] >= GOAL else 1)


if __name__ == "__main__":
    main()
