"""A language model asked by a prompt whether a trial will succeed: zero-shot, no labels.

Shapes: n trials.

The score is the log-odds of yes against no as the next token, as multiple-choice questions are scored (Brown et al.,
NeurIPS 2020, arXiv:2005.14165). The wording was written once and never tried against labels.
"""

import fcntl
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.encoders.devices import Dtype
from cladmop.errors import CorruptArtefactError, InputError, StorageError
from cladmop.progress import progress_bar
from cladmop.records import Phase, Trial
from cladmop.rivals.base import fit_labels, not_fitted

if TYPE_CHECKING:
    from cladmop.encoders.causal import Answers, CausalModel

YES, NO = (" Yes", "Yes", " yes", "yes"), (" No", "No", " no", "no")
"""Spellings of the two answers; the first token of each counts."""
OPENING = "A clinical trial is about to start."
QUESTION = "Will this trial succeed, that is, reach its primary endpoint? Answer Yes or No."
_ABSENT = "not stated"


@dataclass(frozen=True)
class Prompted:
    """A trial's prompt in tokens."""

    tokens: tuple[int, ...]
    cut: bool
    """Whether its criteria were cut to fit the model's window."""


@dataclass(frozen=True)
class PromptForecast:
    """What asking would cost."""

    model: str
    trials: int
    cut: int
    """Trials whose criteria are cut to the model's window."""
    window: int
    """Tokens of a prompt at most."""
    missing: int
    """Different prompts not asked yet."""
    tokens: int
    """Tokens of those."""

    def __str__(self) -> str:
        """Return one line for people."""
        cut = f"; the criteria of {self.cut:,} trials are cut to fit {self.window:,} tokens" if self.cut else ""
        return f"{self.model}: {self.missing:,} prompts of {self.trials:,} trials to ask, {self.tokens:,} tokens{cut}"


