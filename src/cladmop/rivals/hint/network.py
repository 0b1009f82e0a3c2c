"""HINT: encoders of the nodes, graph convolution with attentive edges, one output a phase group.

Shapes: B trials, N nodes, D width of a node, M molecules, F molecule features, K disease codes, A ancestors of a code,
S = 2 sides of the criteria, W width of the language model, H outputs.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from cladmop.model.attention import masked_mean, table
from cladmop.rivals.hint.graph import INPUTS, NODES, PAIRS, SOURCES, adjacency
from cladmop.rivals.hint.inputs import HEADS, Batch, Reader
from cladmop.rivals.hint.settings import HintSettings


class Highway(nn.Module):
    """Layers ``g * ReLU(W x + b) + (1 - g) * x`` with ``g = sigmoid(V x + c)`` (Srivastava et al., 2015)."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.change = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.gate = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """Return the last axis after all layers."""
        for change, gate in zip(self.change, self.gate, strict=True):
            x = torch.lerp(x, functional.relu(change(x)), torch.sigmoid(gate(x)))
        return x


class NodeEncoder(nn.Sequential):
    """Linear layer, ReLU, highway and layer norm.

    The norm is ours: without it trials differ a thousand times less in the prediction node than in the inputs when
    training starts.
    """

    def __init__(self, enter: int, settings: HintSettings) -> None:
        super().__init__(
            nn.Linear(enter, settings.width),
            nn.ReLU(),
            Highway(settings.width, settings.highway_layers),
            nn.LayerNorm(settings.width),
        )


class MoleculeEncoder(nn.Module):
    """Mean of the encoded molecules; a learned vector where there is none."""

    def __init__(self, features: int, settings: HintSettings) -> None:
        super().__init__()
        self.encode = NodeEncoder(features, settings)
        self.absent_D = nn.Parameter(torch.randn(settings.width))

    def forward(self, batch: Batch) -> Tensor:
        """Return the node's embedding, shape ``B x D``."""
        mean_BD = masked_mean(self.encode(batch.molecules_BMF), batch.molecule_mask_BM)
        return torch.where(batch.molecule_mask_BM.any(dim=1, keepdim=True), mean_BD, self.absent_D)


class DiseaseEncoder(nn.Module):
    """GRAM (Choi et al., KDD 2017): a code is a mixture of its ancestors' embeddings, itself among them.

    Weights are a softmax over ``u . tanh(W [e_ancestor; e_code] + b)``. Codes are averaged and pass a `NodeEncoder`; a
    trial without codes is a learned vector.
    """

    def __init__(self, ancestors: int, settings: HintSettings) -> None:
        super().__init__()
        width = settings.width
        self.ancestor = table(ancestors + 1, width)
        self.compare = nn.Linear(2 * width, width)
        self.weigh = nn.Linear(width, 1, bias=False)
        self.encode = NodeEncoder(width, settings)
        self.absent_D = nn.Parameter(torch.randn(width))

    def forward(self, batch: Batch) -> Tensor:
        """Return the node's embedding, shape ``B x D``."""
        real_BKA = batch.codes_BKA > 0
        real_BK = real_BKA.any(dim=2)
        ancestors_BKAD = self.ancestor(batch.codes_BKA)
        weights_BKA = self.weights(ancestors_BKAD, real_BKA)
        codes_BKD = (weights_BKA[:, :, :, None] * ancestors_BKAD).sum(dim=2)
        encoded_BD = self.encode(masked_mean(codes_BKD, real_BK))
        return torch.where(real_BK.any(dim=1, keepdim=True), encoded_BD, self.absent_D)

    def weights(self, ancestors_BKAD: Tensor, real_BKA: Tensor) -> Tensor:
        """Return the weight of each ancestor of each code, shape ``B x K x A``: 0 where none, else of sum 1."""
        last_BK11 = (real_BKA.sum(dim=2) - 1).clamp(min=0)[:, :, None, None]
        code_BK1D = ancestors_BKAD.take_along_dim(last_BK11, dim=2)
        both_BKAE = torch.cat([ancestors_BKAD, code_BK1D.expand_as(ancestors_BKAD)], dim=3)
        logits_BKA = self.weigh(torch.tanh(self.compare(both_BKAE))).squeeze(3)
        # Padding has no ancestor; any finite logit keeps its softmax from running over nothing.
        weights_BKA: Tensor = logits_BKA.masked_fill(~real_BKA, -1e9).softmax(dim=2) * real_BKA
        return weights_BKA


