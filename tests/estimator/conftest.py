"""Invented trials with a signal in their words, and an estimator over a language model of a few lines."""

from collections.abc import Sequence

import numpy as np
import pytest

from cladmop import Disease, Drug, Phase, Trial, TrialOutcomeClassifier
from cladmop.drugs.resolve import DrugResolver
from cladmop.encoders.base import LEVELS, Unit
from cladmop.encoders.cache import StateCache
from cladmop.encoders.disease import DiseaseEncoder
from cladmop.encoders.molecule import MorganFeaturizer
from cladmop.encoders.trial import TrialEncoder

QUICK = {
    "model": {"width": 8, "heads": 2, "centroids": [4, 2], "group_layers": 1, "criteria_width": 8, "head_width": 8},
    "pretrain": {"epochs": 2, "batch_size": 16},
    "finetune": {"epochs": 3},
}


class WordVectors:
    """A text encoder whose states are fixed random vectors of the words."""

    name, fingerprint, width, window = "word vectors", "a" * 64, 12, 512

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode(self, texts: Sequence[str], *, pool: bool) -> list[np.ndarray]:
        states = [np.stack([self._word(word) for word in text.split()], axis=1) for text in texts]
        return [one.mean(axis=1, keepdims=True).astype(np.float16) if pool else one for one in states]

    def _word(self, word: str) -> np.ndarray:
        seed = int.from_bytes(word.encode()[:8].ljust(8, b"."), "little")
        return np.random.default_rng(seed).normal(size=(LEVELS, self.width)).astype(np.float16)


def make_trials(count: int, seed: int = 0) -> tuple[list[Trial], np.ndarray]:
    """Trials whose success shows in one word of the inclusion criteria nine times out of ten."""
    random = np.random.default_rng(seed)
    trials, labels = [], []
    for number in range(count):
        label = int(random.random() < 0.5)
        sign = "stable" if (random.random() < 0.9) == bool(label) else "refractory"
        trials.append(
            Trial(
                nct_id=f"NCT{10_000_000 + seed * 1000 + number}",
                phase=(Phase.PHASE_1, Phase.PHASE_2)[number % 2],
                inclusion=(f"{sign} disease at screening", f"adults aged {18 + number % 50} years"),
                exclusion=("pregnancy",) if number % 3 else (),
                drugs=(Drug(name=f"drug{number % 7}", smiles="C" * (1 + number % 7)),) if number % 5 else (),
                diseases=(Disease(name="asthma", icd10=("J45.909",)),) if number % 4 else (),
            )
        )
        labels.append(label)
    return trials, np.array(labels)


def make_classifier(folder, **settings) -> TrialOutcomeClassifier:
    """An estimator that uses `WordVectors` for a language model."""
    model = TrialOutcomeClassifier(**{"folds": 2, "network": QUICK, "pretraining": True, **settings})
    model._trial_encoder = TrialEncoder(
        text=WordVectors(),
        cache=StateCache(folder / "states"),
        unit=Unit.ITEMS,
        structures="repaired",
        molecules=MorganFeaturizer(),
        resolver=DrugResolver({}),
        diseases=DiseaseEncoder(),
    )
    return model


@pytest.fixture(scope="session")
def invented():
    return make_trials


@pytest.fixture(scope="session")
def fitted(tmp_path_factory) -> TrialOutcomeClassifier:
    """All parts, fitted on 60 trials."""
    trials, labels = make_trials(60)
    parts = {"network": 0.25, "states": 0.25, "words": 0.25, "characters": 0.25}
    extra, extra_labels = make_trials(20, seed=1)
    successes = [trial for trial, label in zip(extra, extra_labels, strict=True) if label]
    return make_classifier(tmp_path_factory.mktemp("fitted"), parts=parts).fit(trials, labels, successes=successes)


@pytest.fixture
def classifier(tmp_path):
    return lambda **settings: make_classifier(tmp_path, **settings)
