"""Embeddings side by side, whitened, and stored."""

import numpy as np
import pytest

from cladmop.errors import CorruptArtefactError, InputError
from cladmop.similar.embedding import Embedding, Shares, Whitening, joined, match_embeddings
from cladmop.similar.folder import packed, read_index, unpacked


def unit(rows, width, seed):
    drawn = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("shares", [Shares(0, 0), Shares(0.25, 0), Shares(0.25, 0.5), Shares(1, 0.25), Shares(0, 1)])
def test_the_cosine_is_the_mean_of_the_parts_by_share(shares):
    parts = [unit(6, 8, seed) for seed in range(4)]
    vectors = joined(parts, shares).astype(np.float64)
    assert sum(shares.by_part()) == pytest.approx(1)
    assert vectors.shape == (6, 8 * np.count_nonzero(shares.by_part()))
    cosines = sum(share * part @ part.T for share, part in zip(shares.by_part(), parts, strict=True))
    assert vectors @ vectors.T == pytest.approx(cosines, abs=3e-3)


def test_a_part_that_is_absent_is_like_nothing():
    names = unit(9, 8, 0)
    names[4] = 0
    mapped = Whitening.fit(names, kept=3, power=0.5)(names)
    assert mapped.shape == (9, 3)
    assert (mapped[4] == 0).all()
    assert np.linalg.norm(mapped[5:], axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_a_part_that_no_trial_has_is_left_as_it_is():
    nothing = np.zeros((5, 8), np.float32)
    mapped = Whitening.fit(nothing, kept=3)
    assert mapped(nothing).tolist() == np.zeros((5, 3)).tolist()
    assert np.isfinite(mapped(unit(2, 8, 0))).all()


@pytest.mark.parametrize(("criteria", "names"), [(-0.1, 0.5), (0.5, 1.1), (float("nan"), 0)])
def test_shares_are_checked(criteria, names):
    with pytest.raises(InputError, match="share of the"):
        Shares(criteria, names)


def test_a_byte_a_number_keeps_the_cosines():
    vectors = unit(50, 256, 0).astype(np.float16)
    stored = packed(vectors)
    again = unpacked(stored).astype(np.float64)
    assert (stored.dtype, np.abs(stored).max()) == (np.int8, 127)
    assert np.linalg.norm(again, axis=1) == pytest.approx(np.ones(50), abs=2e-3)
    assert again @ again.T == pytest.approx(vectors.astype(np.float64) @ vectors.T.astype(np.float64), abs=0.01)


def test_whitened_vectors_vary_alike_in_all_directions():
    narrow = np.random.default_rng(0).normal(size=(3000, 5)) * [5, 3, 1, 0.5, 0.3] + 7
    whitened = (narrow.astype(np.float32) - Whitening.fit(narrow).mean) @ Whitening.fit(narrow).matrix
    assert np.cov(whitened, rowvar=False) == pytest.approx(np.eye(5), abs=0.25)
    assert np.linalg.norm(Whitening.fit(narrow)(narrow), axis=1) == pytest.approx(np.ones(3000), abs=1e-5)


def test_a_stored_embedding_gives_equal_vectors(index, encoder, corpus_trials):
    embedding = read_index(index).embedding
    again = Embedding.from_arrays(embedding.network.config, embedding.shares, embedding.to_arrays())
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
        Embedding.from_arrays(embedding.network.config, embedding.shares, arrays)
