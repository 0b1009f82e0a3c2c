"""The interaction graph of HINT: its nodes, what each is made of, and which are neighbours. Needs numpy only.

Shapes: N nodes.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

INPUTS = ("molecule", "disease", "criteria")
"""Input nodes: each has an encoder of its own."""
PAIRS: Mapping[str, tuple[str, str]] = {
    "molecule_disease": ("molecule", "disease"),
    "molecule_criteria": ("molecule", "criteria"),
    "disease_criteria": ("disease", "criteria"),
}
"""Pairwise interaction nodes, which are ours: the paper joins two inputs by an edge alone."""
ADMET = ("absorption", "distribution", "metabolism", "excretion", "toxicity")
"""External knowledge nodes of the drug."""
SOURCES: Mapping[str, tuple[str, ...]] = {
    **PAIRS,
    "interaction": (*INPUTS, *PAIRS),
    "disease_risk": ("disease",),
    "augmented_interaction": ("interaction", "disease_risk"),
    **dict.fromkeys(ADMET, ("molecule",)),
    "pharmacokinetics": ADMET,
    "prediction": ("pharmacokinetics", "augmented_interaction"),
}
"""Nodes made of other nodes, each after its sources."""
NODES = (*INPUTS, *SOURCES)
"""All nodes; the last one predicts."""
EDGES = (*PAIRS.values(), *((source, node) for node, sources in SOURCES.items() for source in sources))
"""Neighbours, each pair once: the inputs among each other, and each node with its sources."""


def adjacency() -> NDArray[np.bool_]:
    """Return which nodes are neighbours, shape ``N x N``: symmetric, every node its own neighbour."""
    joined = np.eye(len(NODES), dtype=np.bool_)
    for one, other in EDGES:
        joined[NODES.index(one), NODES.index(other)] = joined[NODES.index(other), NODES.index(one)] = True
    return joined
