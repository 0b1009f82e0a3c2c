"""What a verb will cost, said on standard error before it works; nothing where one trial is scored."""

from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from cladmop.cli.options import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.records import Trial

Answer = TypeVar("Answer")
_ROWS = 1_000
_EIGHTH = 8
_SEVERAL = 10
_MANY, _TIMED = 100, 24
"""From so many trials on the first few are timed."""


def note_encoding(model: "TrialOutcomeClassifier", trials: "Sequence[Trial]") -> None:
    """Say what encoding will take, from ten trials on; a model that reads no hidden states encodes none."""
    from cladmop.pipeline import encoding_cost

    if len(trials) >= _SEVERAL and (model.states_ is not None or model.networks_):
        encoder = model.trial_encoder()
        note(f"{len(trials):,} trials; {encoding_cost(encoder, encoder.forecast(trials, timed=True))}")


def note_scoring(model: "TrialOutcomeClassifier", trials: "Sequence[Trial]") -> None:
    """Say how long scoring many trials will take once they are encoded; the first ones are scored to tell."""
    from cladmop.training.cost import duration, extrapolated, gigabytes, memory_used

    if len(trials) < _MANY:
        return
    seconds = extrapolated(lambda number: model.predict_trials(trials[:number]), _TIMED, len(trials))
    note(f"scoring them: about {duration(seconds)}, about {gigabytes(memory_used())} of memory")


def note_fit(
    model: "TrialOutcomeClassifier", trials: "Sequence[Trial]", labels: "Sequence[int]", folder: "Path"
) -> None:
    """Say what fitting a model will take: encoding, the networks of its folds, and the regressions beside them.

    Parameters
    ----------
    model
        Not fitted yet.
    trials, labels
        What it will be fitted on.
    folder
        Keeps its networks.
    """
    from cladmop.estimator.classifier import NETWORK_CHANGES, PARTS, TEXTS
    from cladmop.estimator.members import STATES
    from cladmop.estimator.parts import NETWORK
    from cladmop.pipeline import NetworkSettings, encode_trials, forecast_training
    from cladmop.training.cost import duration

    parts = set(model.parts or PARTS)
    if parts & {STATES, NETWORK}:
        encoder = model.trial_encoder()
        (encoded,) = encode_trials(encoder, [trials], note)
    if NETWORK in parts:
        changes: dict[str, Any] = {name: dict(one) for name, one in (model.network or NETWORK_CHANGES).items()}
        settings = NetworkSettings(preset=model.preset, pretraining=model.pretraining, seed=model.seed, **changes)
        kept = [row for row in range(len(trials)) if row % model.folds]
        train = [encoded[row] for row in kept], [labels[row] for row in kept]
        places = [folder / f"fold-{number}" for number in range(model.folds)]
        forecast = forecast_training(
            settings, train, ([], []), [], [place / "pretrained" for place in places],
            [place / "finetuned" for place in places], len(trials) // model.folds,
        )  # fmt: skip
        note(f"training: {forecast}")
    seconds = sum(_text_seconds(trials, labels) for part in TEXTS if part in parts) * (model.folds + 1)
    if seconds:
        note(f"text models: {model.folds + 1} fits each, about {duration(seconds)}; regressions take less")


def _text_seconds(trials: "Sequence[Trial]", labels: "Sequence[int]") -> float:
    """Fit a text model on every eighth trial, and return what all would take."""
    from cladmop.rivals.tfidf import TextModel, TextSettings

    step = _EIGHTH if len(set(labels[::_EIGHTH])) == 2 else 1
    for _ in range(2):  # The first one loads scikit-learn.
        start = perf_counter()
        TextModel(TextSettings.words()).fit(trials[::step], labels[::step])
    return (perf_counter() - start) * step


def answered(
    trials: "Sequence[Trial]", answer: "Callable[[Trial], Answer]", what: str
) -> "Iterator[tuple[Trial, Answer]]":
    """Yield each trial with its answer; where there are several, the first one tells how long the others will take.

    Parameters
    ----------
    trials
        To be answered one by one.
    answer
        Answers for a trial.
    what
        What is done, for people: "explaining".
    """
    from cladmop.training.cost import duration, gigabytes, memory_used

    start = perf_counter()
    for number, trial in enumerate(trials):
        found = answer(trial)
        if number == 0 and len(trials) > 1:
            seconds = (perf_counter() - start) * (len(trials) - 1)
            note(
                f"{what} {len(trials):,} trials: about {duration(seconds)} more if all take as long as the first, "
                f"about {gigabytes(memory_used())} of memory"
            )
        yield trial, found


def note_files(folder: "Path", seconds: float, megabytes: float) -> None:
    """Say how much of TOP is read, and for how long.

    Parameters
    ----------
    folder
        With TOP's files.
    seconds
        What a thousand rows took on two cores.
    megabytes
        Memory that was held for 2,500 rows, nearly all of it the packages that know drugs.
    """
    from cladmop.sources.top import present_splits, read_rows, split_path
    from cladmop.training.cost import duration

    files = [split_path(folder, phase, split) for phase, split in present_splits(folder)]
    rows = sum(len(read_rows(path, outcomes=False)) for path in files)
    size = sum(path.stat().st_size for path in files)
    expected = f"about {duration(seconds * rows / _ROWS)} on two cores, about {megabytes / 1e3:,.1f} GB of memory"
    note(f"{len(files)} files, {rows:,} rows, {size / 1e6:,.1f} MB to read: {expected}")