class Prompt:
    """A causal language model asked, for each trial, whether it will succeed.

    The prompt holds phase, drugs, diseases, inclusion and exclusion criteria, then `QUESTION`; it fills the model's
    chat template where there is one, and else ends in ``Answer:``. Where it exceeds the window the criteria are cut
    from their end, so exclusion criteria go first; `forecast` counts such trials. The probability is
    P(yes) / (P(yes) + P(no)), each summed over its spellings; it is not calibrated.

    Odds are kept in ``FOLDER/FINGERPRINT.jsonl`` after each batch, so a killed run that is continued ends with equal
    scores. In bfloat16 a prompt's odds depend in their last digits on the batch it was asked in.

    Parameters
    ----------
    model
        An embedded model (``smollm2``), a folder in Hugging Face layout, or a hub name; it should not have seen what
        became of the trials.
    folder
        Where odds are kept.
    revision, dtype, device, window
        As for ``open_causal_model``.
    say
        Is told, before a run, how many prompts and tokens it will take; nobody by default.
    """

    kind: ClassVar[str] = "prompt"

    def __init__(
        self,
        model: str | Path,
        folder: Path,
        *,
        revision: str | None = None,
        dtype: Dtype = "auto",
        device: str = "auto",
        window: int | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.model, self.folder, self.say = model, folder, say
        self.revision, self.dtype, self.device, self.window = revision, dtype, device, window
        self._fitted = False

    def fit(self, trials: Sequence[Trial] = (), labels: ArrayLike | None = None) -> Self:
        """Learn nothing: trials and labels are ignored, and may be left out (see `Rival`).

        Raises
        ------
        InputError
            If labels are given that no rival could be fitted to.
        """
        if labels is not None:
            fit_labels(trials, labels)
        self._fitted = True
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,) (see `Rival`).

        Raises
        ------
        InputError
            If a trial exceeds the window even without criteria.
        MissingArtefactError, CorruptArtefactError, NetworkError
            If the model or the stored odds cannot be read.
        StorageError
            If the odds cannot be stored; those of whole batches stay.
        """
        from scipy.special import expit

        if not self._fitted:
            raise not_fitted(self.kind)
        if not trials:
            return np.empty(0)
        prompts = self._prompts(trials)
        odds = self._ask(prompts)
        return np.asarray(expit([odds[self._key(prompt)] for prompt in prompts]), dtype=np.float64)

    def forecast(self, trials: Sequence[Trial]) -> PromptForecast:
        """Say what `predict_proba` would ask.

        Raises
        ------
        InputError, MissingArtefactError, CorruptArtefactError, NetworkError
            As `predict_proba`.
        """
        return self._forecast(self._prompts(trials), self._log.read())

    @cached_property
    def _opened(self) -> "CausalModel":
        from cladmop.encoders.causal import open_causal_model

        return open_causal_model(self.model, self.revision, self.dtype, self.device, self.window)

    @cached_property
    def _answers(self) -> "Answers":
        return self._opened.answers(YES, NO)

    @property
    def _log(self) -> "OddsLog":
        return OddsLog(self.folder / f"{self._opened.fingerprint}.jsonl")

    def _ask(self, prompts: Sequence[Prompted]) -> dict[str, float]:
        """Return the log-odds by key, after asking what the log does not hold."""
        odds = self._log.read()
        forecast = self._forecast(prompts, odds)
        if not forecast.missing:
            return odds
        if self.say is not None:
            self.say(str(forecast))
        # Batches are planned over all prompts, asked or not: a continued run has those of an unbroken one.
        unique = list(dict.fromkeys(prompt.tokens for prompt in prompts))
        keys = [self._key_of(tokens) for tokens in unique]
        with progress_bar(f"Asking {forecast.model}", forecast.tokens, "tokens") as bar:
            for batch in self._opened.batches(unique):
                rows = [row for row in batch if keys[row] not in odds]
                if not rows:
                    continue
                values = self._opened.log_odds([unique[row] for row in rows], self._answers)
                found = dict(zip((keys[row] for row in rows), values.tolist(), strict=True))
                self._log.append(found)
                odds |= found
                bar.advance(sum(len(unique[row]) for row in rows))
        return odds

    def _forecast(self, prompts: Sequence[Prompted], odds: Mapping[str, float]) -> PromptForecast:
        missing = {key: len(one.tokens) for one in prompts if (key := self._key(one)) not in odds}
        return PromptForecast(
            model=self._opened.name,
            trials=len(prompts),
            cut=sum(one.cut for one in prompts),
            window=self._opened.window,
            missing=len(missing),
            tokens=sum(missing.values()),
        )

    def _prompts(self, trials: Sequence[Trial]) -> list[Prompted]:
        opened, frame = self._opened, self._opened.frame()
        ending = f"\n\n{QUESTION}" + ("" if opened.chats else "\nAnswer:")
        after = [*opened.tokenize(ending), *frame.after]
        prompts = []
        for number, trial in enumerate(trials):
            before = [*frame.before, *opened.tokenize(describe(trial))]
            criteria = opened.tokenize(trial.criteria_text() or f"Eligibility criteria: {_ABSENT}")
            room = opened.window - len(before) - len(after)
            if room < 0:
                raise InputError(
                    f"trial {trial.nct_id or number + 1}: its prompt takes {len(before) + len(after)} tokens without "
                    f"criteria, {opened.name} holds {opened.window}; use a model with a longer window"
                )
            prompts.append(Prompted((*before, *criteria[:room], *after), cut=len(criteria) > room))
        return prompts

    def _key(self, prompt: Prompted) -> str:
        return self._key_of(prompt.tokens)

    def _key_of(self, tokens: tuple[int, ...]) -> str:
        asked = json.dumps([tokens, self._answers.yes, self._answers.no])
        return hashlib.sha256(asked.encode()).hexdigest()


def describe(trial: Trial) -> str:
    """Return the prompt up to the criteria: what the trial is, what it tests and on whom."""
    phase = _ABSENT if trial.phase is Phase.NOT_APPLICABLE else trial.phase.value
    drugs, diseases = ("; ".join(one.name for one in some) or _ABSENT for some in (trial.drugs, trial.diseases))
    return f"{OPENING}\n\nPhase: {phase}\nDrugs: {drugs}\nDiseases: {diseases}\n\n"


class OddsLog:
    """Log-odds by prompt, one JSON object a line: ``{"prompt": SHA-256, "log_odds": number}``.

    A killed writer leaves whole batches and at most one line without an end, which is not read and is cleared by the
    next writer. Several processes may write at once.

    Parameters
    ----------
    path
        The file, made when first written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, float]:
        """Return what is stored; nothing if there is no file.

        Raises
        ------
        CorruptArtefactError
            If a line is no such object.
        """
        if not self.path.exists():
            return {}
        odds = {}
        for number, line in enumerate(_whole_lines(self.path.read_bytes()).splitlines(), start=1):
            try:
                entry = json.loads(line)
                odds[str(entry["prompt"])] = float(entry["log_odds"])
            except (ValueError, KeyError, TypeError) as error:
                raise CorruptArtefactError(f"{self.path}, line {number}: no log-odds ({error!r}); remove it") from error
            if not math.isfinite(float(entry["log_odds"])):
                raise CorruptArtefactError(f"{self.path}, line {number}: log-odds are not finite; remove the line")
        return odds

    def append(self, odds: Mapping[str, float]) -> None:
        """Add entries in one write, on the disk when this returns.

        Raises
        ------
        StorageError
            If the file cannot be written.
        """
        lines = "".join(json.dumps({"prompt": key, "log_odds": value}) + "\n" for key, value in odds.items())
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                stream.seek(0)
                stream.truncate(len(_whole_lines(stream.read())))
                stream.write(lines.encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            reason = error.strerror or error
            raise StorageError(f"cannot write {self.path}: {reason}; free space or choose another folder") from error


def _whole_lines(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]
