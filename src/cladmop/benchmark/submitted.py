"""Anyone's predictions under the protocol of the benchmark, beside the simple rivals that need no language model."""

from collections.abc import Sequence
from pathlib import Path

from cladmop.benchmark.bench import Bench
from cladmop.benchmark.measures import Measure
from cladmop.benchmark.measuring import Measurer, Scored
from cladmop.benchmark.running import Size, reference_of, run, scored_rows
from cladmop.benchmark.simple import text_contestants
from cladmop.benchmark.subsets import subsets_of
from cladmop.benchmark.tasks import Task
from cladmop.config import home
from cladmop.errors import InputError
from cladmop.evaluation.scores import read_scores
from cladmop.reproduce import Say

THEIRS = "Yours"
"""Name of the row of the given predictions."""


def measure_submission(
    task: Task, predictions: Sequence[Path], valid: Sequence[Path], say: Say, n_bootstrap: int = 1000
) -> list[Measure]:
    """Measure given predictions as the benchmark does: metrics, subsets, paired differences from the reference.

    The simple rivals are fitted once for each state of the task's data, and kept in cladmop's folder.

    Parameters
    ----------
    task
        The question; its labels are read here.
    predictions
        Score files of the scored trials, one a seed.
    valid
        Score files of the validation trials, one a seed, to choose the F1 threshold on; none for one half.
    say
        Told what is going on.
    n_bootstrap
        Resamples behind each interval.

    Raises
    ------
    InputError
        If a file misses a trial or is malformed, or the numbers of files differ.
    MissingArtefactError
        If a file is not there.
    """
    if valid and len(valid) != len(predictions):
        raise InputError(f"{len(predictions)} files of predictions but {len(valid)} of validation; give one for each")
    note = ", ".join(path.name for path in predictions)
    scores, valid_scores = ([read_scores(path) for path in paths] for paths in (predictions, valid))
    theirs = Scored(THEIRS, "submitted", note, scores, valid_scores, headline=True)
    bench = Bench(task, home() / "protocol" / f"{task.slug}-{task.digest[:12]}", say)
    simple = text_contestants()
    run(bench, simple, Size())
    reference, on_folds = reference_of(bench, simple)
    subsets = subsets_of(bench.trial_encoder(), task.train[0], task.test)
    measurer = Measurer(task, reference, subsets, n_bootstrap)
    rows = [theirs, *scored_rows(bench, simple)]
    return [*measurer.measure(rows), *measurer.on_folds(on_folds)]
