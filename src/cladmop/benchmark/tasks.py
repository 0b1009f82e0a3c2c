"""What the benchmark asks: trials to fit on, to stop by and to score; the labels of the last are read at the end."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cladmop.corpus.tables import CorpusTrial, read_corpus, read_manifest
from cladmop.errors import InputError
from cladmop.records import LabelledTrial, Trial
from cladmop.sources.top import PHASES, PhaseName, present_splits, read_labels, read_split
from cladmop.top_data import read_other_phases

LabelledTrials = tuple[list[Trial], list[int]]
"""Trials with their labels, 0 or 1."""
_VALID_SHARE = 0.1
"""Share of a corpus's past, latest first, that decides when to stop."""


@dataclass(frozen=True)
class Task:
    """One question of the benchmark."""

    name: str
    """As tables call it (``TOP phase I test``)."""
    slug: str
    """As folders and files call it (``top-I``)."""
    phase: PhaseName
    """Phase of the scored trials; a corpus of several counts as ``II``."""
    train: LabelledTrials
    """Trials to fit on."""
    valid: LabelledTrials
    """Trials that decide when to stop, and the threshold of F1."""
    test: list[Trial]
    """Trials to score, without labels."""
    others: LabelledTrials
    """Labelled trials of other phases, none of them in the sets above or in any test split."""
    read_labels: Callable[[], Mapping[str, int]]
    """Reads the labels of ``test``, by NCT id; called once all scores are stored."""
    note: str = ""
    """What the reader must know of the task."""
    published: PhaseName | None = None
    """Phase of TOP whose published figures may stand beside; none where nobody published any."""
    unseen: bool = True
    """Whether the scored trials are of a split that the shipped model was never trained on."""

    @property
    def successes(self) -> list[Trial]:
        """Successful trials of other phases, for pre-training."""
        return [trial for trial, label in zip(*self.others, strict=True) if label == 1]

    @property
    def digest(self) -> str:
        """Digest of the trials and labels that models may see: what a folder of scores is begun with."""
        seen = hashlib.sha256()
        for trials, labels in (self.train, self.valid, self.others, (self.test, [])):
            for trial in trials:
                seen.update(trial.model_dump_json().encode())
            seen.update(repr(list(labels)).encode())
        return seen.hexdigest()


def top_task(folder: Path, phase: PhaseName) -> Task:
    """Read one phase of TOP.

    Where its training split is not on disk the task is ``transfer``: models are fitted and stopped on the other phases
    and score this phase's test split, or its validation split where that is all there is.

    Raises
    ------
    MissingArtefactError, InputError
        If a file is missing or cannot be read.
    """
    present = present_splits(folder)
    if (phase, "train") not in present:
        return _transfer_task(folder, phase, "test" if (phase, "test") in present else "valid")
    train, valid, test = (read_split(folder, phase, split) for split in ("train", "valid", "test"))
    return Task(
        name=f"TOP phase {phase} test",
        slug=f"top-{phase}",
        phase=phase,
        train=labelled(train),
        valid=labelled(valid),
        test=[one.trial for one in test],
        others=labelled(read_other_phases(folder, phase)),
        read_labels=lambda: read_labels(folder, phase, "test"),
        published=phase,
    )


def _transfer_task(folder: Path, phase: PhaseName, judged: str) -> Task:
    present = present_splits(folder)
    teachers = [other for other in PHASES if other != phase and {(other, "train"), (other, "valid")} <= set(present)]
    if not teachers or (phase, judged) not in present:
        raise InputError(
            f"{folder} holds neither phase {phase}'s training split nor another phase's train and valid splits beside "
            f"a split of phase {phase} to score; run `cladmop top download {folder}`"
        )
    allowed = {one.outcome.nct_id: one for one in read_other_phases(folder, phase)}
    taken: set[str] = set()

    def pool(split: str) -> list[LabelledTrial]:
        found = []
        for teacher in teachers:
            for one in read_split(folder, teacher, split):  # type: ignore[arg-type] # "train" or "valid"
                nct_id = one.outcome.nct_id
                if nct_id in allowed and nct_id not in taken:
                    taken.add(nct_id)
                    found.append(one)
        return found

    train, valid = pool("train"), pool("valid")
    rest = [one for nct_id, one in allowed.items() if nct_id not in taken]
    source = " and ".join(teachers)
    return Task(
        name=f"TOP phase {phase} {judged}, transfer from {source}",
        slug=f"top-{phase}-transfer",
        phase=phase,
        train=labelled(train),
        valid=labelled(valid),
        test=[one.trial for one in read_split(folder, phase, judged)],  # type: ignore[arg-type] # "test" or "valid"
        others=labelled(rest),
        read_labels=lambda: read_labels(folder, phase, judged),  # type: ignore[arg-type] # as above
        note=f"Transfer: phase {phase}'s training split is not on disk; models were fitted and stopped on phase "
        f"{source} and never saw a trial of phase {phase}'s files.",
        published=phase if judged == "test" else None,
        unseen=judged == "test",
    )


def corpus_task(folder: Path, since: dt.date) -> Task:
    """Cut a corpus in time: completed (1) or stopped (0).

    Models learn from trials that ended before ``since`` and score those that started on or after it; trials that ran
    across it, or whose dates are not known, are left out. Of either outcome the last tenth to end decides when to stop.

    Raises
    ------
    MissingArtefactError, CorruptArtefactError
        If the corpus cannot be read.
    InputError
        If a side of the cut holds too few trials, or one class only.
    """
    everything = read_corpus(folder)
    past = [one for one in everything if (end := one.outcome.completion_date) is not None and end < since]
    past.sort(key=lambda one: (one.outcome.completion_date, one.outcome.nct_id))
    future = [one for one in everything if (start := one.trial.start_date) is not None and start >= since]
    late = {
        one.outcome.nct_id
        for outcome in (True, False)
        for one in _last_share([one for one in past if one.completed is outcome])
    }
    sides = {
        "fit on": [one for one in past if one.outcome.nct_id not in late],
        "stop by": [one for one in past if one.outcome.nct_id in late],
        "score": future,
    }
    for purpose, side in sides.items():
        if len({one.completed for one in side}) < 2:
            raise InputError(
                f"{folder}, cut at {since}: {len(side)} trials to {purpose}, not both completed and stopped ones; "
                "choose another date"
            )
    labels = {one.outcome.nct_id: int(one.completed) for one in future}
    slug = f"corpus-{since}-{str(read_manifest(folder)['content_sha256'])[:8]}"
    return Task(
        name=f"Corpus, completed or stopped, started {since} or later",
        slug=slug,
        phase="II",
        train=_completions(sides["fit on"]),
        valid=_completions(sides["stop by"]),
        test=[one.trial for one in future],
        others=([], []),
        read_labels=lambda: labels,
        note=f"Success is completion. Models were fitted on trials that ended before {since}; trials that ran across "
        "it are left out.",
    )


def labelled(trials: Sequence[LabelledTrial]) -> LabelledTrials:
    """Return trials and labels apart."""
    return [one.trial for one in trials], [one.success for one in trials]


def _last_share(trials: Sequence[CorpusTrial]) -> Sequence[CorpusTrial]:
    return trials[len(trials) - max(1, round(_VALID_SHARE * len(trials))) :]


def _completions(trials: Sequence[CorpusTrial]) -> LabelledTrials:
    return [one.trial for one in trials], [int(one.completed) for one in trials]
