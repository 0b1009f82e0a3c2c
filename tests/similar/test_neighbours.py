"""The nearest vectors, exactly and by graph."""

import sys

import numpy as np
import pytest

from cladmop.errors import CorruptArtefactError, MissingDependencyError
from cladmop.similar import neighbours as module
from cladmop.similar.neighbours import Neighbours, write_graph


@pytest.fixture(scope="module")
def vectors():
    drawn = np.random.default_rng(0).normal(size=(400, 16))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16)


def by_hand(vectors, query, allowed, k):
    cosines = vectors.astype(np.float64) @ query.astype(np.float64)
    rows = np.flatnonzero(allowed)
    order = rows[np.argsort(-cosines[rows], kind="stable")][:k]
    return order, cosines[order]


@pytest.mark.parametrize("seed", range(4))
def test_exact_search_agrees_with_products(vectors, seed):
    allowed = np.random.default_rng(seed).random(400) < 0.4
    query = vectors[seed]
    rows, cosines = Neighbours(vectors).nearest(query, allowed, 12)
    expected, values = by_hand(vectors, query, allowed, 12)
    assert rows.tolist() == expected.tolist()
    assert cosines == pytest.approx(values, abs=2e-3)
    assert cosines.max() <= 1


def test_fewer_are_returned_where_fewer_are_allowed(vectors):
    allowed = np.zeros(400, np.bool_)
    searched = Neighbours(vectors)
    assert len(searched.nearest(vectors[0], allowed, 3)[0]) == 0
    allowed[[7, 9]] = True
    assert sorted(searched.nearest(vectors[0], allowed, 3)[0].tolist()) == [7, 9]


def test_equal_vectors_come_in_the_order_of_their_rows(vectors):
    doubled = np.concatenate([vectors[:3], vectors[:3]])
    rows, _ = Neighbours(doubled).nearest(vectors[1], np.ones(6, np.bool_), 2)
    assert rows.tolist() == [1, 4]


def test_the_graph_respects_a_filter_however_narrow(vectors, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EXACT_LIMIT", 0)
    write_graph(tmp_path / "graph", vectors)
    searched = Neighbours(vectors, tmp_path / "graph")
    found = wanted = 0
    for row in range(20):
        allowed = np.random.default_rng(row).random(400) < 0.05 + 0.04 * row
        rows, _ = searched.nearest(vectors[row], allowed, 5)
        expected, _ = by_hand(vectors, vectors[row], allowed, 5)
        assert allowed[rows].all()
        assert len(rows) == len(expected)
        found += len(set(rows.tolist()) & set(expected.tolist()))
        wanted += len(expected)
    assert found / wanted > 0.95


def test_equal_vectors_give_an_equal_graph(vectors, tmp_path):
    for name in ("one", "two"):
        write_graph(tmp_path / name, vectors)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_graph_of_other_vectors_is_refused(vectors, tmp_path):
    write_graph(tmp_path / "graph", vectors[:100])
    with pytest.raises(CorruptArtefactError, match="not the index of these vectors"):
        Neighbours(vectors, tmp_path / "graph")
    (tmp_path / "graph").write_bytes(b"no graph")
    with pytest.raises(CorruptArtefactError, match="no index of usearch"):
        Neighbours(vectors, tmp_path / "graph")


def test_without_usearch_the_extra_is_named(vectors, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch", None)
    with pytest.raises(MissingDependencyError, match=r"cladmop\[similar\]"):
        Neighbours(vectors)
