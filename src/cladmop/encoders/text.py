"""Hidden states of a frozen language model at four depths (the paper's LLM branch).

Decisions where the paper is silent or the library leaves a choice:

- Levels are read after block ``floor(depth * k / 4 + 1/2)``, k = 1, 2, 3 (6, 12, 18 of BioGPT's 24; 2, 3, 5 of
  MiniLM's 6; 8, 15, 23 of SmolLM2's 30), and from the last layer after the model's final norm.
- Special tokens never reach the output. In a causal model the first position is an attention sink whose norm is
  100 times that of its neighbours; where the tokenizer starts a text with no special token, its BOS (or EOS, or
  another special token) is put first so that the sink is never a token of the text.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import LEVELS
from cladmop.encoders.devices import Dtype, batch_tokens, choose_device, choose_dtype
from cladmop.encoders.language_model import LanguageModel, open_language_model
from cladmop.encoders.windows import OVERLAP, Window, plan_batches, plan_windows
from cladmop.errors import CorruptArtefactError, InputError

if TYPE_CHECKING:
    import torch

FORMAT = 1
"""Raised whenever the same weights would give other states than before; part of every fingerprint."""
MAX_WINDOW = 8192
"""Positions used at most, also where a model allows more: attention grows with the square."""
_FP16_MAX = float(np.finfo(np.float16).max)


def load_text_encoder(
    name_or_folder: str | Path,
    revision: str | None = None,
    dtype: Dtype = "auto",
    device: str = "auto",
    window: int | None = None,
) -> "HiddenStateEncoder":
    """Open a frozen causal or encoder language model as a text encoder.

    Parameters
    ----------
    name_or_folder
        An embedded model (``minilm``, ``smollm2``; fetched if it is not here), a folder in Hugging Face layout, or
        a hub name (``microsoft/biogpt``).
    revision
        Branch, tag or commit of a hub name; resolved to a commit, which enters the fingerprint.
    dtype
        Of weights and activations. ``auto``: bfloat16 on CUDA and on CPUs with AMX or AVX512-bf16, else float32.
    device
        ``auto`` (CUDA if there is one), ``cpu``, ``cuda``, ...
    window
        Tokens of text seen at once; by default all that the model's positions hold, at most ``MAX_WINDOW``.

    Raises
    ------
    InputError, MissingArtefactError, CorruptArtefactError, NetworkError
        As ``open_language_model``; ``InputError`` also for an unknown dtype, device or window.
    """
    chosen_device = choose_device(device)
    chosen_dtype = choose_dtype(dtype, chosen_device.type)
    language_model = open_language_model(name_or_folder, revision, chosen_dtype, chosen_device)
    return HiddenStateEncoder(language_model, window=window)


class HiddenStateEncoder:
    """A ``TextEncoder`` over any language model of transformers.

    Parameters
    ----------
    language_model
        Model and tokenizer, already on their device and in their dtype.
    window
        Tokens of text seen at once; by default all that the model's positions hold.

    Raises
    ------
    InputError
        If the model has no recognisable stack of blocks, or the window does not fit its positions.
    """

    def __init__(self, language_model: LanguageModel, window: int | None = None) -> None:
        self.name = language_model.name
        self._model = language_model.model
        self._tokenizer = language_model.tokenizer
        self._blocks = _find_blocks(self._model, self.name)
        self._prefix, self._suffix = _special_tokens(self._tokenizer)
        self._device: torch.device = next(self._model.parameters()).device
        self.causal = self._is_causal()
        if self.causal and not self._prefix:
            self._prefix = _sink_token(self._tokenizer)
        self.width = int(self._model.config.hidden_size)
        self.window = self._choose_window(window)
        self.levels = level_blocks(len(self._blocks))
        self.dtype = str(next(self._model.parameters()).dtype).removeprefix("torch.")
        self.fingerprint = _digest(
            weights=language_model.weights_id,
            levels=self.levels,
            dtype=self.dtype,
            window=self.window,
            overlap=self.window // OVERLAP,
            format=FORMAT,
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens not counted; at least 1 each.

        Raises
        ------
        InputError
            If a text is blank.
        """
        return [len(ids) for ids in self._tokenize(texts)]

    def encode(self, texts: Sequence[str], *, pool: bool) -> list[NDArray[np.float16]]:
        """Return hidden states ``(LEVELS, T, W)`` of each text, in input order.

        Values outside the range of float16 are clipped to it.

        Parameters
        ----------
        texts
            Texts that are not blank, of any length.
        pool
            Give the mean over the text's tokens, taken in float32, as ``T`` = 1.

        Raises
        ------
        InputError
            If a text is blank.
        CorruptArtefactError
            If the model gives values that are not finite.
        """
        tokens = self._tokenize(texts)
        windows = [
            window
            for text, ids in enumerate(tokens)
            for window in plan_windows(text, len(ids), self.window, causal=self.causal)
        ]
        rows = [1 if pool else len(ids) for ids in tokens]
        states = [np.zeros((LEVELS, n, self.width), np.float32 if pool else np.float16) for n in rows]
        extra = len(self._prefix) + len(self._suffix)
        for batch in plan_batches([w.stop - w.start + extra for w in windows], batch_tokens(self._device)):
            self._encode_batch([windows[i] for i in batch], tokens, states, pool=pool)
        if pool:
            return [_to_float16(sums / len(ids)) for sums, ids in zip(states, tokens, strict=True)]
        return states

    def _encode_batch(
        self, windows: list[Window], tokens: list[list[int]], states: list[NDArray[Any]], *, pool: bool
    ) -> None:
        import torch

        first = len(self._prefix)
        sequences = [self._prefix + tokens[w.text][w.start : w.stop] + self._suffix for w in windows]
        levels = self._forward(sequences)
        for level, hidden_BTW in enumerate(levels):
            if pool:
                kept_BT = torch.zeros(hidden_BTW.shape[:2], dtype=torch.float32)
                for row, w in enumerate(windows):
                    kept_BT[row, first + w.keep_start - w.start : first + w.keep_stop - w.start] = 1
                sums_BW = torch.einsum("bt,btw->bw", kept_BT.to(self._device), hidden_BTW.float()).cpu().numpy()
                self._require_finite(sums_BW)
                for row, w in enumerate(windows):
                    states[w.text][level, 0] += sums_BW[row]
                continue
            found_BTW = hidden_BTW.float().cpu().numpy()
            for row, w in enumerate(windows):
                kept_TW = found_BTW[row, first + w.keep_start - w.start : first + w.keep_stop - w.start]
                self._require_finite(kept_TW)
                states[w.text][level, w.keep_start : w.keep_stop] = _to_float16(kept_TW)

    def _forward(self, sequences: list[list[int]]) -> "list[torch.Tensor]":
        """Return the ``LEVELS`` hidden states ``(B, T, W)`` of token sequences, padded on the right."""
        import torch

        length = max(map(len, sequences))
        ids_BT = torch.zeros((len(sequences), length), dtype=torch.long)
        mask_BT = torch.zeros((len(sequences), length), dtype=torch.long)
        for row, ids in enumerate(sequences):
            ids_BT[row, : len(ids)] = torch.tensor(ids)
            mask_BT[row, : len(ids)] = 1
        # Hooks keep the three blocks that are read; output_hidden_states would keep every one.
        found: dict[int, torch.Tensor] = {}
        hooks = [self._blocks[block - 1].register_forward_hook(_keep(found, block)) for block in self.levels[:-1]]
        try:
            with torch.inference_mode():
                output = self._model(input_ids=ids_BT.to(self._device), attention_mask=mask_BT.to(self._device))
        finally:
            for hook in hooks:
                hook.remove()
        return [*(found[block] for block in self.levels[:-1]), output.last_hidden_state]

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        for number, text in enumerate(texts):
            if not text.strip():
                raise InputError(f"text {number + 1} of {len(texts)} is blank; a text to encode needs at least a word")
        if not texts:
            return []
        ids = self._tokenizer(list(texts), add_special_tokens=False, truncation=False, padding=False, verbose=False)[
            "input_ids"
        ]
        # Some tokenizers drop characters they do not know; such a text is one unknown token.
        unknown = self._tokenizer.unk_token_id if self._tokenizer.unk_token_id is not None else 0
        return [list(one) or [unknown] for one in ids]

    def _choose_window(self, window: int | None) -> int:
        limits = (
            getattr(self._model.config, "max_position_embeddings", None),
            getattr(self._tokenizer, "model_max_length", None),
        )
        positions = min([MAX_WINDOW, *(limit for limit in limits if isinstance(limit, int) and limit > 0)])
        room = positions - len(self._prefix) - len(self._suffix)
        if room < 1 or (window is not None and not 1 <= window <= room):
            raise InputError(f"window {window}: {self.name} holds 1 to {room} tokens of text at once")
        return room if window is None else window

    def _is_causal(self) -> bool:
        """Tell whether a token's state ignores what follows it, by trying: configurations do not say."""
        self.levels = level_blocks(len(self._blocks))
        end = min(int(self._model.config.vocab_size), 8) - 1
        one, other = (self._forward([[1, 2, last]])[-1][0, 0].float() for last in (end, end - 1))
        return bool((one == other).all())

    def _require_finite(self, values: NDArray[np.float32]) -> None:
        if not np.isfinite(values).all():
            raise CorruptArtefactError(
                f"{self.name} gives hidden states that are not finite; its weights are damaged, or try dtype float32"
            )


