"""The rivals of encoding: the loop over transformers that one writes first, sentence-transformers, bare products."""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cladmop.encoders import weights
from cladmop.encoders.quiet import quiet_transformers
from cladmop.encoders.text import level_blocks
from cladmop.speed.measuring import Rounds

if TYPE_CHECKING:
    import torch

BATCH = 8
_LONGEST = 512
"""Tokens after which the loop cuts a text."""
_SQUARES = (1024, 2048)
_ROWS = 512
"""Rows of the products of the model's own shapes."""


class PlainLoop:
    """``AutoModel`` in float32, eight texts a batch in the order given, padded to the longest, all layers returned.

    Parameters
    ----------
    name
        An embedded model; the same weights as the encoder beside it.
    """

    def __init__(self, name: str) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer

        folder = weights.get(name)
        with quiet_transformers():
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self.model: Any = AutoModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
        self._levels = level_blocks(int(self.model.config.num_hidden_layers))
        self._room = min(_LONGEST, int(self.model.config.max_position_embeddings))
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token

    def encode(self, texts: Sequence[str]) -> "torch.Tensor":
        """Return the mean state of each text at four levels, shape (texts, levels, width)."""
        import torch

        found = []
        for start in range(0, len(texts), BATCH):
            batch = self.tokenizer(
                list(texts[start : start + BATCH]),
                padding=True,
                truncation=True,
                max_length=self._room,
                return_tensors="pt",
            )
            with torch.inference_mode():
                states = self.model(**batch, output_hidden_states=True).hidden_states
            mask_BT1 = batch["attention_mask"][:, :, None].float()
            means = [(states[level] * mask_BT1).sum(1) / mask_BT1.sum(1) for level in self._levels]
            found.append(torch.stack(means, dim=1))
        return torch.cat(found)

    def flops(self, lengths: Sequence[int]) -> float:
        """Return the floating-point operations that texts of these lengths, special tokens counted, need: no padding.

        Two for each weight of a linear layer and token; 4 T² W a layer for attention, of which a causal one needs half.
        """
        linear = sum(shape[0] * shape[1] for shape in self._shapes(every=True))
        config = self.model.config
        attention = 4 * sum(length**2 for length in lengths) * int(config.hidden_size) * int(config.num_hidden_layers)
        causal = config.model_type not in {"bert", "roberta"}
        return 2.0 * linear * sum(lengths) + attention * (0.5 if causal else 1.0)

    def products(self, dtype: "torch.dtype") -> dict[str, tuple[float, Callable[[], object]]]:
        """Return matrix products to find the peak by, each with its operations: large squares, the model's shapes."""
        import torch

        shapes = [(size, size, size) for size in _SQUARES]
        shapes += [(_ROWS, width, height) for height, width in sorted(set(self._shapes(every=False)))]
        found: dict[str, tuple[float, Callable[[], object]]] = {}
        for rows, width, height in shapes:
            left, right = torch.randn(rows, width).to(dtype), torch.randn(height, width).to(dtype)
            product = partial(torch.nn.functional.linear, left, right)
            found[f"{rows} x {width} x {height}"] = (2.0 * rows * width * height, product)
        return found

    def _shapes(self, *, every: bool) -> list[tuple[int, int]]:
        from torch import nn

        named = self.model.named_modules()
        shapes = [
            (m.out_features, m.in_features) for name, m in named if isinstance(m, nn.Linear) and "pooler" not in name
        ]
        return shapes if every else list(dict.fromkeys(shapes))


def peak(products: dict[str, tuple[float, Callable[[], object]]], rounds: Rounds, tries: int = 3) -> tuple[float, str]:
    """Return the most operations a second that any product reaches, and which one."""
    import torch

    with torch.inference_mode():
        rates = [
            (max(work / rounds.timed(product) for _ in range(tries)), shape)
            for shape, (work, product) in products.items()
        ]
    return max(rates)


def sentence_transformer(folder: Path) -> Callable[[Sequence[str]], object] | None:
    """Return the encoding of sentence-transformers for a model folder; none where it is not installed."""
    if importlib.util.find_spec("sentence_transformers") is None:
        return None
    module: Any = importlib.import_module("sentence_transformers")
    with quiet_transformers():
        model = module.SentenceTransformer(str(folder), device="cpu")

    def encode(texts: Sequence[str]) -> object:
        return model.encode(list(texts), show_progress_bar=False)

    return encode
