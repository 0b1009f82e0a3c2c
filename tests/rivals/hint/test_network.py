from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from cladmop.rivals.hint.graph import INPUTS, NODES, SOURCES, adjacency
from cladmop.rivals.hint.inputs import HEADS, Reader, collate
from cladmop.rivals.hint.network import HintNetwork
from cladmop.rivals.hint.settings import HintSettings


@pytest.fixture(scope="module")
def parts(encode, invented):
    """24 trials of phases I and II, each part absent in some, with the reader."""
    encoded = encode(invented(24)[0])
    reader = Reader.fit(encoded)
    return reader, reader.read(encoded)


@pytest.fixture
def network(parts):
    torch.manual_seed(0)
    return HintNetwork(parts[0], HintSettings()).eval()


def test_the_gradient_reaches_every_node(network, parts):
    batch = collate(parts[1])
    labels = torch.arange(24).remainder(2).float()
    functional.binary_cross_entropy_with_logits(network(batch), labels).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        if name != "inputs.criteria.absent_SW":  # no trial here is without inclusion criteria
            assert parameter.grad.abs().max() > 0, name
    assert network.inputs["criteria"].absent_SW.grad[1].abs().max() > 0
    # Phases without trials have outputs of their own, which stay at zero.
    assert (network.heads.weight.grad.abs().sum(dim=1) > 0).tolist() == [True, True, True, False, False]


def test_every_node_changes_the_score(network, parts):
    batch = collate(parts[1])
    encoders = {**network.inputs, **network.made}
    assert set(encoders) == set(NODES) == {*INPUTS, *SOURCES}
    before = network(batch)
    for name, encoder in encoders.items():
        shift = encoder.register_forward_hook(lambda _module, _input, output: output.flip(1))
        assert not torch.allclose(network(batch), before, atol=1e-5), name
        shift.remove()


def test_rows_of_edges_have_sum_one_and_only_neighbours_have_any(network, parts):
    edges_BNN = network.edges(network.nodes(collate(parts[1])))
    joined_NN = torch.from_numpy(adjacency())
    torch.testing.assert_close(edges_BNN.sum(dim=2), torch.ones(24, len(NODES)))
    assert (edges_BNN[:, joined_NN] > 0).all()
    assert (edges_BNN[:, ~joined_NN] == 0).all()
    assert edges_BNN.std(dim=0).max() > 1e-4  # learned from the trial, not fixed


def test_edges_are_sigmoids_over_their_sum(network, parts):
    nodes_BND = network.nodes(collate(parts[1][:2]))
    edges, one, row = network.edges, 1, NODES.index("prediction")
    near = torch.from_numpy(adjacency()[row])
    hidden = functional.relu(edges.target(nodes_BND[one, row]) + edges.source(nodes_BND[one, near]))
    weights = torch.sigmoid(edges.weigh(hidden)).squeeze(1)
    torch.testing.assert_close(edges(nodes_BND)[one, row, near], weights / weights.sum())


def test_padding_has_no_influence(network, parts):
    trials = [*parts[1]]
    longest = replace(
        trials[0], molecules_MF=trials[1].molecules_MF.repeat(9, axis=0), codes_KA=trials[1].codes_KA.repeat(7, axis=0)
    )
    alone = torch.cat([network(collate([trial])) for trial in trials])
    together = network(collate([*trials, longest]))[:-1]
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    batch = collate([*trials, longest])
    spoilt = replace(
        batch,
        molecules_BMF=batch.molecules_BMF.masked_fill(~batch.molecule_mask_BM[:, :, None], 1e3),
        sides_BSW=batch.sides_BSW.masked_fill(~batch.side_mask_BS[:, :, None], 1e3),
    )
    torch.testing.assert_close(network(spoilt), network(batch), rtol=0, atol=0)


@pytest.mark.parametrize("part", INPUTS)
def test_a_learned_vector_stands_for_what_is_absent(network, parts, part):
    batch = collate(parts[1])
    absent = {
        "molecule": ~batch.molecule_mask_BM.any(dim=1),
        "disease": ~(batch.codes_BKA > 0).flatten(1).any(dim=1),
        "criteria": ~batch.side_mask_BS.all(dim=1),
    }[part]
    assert 0 < absent.sum() < 24
    before = network(batch)
    encoder = network.inputs[part]
    learned = encoder.absent_SW if part == "criteria" else encoder.absent_D
    if part != "criteria":
        torch.testing.assert_close(encoder(batch)[absent], learned.expand(int(absent.sum()), -1))
    with torch.no_grad():
        learned.copy_(learned.flip(-1))
    changed = network(batch) != before
    assert changed.tolist() == absent.tolist()


def test_ancestor_weights_depend_on_the_code(network):
    encoder = network.inputs["disease"]
    torch.manual_seed(1)
    shared, leaves = torch.randn(3, 50), torch.randn(2, 50)
    ancestors_BKAD = torch.stack([torch.cat([shared, leaf[None]]) for leaf in leaves])[None]
    real_BKA = torch.ones(1, 2, 4, dtype=torch.bool)
    one, other = encoder.weights(ancestors_BKAD, real_BKA)[0]
    torch.testing.assert_close(one.sum(), torch.tensor(1.0))
    # Were the code to cancel, the shared ancestors would keep their ratio.
    assert abs(one[0] / one[1] - other[0] / other[1]) > 1e-3
    short = encoder.weights(ancestors_BKAD, torch.tensor([[[True, True, False, False], [False] * 4]]))[0]
    torch.testing.assert_close(short.sum(dim=1), torch.tensor([1.0, 0.0]))
    assert (short[0, 2:] == 0).all()


def test_outputs_of_phases_add_to_the_shared_one(network, parts):
    shared = collate([replace(trial, head=0) for trial in parts[1]])
    before = network(shared)
    for head in range(1, len(HEADS)):
        own = replace(shared, heads_B=torch.full((24,), head))
        torch.testing.assert_close(network(own), before, rtol=0, atol=0)  # as drawn
        with torch.no_grad():
            network.heads.bias[head] = head
        torch.testing.assert_close(network(own), before + head)
    torch.testing.assert_close(network(shared), before, rtol=0, atol=0)