class CriteriaEncoder(nn.Module):
    """The mean inclusion and the mean exclusion statement side by side; a learned vector for a side without any."""

    def __init__(self, text_width: int, settings: HintSettings) -> None:
        super().__init__()
        self.encode = NodeEncoder(2 * text_width, settings)
        self.absent_SW = nn.Parameter(torch.randn(2, text_width) * 0.1)

    def forward(self, batch: Batch) -> Tensor:
        """Return the node's embedding, shape ``B x D``."""
        sides_BSW = torch.where(batch.side_mask_BS[:, :, None], batch.sides_BSW, self.absent_SW)
        encoded_BD: Tensor = self.encode(sides_BSW.flatten(1))
        return encoded_BD


class EdgeAttention(nn.Module):
    """Weights of the edges: ``v_ij = sigmoid(u . ReLU(W_1 x_i + W_2 x_j + b) + c)``, over their sum in row i.

    One network weighs all edges of the graph; only neighbours have an edge.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.joined_NN: Tensor
        self.target = nn.Linear(width, width)
        self.source = nn.Linear(width, width, bias=False)
        self.weigh = nn.Linear(width, 1)
        self.register_buffer("joined_NN", torch.from_numpy(adjacency()), persistent=False)

    def forward(self, nodes_BND: Tensor) -> Tensor:
        """Return what each node (row) takes from each (column), shape ``B x N x N``; rows have sum 1."""
        pairs_BNND = functional.relu(self.target(nodes_BND)[:, :, None] + self.source(nodes_BND)[:, None])
        logits_BNN = functional.logsigmoid(self.weigh(pairs_BNND).squeeze(3))
        return logits_BNN.masked_fill(~self.joined_NN, -torch.inf).softmax(dim=2)


class HintNetwork(nn.Module):
    """Inputs -> nodes made of each other -> two graph convolutions -> the outputs of the node ``prediction``.

    The second convolution ends in H outputs: one that all trials share, and one a phase group that is added to it and
    starts at zero, so that trials of a phase never trained on, or of none, score by the shared output alone.
    """

    def __init__(self, reader: Reader, settings: HintSettings) -> None:
        super().__init__()
        width = settings.width
        self.inputs = nn.ModuleDict(
            {
                "molecule": MoleculeEncoder(reader.molecule_width, settings),
                "disease": DiseaseEncoder(len(reader.known_V), settings),
                "criteria": CriteriaEncoder(reader.text_width, settings),
            }
        )
        # A pair is read with its product, which holds what neither of the two holds alone.
        self.made = nn.ModuleDict(
            {node: NodeEncoder(width * (len(sources) + (node in PAIRS)), settings) for node, sources in SOURCES.items()}
        )
        self.edges = EdgeAttention(width)
        self.convolve = nn.Linear(width, width)
        self.dropout = nn.Dropout(settings.dropout)
        self.heads = nn.Linear(width, len(HEADS))
        with torch.no_grad():
            self.heads.weight[1:] = 0
            self.heads.bias[1:] = 0

    def forward(self, batch: Batch) -> Tensor:
        """Return the log-odds of success, shape ``B``."""
        nodes_BND = self.nodes(batch)
        edges_BNN = self.edges(nodes_BND)
        nodes_BND = self.dropout(functional.relu(self.convolve(edges_BNN @ nodes_BND)))
        outputs_BH = self.heads((edges_BNN[:, -1:] @ nodes_BND).squeeze(1))
        own_B = outputs_BH.take_along_dim(batch.heads_B[:, None], dim=1).squeeze(1)
        return torch.where(batch.heads_B == 0, outputs_BH[:, 0], outputs_BH[:, 0] + own_B)

    def nodes(self, batch: Batch) -> Tensor:
        """Return the embeddings of all nodes, in the order of ``NODES``, shape ``B x N x D``."""
        nodes = {node: self.inputs[node](batch) for node in INPUTS}
        for node, sources in SOURCES.items():
            parts = [nodes[source] for source in sources]
            if node in PAIRS:
                parts.append(parts[0] * parts[1])
            nodes[node] = self.made[node](torch.cat(parts, dim=1))
        return torch.stack([nodes[node] for node in NODES], dim=1)
