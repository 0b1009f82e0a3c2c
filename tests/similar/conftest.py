"""An index of the invented corpus."""

import pytest

from similar.building import tiny_index, tiny_settings


@pytest.fixture(scope="session")
def index(invented_corpus, language_model, tiny_home, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        return tiny_index(invented_corpus, language_model, tmp_path_factory.mktemp("past"))


@pytest.fixture(scope="session")
def encoder(language_model, tiny_home):
    from cladmop.pipeline import make_trial_encoder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        return make_trial_encoder(tiny_settings(language_model).encoding)


@pytest.fixture(scope="session")
def past(index):
    from cladmop.similar import PastTrials

    return PastTrials.open(index)


@pytest.fixture(scope="session")
def corpus_trials(invented_corpus):
    from cladmop.corpus.tables import read_corpus

    return read_corpus(invented_corpus)
