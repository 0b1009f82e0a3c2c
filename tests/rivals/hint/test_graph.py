import numpy as np

from cladmop.rivals.hint.graph import ADMET, EDGES, INPUTS, NODES, PAIRS, SOURCES, adjacency


def test_neighbours_are_mutual_and_every_node_is_its_own():
    joined = adjacency()
    assert joined.shape == (16, 16)
    np.testing.assert_array_equal(joined, joined.T)
    assert joined.diagonal().all()
    assert len(EDGES) == len(set(map(frozenset, EDGES)))
    assert joined.sum() == len(NODES) + 2 * len(EDGES)


def test_the_edges_of_the_paper_are_there():
    published = {
        ("molecule", "disease"), ("disease", "criteria"), ("molecule", "criteria"),
        *((part, "interaction") for part in INPUTS),
        ("disease", "disease_risk"),
        ("disease_risk", "augmented_interaction"), ("interaction", "augmented_interaction"),
        *(("molecule", part) for part in ADMET), *((part, "pharmacokinetics") for part in ADMET),
        ("augmented_interaction", "prediction"), ("pharmacokinetics", "prediction"),
    }  # fmt: skip
    assert len(published) == 21
    edges = set(map(frozenset, EDGES))
    assert set(map(frozenset, published)) <= edges
    # What is added are the pairwise nodes, and nothing else.
    added = {edge for edge in edges - set(map(frozenset, published)) if not edge & set(PAIRS)}
    assert added == set()


def test_nodes_stand_after_what_they_are_made_of():
    for node, sources in SOURCES.items():
        assert all(NODES.index(source) < NODES.index(node) for source in sources)
    assert NODES[-1] == "prediction"
