"""The texts of a corpus or of TOP's files that a language model encodes, as `TrialEncoder` asks for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cladmop.corpus.tables import MANIFEST, read_corpus
from cladmop.encoders.base import Unit
from cladmop.errors import InputError
from cladmop.records import Trial
from cladmop.sources.inputs import read_trials
from cladmop.sources.top import PHASES, SPLITS, split_path
from cladmop.storage import Place, is_remote, list_files


@dataclass(frozen=True)
class Texts:
    """What is encoded of some trials, each different text once, in the order met."""

    criteria: tuple[str, ...]
    """Criteria: items, or a side's items joined by lines where a vector stands for a token."""
    names: tuple[str, ...]
    """Names of drugs and diseases, always pooled; those that stand among pooled criteria too are not here."""
    unit: Unit

    @property
    def parts(self) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
        """Each part by name with its texts and whether their states are pooled, in the order of `TrialEncoder`."""
        return (
            ("criteria", self.criteria, self.unit is Unit.ITEMS),
            ("names", self.names, True),
        )


def texts_of(trials: Iterable[Trial], unit: Unit) -> Texts:
    """Return the texts that `TrialEncoder` would ask a cache for; no label and no status is among them."""
    criteria: dict[str, None] = {}
    names: dict[str, None] = {}
    for trial in trials:
        for items in (trial.inclusion, trial.exclusion):
            found = items if unit is Unit.ITEMS else ("\n".join(items),)
            criteria |= dict.fromkeys(text for text in found if text)
        names |= dict.fromkeys([*(drug.name for drug in trial.drugs), *(disease.name for disease in trial.diseases)])
    pooled = criteria if unit is Unit.ITEMS else {}
    return Texts(tuple(criteria), tuple(name for name in names if name not in pooled), unit)


def read_source(place: Place) -> list[Trial]:
    """Return the trials of a corpus (folder or URL), or of TOP's files in a folder.

    Raises
    ------
    InputError
        If the place holds neither.
    MissingArtefactError, CorruptArtefactError, StorageError
        If a file is missing or cannot be read.
    """
    if MANIFEST in list_files(place):
        return [one.trial for one in read_corpus(place)]
    splits = [] if is_remote(place) else [split_path(Path(place), phase, split) for phase in PHASES for split in SPLITS]
    present = [path for path in splits if path.is_file()]
    if not present:
        raise InputError(f"{place} holds no finished corpus and none of TOP's files; give a folder that does")
    return [trial for path in present for trial in read_trials(path)]
