"""Random encoded trials whose outcome and drugs can be told from their criteria."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cladmop.encoders.base import LEVELS, EncodedTrial
from cladmop.model.config import ModelConfig

WIDTH, FEATURES, ANCESTORS, VOCABULARY = 12, 6, 3, 20


def make_trials(count: int, seed: int = 0) -> tuple[list[EncodedTrial], np.ndarray]:
    """Trials of 0 to 6 items and a hidden topic that sets criteria, drugs and label."""
    random = np.random.default_rng(seed)
    topics = np.random.default_rng(99).normal(size=(8, WIDTH))
    drugs = np.random.default_rng(98).normal(size=(8, FEATURES))
    trials, labels = [], []
    for number in range(count):
        topic = int(random.integers(8))
        length = int(random.integers(0 if number % 9 == 0 else 2, 7))
        molecules, diseases = int(random.integers(1, 3)), int(random.integers(0, 3))
        criteria = 2 * topics[topic] + random.normal(size=(LEVELS, length, WIDTH))
        trials.append(
            EncodedTrial(
                criteria=criteria.astype(np.float16),
                side=np.sort(random.integers(0, 2, length)).astype(np.int8),
                molecules=(2 * drugs[topic] + random.normal(size=(molecules, FEATURES))).astype(np.float32),
                diseases=random.integers(0, VOCABULARY, (diseases, ANCESTORS)).astype(np.int32),
                categories=np.arange(diseases, dtype=np.int32),
                names=random.normal(size=(LEVELS, molecules + diseases, WIDTH)).astype(np.float16),
                name_kinds=np.repeat(np.array([0, 1], np.int8), (molecules, diseases)),
                phase=int(random.integers(8)),
                drug_set=f"drug {number}",
                disease_set=f"disease {number}" if diseases else "",
            )
        )
        labels.append(int(topic < 4))
    return trials, np.array(labels)


def make_config(**changes: Any) -> ModelConfig:
    """A network that trains in a second."""
    small = ModelConfig(
        text_width=WIDTH, molecule_width=FEATURES, disease_vocabulary=VOCABULARY, width=8, heads=2, positions=3,
        centroids=(4, 3), group_layers=1, criteria_width=8, head_width=8, match_width=8, dropout=0.1,
    )  # fmt: skip
    return replace(small, **changes)


@pytest.fixture(scope="session")
def trials() -> Callable[..., tuple[list[EncodedTrial], np.ndarray]]:
    return make_trials


@pytest.fixture(scope="session")
def configs() -> Callable[..., ModelConfig]:
    return make_config