def level_blocks(depth: int) -> tuple[int, ...]:
    """Return the numbers, from 1, of the blocks after which the ``LEVELS`` hidden states are read.

    A quarter, half, three quarters of ``depth`` rounded half up, at least 1, and the last.
    """
    return (*(max(1, math.floor(depth * level / LEVELS + 0.5)) for level in range(1, LEVELS)), depth)


def _keep(found: "dict[int, torch.Tensor]", block: int) -> Any:  # noqa: ANN401 (torch's untyped hook)
    def hook(_module: object, _inputs: object, output: Any) -> None:  # noqa: ANN401 (tensor or tuple, by model)
        found[block] = output[0] if isinstance(output, tuple) else output

    return hook


def _find_blocks(model: Any, name: str) -> Any:  # noqa: ANN401 (any PreTrainedModel)
    from torch import nn

    depth = getattr(model.config, "num_hidden_layers", None)
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return module
    raise InputError(
        f"{name} ({model.config.model_type}) has no stack of num_hidden_layers = {depth} blocks; use a causal or an "
        "encoder language model"
    )


def _special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:  # noqa: ANN401 (any tokenizer)
    """Return the token ids that the tokenizer puts before and after a text."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    for start in range(len(full) - len(plain) + 1):
        if full[start : start + len(plain)] == plain:
            return list(full[:start]), list(full[start + len(plain) :])
    return [], []


def _sink_token(tokenizer: Any) -> list[int]:  # noqa: ANN401 (any tokenizer)
    """Return the special token to start a causal model's text with; none if the tokenizer has no special token."""
    candidates = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id)
    return [token for token in candidates if token is not None][:1]


def _to_float16(values: NDArray[np.floating[Any]]) -> NDArray[np.float16]:
    clipped: NDArray[np.float16] = np.clip(values, -_FP16_MAX, _FP16_MAX).astype(np.float16)
    return clipped


def _digest(**parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
