"""One phase of TOP, and the trials of the past that pre-training may learn from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cladmop.corpus.rules import Group
from cladmop.corpus.tables import CorpusTrial, read_corpus, read_manifest
from cladmop.records import LabelledTrial, Trial
from cladmop.sources.tables import read_table
from cladmop.sources.top import PHASES, SPLITS, PhaseName, read_split, split_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cladmop.encoders.base import EncodedTrial
    from cladmop.training.cohort import PretrainTrials


@dataclass(frozen=True)
class TopData:
    """One phase of TOP, and the past trials that pre-training may see beside its training split."""

    phase: PhaseName
    train: list[LabelledTrial]
    valid: list[LabelledTrial]
    test: list[Trial]
    """Without labels: scoring does not need them."""
    successes: list[Trial]
    """Label-1 trials of the other phases' training and validation files on disk; none of this phase, of any test
    split, or twice."""
    corpus: tuple[CorpusTrial, ...] = ()
    """Trials of a corpus; none of this phase's splits, of any test split, or among ``successes``."""
    corpus_digest: str = ""
    """Digest of that corpus; empty without one."""

    def trials(self, split: Literal["train", "valid"]) -> list[Trial]:
        """Return the trials of a labelled split."""
        return [labelled.trial for labelled in getattr(self, split)]

    def labels(self, split: Literal["train", "valid"]) -> list[int]:
        """Return the labels of a labelled split."""
        return [labelled.success for labelled in getattr(self, split)]

    @property
    def past(self) -> list[Trial]:
        """The further trials of pre-training: the other phases' successes, then those of the corpus."""
        return [*self.successes, *(one.trial for one in self.corpus)]

    def pool(self, encoded: "Sequence[EncodedTrial]") -> "PretrainTrials":
        """Return the trials of ``past``, encoded, with what each may teach.

        All successes take part in pair matching; whether a trial completed is known of those of the corpus.
        """
        from cladmop.training.cohort import UNKNOWN, PretrainTrials

        successful = [True] * len(self.successes) + [one.group is Group.SUCCESSFUL for one in self.corpus]
        completed = [UNKNOWN] * len(self.successes) + [int(one.completed) for one in self.corpus]
        return PretrainTrials(encoded, np.array(successful, np.bool_), np.array(completed, np.int8))

    def named(self, model: str, mark: str = ", corpus") -> str:
        """Return the name of a model or folder, marked where a corpus takes part in pre-training."""
        return f"{model}{mark}" if self.corpus_digest else model

    def identity(self) -> dict[str, Any]:
        """Return what a folder of runs is begun with: the phase, and the digest of the corpus if there is one."""
        return {"phase": self.phase, **({"corpus": self.corpus_digest} if self.corpus_digest else {})}


def read_top_data(folder: Path, phase: PhaseName, corpus: Path | None = None) -> TopData:
    """Read one phase's splits, and the pool of past trials.

    Parameters
    ----------
    folder
        With TOP's files.
    phase
        Which of them.
    corpus
        Folder of a corpus to pre-train on; trials of this phase's splits and of any test split are left out, whatever
        the corpus was built with.

    Raises
    ------
    MissingArtefactError, InputError, CorruptArtefactError
        If a file of the phase or of the corpus is missing or cannot be read.
    """
    splits = {split: read_split(folder, phase, split) for split in SPLITS}
    successes = [labelled.trial for labelled in read_other_phases(folder, phase) if labelled.success == 1]
    test = [labelled.trial for labelled in splits["test"]]
    data = TopData(phase, splits["train"], splits["valid"], test, successes)
    if corpus is None:
        return data
    digest = str(read_manifest(corpus)["content_sha256"])
    taken = _own_and_test(folder, phase) | {str(trial.nct_id) for trial in successes}
    kept = tuple(one for one in read_corpus(corpus) if one.outcome.nct_id not in taken)
    return TopData(phase, data.train, data.valid, test, successes, kept, digest)


def read_other_phases(folder: Path, phase: PhaseName) -> list[LabelledTrial]:
    """Read the other phases' training and validation trials on disk, each once.

    Trials of any split of ``phase``, and of any test split, are left out: a "phase 1/phase 2" trial stands in the
    files of both phases.
    """
    taken = _own_and_test(folder, phase)
    found: dict[str, LabelledTrial] = {}
    for other in PHASES:
        for split in ("train", "valid"):
            if other != phase and split_path(folder, other, split).is_file():
                for labelled in read_split(folder, other, split):
                    found.setdefault(labelled.outcome.nct_id, labelled)
    return [labelled for nct_id, labelled in found.items() if nct_id not in taken]


def _own_and_test(folder: Path, phase: PhaseName) -> set[str]:
    """Return the numbers in the splits of a phase and in any test split on disk."""
    own = [split_path(folder, phase, split) for split in SPLITS]
    tests = [split_path(folder, other, "test") for other in PHASES]
    present = [path for path in {*own, *tests} if path.is_file()]
    return {row["nctid"].strip() for path in present for row in read_table(path, ("nctid",))}
