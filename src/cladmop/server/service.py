"""One warm model and one index of past trials: what every answer of the service is computed from.

Nothing here is safe in several threads at once; `batching.Worker` calls it from one.
"""

import functools
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cladmop import __version__
from cladmop.errors import CladmopError
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.server.bodies import check_size, fields_of
from cladmop.server.errors import NotFoundError
from cladmop.server.settings import Limits, Settings
from cladmop.sources.examples import example_trials

if TYPE_CHECKING:
    from cladmop.estimator import Prediction, TrialOutcomeClassifier
    from cladmop.similar import PastTrials
    from cladmop.whatif import Asked, Edit

_STATES_MEGABYTES = 256
_DRAWINGS = 512
log = logging.getLogger("cladmop.server")


@dataclass(frozen=True)
class WhatIf:
    """A trial, and either the same, edited, or the edits."""

    trial: Trial
    edited: Trial | None
    edits: tuple["Edit", ...]
    """What is changed in the trial, if ``edited`` is none."""
    limits: Limits
    """For the trial after the edits."""


@dataclass(frozen=True)
class SimilarTo:
    """A trial and how many past trials like it are wanted."""

    trial: Trial
    number: int


class TrialService:
    """Answers as JSON values.

    Parameters
    ----------
    model
        A fitted model.
    index
        Past trials; none if there are none to show.
    about
        What is known of the model's making (``provenance.json``).
    """

    def __init__(
        self, model: "TrialOutcomeClassifier", index: "PastTrials | None", about: Mapping[str, Any] | None = None
    ) -> None:
        self.model = model
        self.index = index
        self._about = about or {}
        model.keep_in_memory(_STATES_MEGABYTES)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Load what the settings name, and score one trial, so that the first caller need not wait.

        Raises
        ------
        CladmopError
            If the model, or the index that was asked for, is missing or damaged.
        """
        import torch

        from cladmop.estimator import TrialOutcomeClassifier

        torch.set_num_threads(settings.threads or _free_processors())
        model = TrialOutcomeClassifier.from_pretrained(settings.model)
        service = cls(model, _open_index(settings.index, model), _provenance(settings.model))
        service.warm_up()
        return service

    def warm_up(self) -> None:
        """Load all that loads late: language model, RDKit, and every table that an unknown name is looked up in."""
        name = "a name that nothing knows"
        self.predict([Trial(inclusion=(name,), drugs=(Drug(name=name),), diseases=(Disease(name=name),))])
        self.predict(example_trials())

    def predict(self, trials: Sequence[Trial]) -> list[dict[str, Any]]:
        """Return the answer of ``/predict`` for each trial, with drawings and the trial as it was read."""
        return [self._shown(prediction) for prediction in self.model.predict_trials(trials)]

    def predict_rows(self, chunks: Sequence[Sequence[Trial]]) -> list[list[dict[str, Any]]]:
        """Return the rows of a batch for each of several chunks of trials."""
        return [[prediction.to_json() for prediction in self.model.predict_trials(trials)] for trials in chunks]

    def explain(self, trials: Sequence[Trial]) -> list[dict[str, Any]]:
        """Return the answer of ``/explain`` for each trial."""
        from cladmop.explain import explain

        return [explain(self.model, trial).to_json() for trial in trials]

    def what_if(self, asked: Sequence[WhatIf]) -> list[dict[str, Any]]:
        """Return the answer of ``/whatif`` for each pair of trials, all scored together."""
        from cladmop.whatif import what_ifs

        return [answer.to_json() for answer in what_ifs(self.model, [_applied(one) for one in asked])]

    def rank(self, trials: Sequence[Trial]) -> list[dict[str, Any]]:
        """Return the answer of ``/whatif/rank`` for each trial."""
        from cladmop.whatif import rank_removals

        return [rank_removals(self.model, trial).to_json() for trial in trials]

    def similar(self, asked: Sequence[SimilarTo]) -> list[dict[str, Any]]:
        """Return the answer of ``/similar`` for each trial.

        Raises
        ------
        NotFoundError
            If there is no index.
        """
        if self.index is None:
            raise NotFoundError("this service has no index of past trials; start it with --index DIR")
        encoder = self.model.trial_encoder()
        # All new texts pass the language model in one call; each trial then finds its states in memory.
        encoder.encode([one.trial for one in asked])
        return [self.index.about(one.trial, encoder, one.number).to_json() for one in asked]

    def describe(self, settings: Settings) -> dict[str, Any]:
        """Return the answer of ``/model``."""
        tested = self.model.tested_
        return {
            "title": self._about.get("title", "cladmop model"),
            "terms": self._about.get("terms", ""),
            "version": __version__,
            "trained_on": self._about.get("data", "trials given by the user"),
            "base_rates": {
                group: {"rate": rate.rate, "trials": rate.trials} for group, rate in self.model.base_rates_.items()
            },
            "coverage": _by_level([asdict(one) for one in self.model.coverage_]),
            "tested": None if tested is None else {**tested, "coverage": _by_level(tested["coverage"])},
            "phases": [phase.value for phase in Phase],
            "limits": limits_of(settings.limits),
            "lookup": settings.lookup,
            "index": None if self.index is None else {"trials": len(self.index), "source": self.index.source},
        }

    def _shown(self, prediction: "Prediction") -> dict[str, Any]:
        answer = prediction.to_json()
        answer["drugs"] = [{**drug, "drawing": _drawing(drug["smiles"], drug["name"])} for drug in answer["drugs"]]
        return {**answer, "trial": fields_of(prediction.trial)}


def _applied(asked: WhatIf) -> "Asked":
    """Return both versions of a trial."""
    from cladmop.whatif import Asked, apply_edits

    if asked.edited is not None:
        return Asked(asked.trial, asked.edited)
    edited = apply_edits(asked.trial, asked.edits)
    check_size(edited, "the trial after the edits", asked.limits)
    return Asked(asked.trial, edited, asked.edits)


def limits_of(limits: Limits) -> dict[str, float]:
    """Return the limits that a caller should know."""
    return {
        "max_items": limits.items,
        "max_characters": limits.characters,
        "max_drugs": limits.drugs,
        "max_diseases": limits.diseases,
        "max_edits": limits.edits,
        "max_trials": limits.trials,
        "max_json_bytes": limits.json_bytes,
        "max_upload_bytes": limits.upload_bytes,
    }


@functools.lru_cache(_DRAWINGS)
def _drawing(smiles: str | None, name: str) -> str | None:
    if smiles is None:
        return None
    from cladmop.explain import drawing

    return drawing(smiles, name=name)


def _by_level(coverages: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what was measured of outcome sets, by their level; none where nothing was."""
    kept = ("covered", "low", "high", "trials", "decided", "right")
    return {f"{one['level']:g}": {name: one[name] for name in kept} for one in coverages} or None


def _open_index(folder: str | None, model: "TrialOutcomeClassifier") -> "PastTrials | None":
    """Open an index; the shipped one is not needed, and is left aside where another language model was chosen."""
    from cladmop.similar import PastTrials

    try:
        index = PastTrials.open(folder or "default")
        index.check(model.trial_encoder())
    except CladmopError as error:
        if folder is not None:
            raise
        log.warning("no similar trials: %s", error)
        return None
    return index


def _provenance(model: str) -> Mapping[str, Any]:
    from importlib import resources

    from cladmop.storage import read_json

    path = Path(str(resources.files("cladmop"))) / "pretrained" / "default" if model == "default" else Path(model)
    found = read_json(path / "provenance.json") if (path / "provenance.json").is_file() else {}
    return found if isinstance(found, dict) else {}


def _free_processors() -> int:
    """Return the processors that the model may take: one is left for the requests, or all wait for each other."""
    held = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, held - 1)
