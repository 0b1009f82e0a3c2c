"""Embeddings side by side, whitened, and stored."""

import numpy as np
import pytest

from cladmop.errors import CorruptArtefactError
from cladmop.similar.embedding import Embedding, Whitening, joined, match_embeddings
from cladmop.similar.folder import read_index


def unit(rows, width, seed):
    drawn = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("weight", [0.0, 0.25, 0.5, 1.0])
def test_the_cosine_is_the_weighted_mean_of_both(weight):
    f_C, f_DM = unit(6, 8, 0), unit(6, 8, 1)
    vectors = joined(f_C, f_DM, weight).astype(np.float64)
    assert vectors.shape == (6, 16 if 0 < weight < 1 else 8)
    assert vectors @ vectors.T == pytest.approx(weight * f_C @ f_C.T + (1 - weight) * f_DM @ f_DM.T, abs=3e-3)


def test_whitened_vectors_vary_alike_in_all_directions():
    narrow = np.random.default_rng(0).normal(size=(3000, 5)) * [5, 3, 1, 0.5, 0.3] + 7
    whitened = (narrow.astype(np.float32) - Whitening.fit(narrow).mean) @ Whitening.fit(narrow).matrix
    assert np.cov(whitened, rowvar=False) == pytest.approx(np.eye(5), abs=0.25)
    assert np.linalg.norm(Whitening.fit(narrow)(narrow), axis=1) == pytest.approx(np.ones(3000), abs=1e-5)


def test_a_stored_embedding_gives_equal_vectors(index, encoder, corpus_trials):
    embedding = read_index(index).embedding
    again = Embedding.from_arrays(embedding.network.config, embedding.weight, embedding.to_arrays())
    encoded = encoder.encode([one.trial for one in corpus_trials[:6]])
    assert (again(encoded) == embedding(encoded)).all()
    alone, among = (vectors[0].astype(np.float64) for vectors in (embedding(encoded[:1]), embedding(encoded)))
    assert alone @ among == pytest.approx(1, abs=2e-3), "a trial lies where it lies, alone or not"


def test_drugs_do_not_move_the_criteria_nor_criteria_the_drugs(index, encoder, corpus_trials):
    trial = corpus_trials[0].trial
    changed = [trial.model_copy(update={"inclusion": ("age 18",)}), trial.model_copy(update={"drugs": ()})]
    f_C, f_DM = match_embeddings(read_index(index).embedding.network, encoder.encode([trial, *changed]))
    assert f_DM[1] == pytest.approx(f_DM[0], abs=1e-5)
    assert f_C[2] == pytest.approx(f_C[0], abs=1e-5)
    assert np.abs(f_C[1] - f_C[0]).max() > 1e-3
    assert np.abs(f_DM[2] - f_DM[0]).max() > 1e-3


def test_arrays_of_another_network_are_refused(index):
    embedding = read_index(index).embedding
    arrays = {name: array for name, array in embedding.to_arrays().items() if "match_head" not in name}
    with pytest.raises(CorruptArtefactError, match="does not fit its manifest"):
        Embedding.from_arrays(embedding.network.config, 0.5, arrays)
