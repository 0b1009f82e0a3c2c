"""The bench a contestant works at: the task, encoders that remember what they encoded, and a folder for its stages."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cladmop.benchmark.tasks import Task
from cladmop.pipeline import Encodings, EncodingSettings, encoding_cost
from cladmop.reproduce import Say
from cladmop.rivals.base import Encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cladmop.encoders.trial import TrialEncoder
    from cladmop.records import Trial

T = TypeVar("T")


class Bench:
    """What every contestant of one task may use; it holds no label of a scored trial.

    Parameters
    ----------
    task
        The question.
    folder
        Runs folder: rows of scores, finished draws and the stages of networks lie below it.
    say
        Told what is going on.
    encoding
        How trials are encoded where a contestant asks for nothing else.
    """

    def __init__(self, task: Task, folder: Path, say: Say, encoding: EncodingSettings | None = None) -> None:
        self.task = task
        self.folder = folder
        self.say = say
        self.encoding = encoding or EncodingSettings()
        self._made: dict[str, Any] = {}
        self._encodings = Encodings(say)

    def encoder(self, encoding: EncodingSettings | None = None) -> Encode:
        """Return the function from trials to arrays; it remembers the trials of the encoding asked for last."""
        return partial(self._encodings.encode, encoding or self.encoding)

    def encoding_cost(self, trials: "Sequence[Trial]") -> str:
        """Return one line on what encoding trials will cost where a contestant asks for nothing else."""
        encoder = self.trial_encoder()
        return encoding_cost(encoder, encoder.forecast(trials, timed=True))

    def suited(self, encoding: EncodingSettings) -> EncodingSettings:
        """Return an encoding with this bench's language model where it asks for the default one."""
        if encoding.encoder != EncodingSettings().encoder:
            return encoding
        return replace(encoding, encoder=self.encoding.encoder, revision=self.encoding.revision)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what ``make`` gives, made once for all draws."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    def trial_encoder(self) -> "TrialEncoder":
        """Return the encoder itself, for what needs no hidden states: sets of drugs and diseases."""
        return self._encodings.encoder(self.encoding)
