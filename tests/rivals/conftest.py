"""Invented trials, and what encodes them without a language model, for rivals that read more than text."""

import pytest

from cladmop.drugs.resolve import DrugResolver
from cladmop.encoders.base import Unit
from cladmop.encoders.cache import StateCache
from cladmop.encoders.disease import DiseaseEncoder
from cladmop.encoders.molecule import MorganFeaturizer
from cladmop.encoders.trial import TrialEncoder
from estimator.conftest import WordVectors, make_trials


@pytest.fixture(scope="session")
def invented():
    """``invented(count, seed)``: trials whose success shows in one word of the inclusion criteria, and labels."""
    return make_trials


@pytest.fixture(scope="session")
def encode(tmp_path_factory):
    """Trials to arrays; hidden states are random vectors of words, of width 12."""
    return TrialEncoder(
        text=WordVectors(),
        cache=StateCache(tmp_path_factory.mktemp("states")),
        unit=Unit.ITEMS,
        structures="repaired",
        molecules=MorganFeaturizer(),
        resolver=DrugResolver({}),
        diseases=DiseaseEncoder(),
    ).encode
