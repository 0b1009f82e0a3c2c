"""A network as arrays in half precision, for folders that ship.

The table of ICD codes is most of a network, and codes that training never met are zero in it: they are left out.

Shapes: V ids of ICD ancestors, R of them that are not zero, D width.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig

_TABLE, _ROWS = "tokens.ancestor.weight", "tokens.ancestor.rows"


def to_half(network: CLaDMoP) -> dict[str, NDArray[Any]]:
    """Return the weights as float16, the table of codes as its R rows that are not zero and their numbers."""
    arrays: dict[str, NDArray[Any]] = {
        name: tensor.half().contiguous().numpy() for name, tensor in network.state_dict().items()
    }
    table_VD = arrays.pop(_TABLE)
    arrays[_ROWS] = np.flatnonzero(table_VD.any(axis=1))
    arrays[_TABLE] = table_VD[arrays[_ROWS]]
    return arrays


def from_half(config: ModelConfig, arrays: Mapping[str, NDArray[Any]]) -> CLaDMoP:
    """Rebuild a network, in evaluation mode and single precision.

    Raises
    ------
    KeyError, IndexError, RuntimeError
        If an array is missing, or of another size than ``config`` says.
    """
    own = dict(arrays)
    table_VD = np.zeros((config.disease_vocabulary, config.width), np.float32)
    table_VD[own.pop(_ROWS)] = own[_TABLE]
    own[_TABLE] = table_VD
    network = CLaDMoP(config)
    network.load_state_dict({name: torch.from_numpy(array.astype(np.float32)) for name, array in own.items()})
    return network.eval()
