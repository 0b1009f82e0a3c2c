"""Hidden states of a frozen language model at four depths (the paper's LLM branch).

Decisions where the paper is silent or the library leaves a choice:

- Levels are read after block ``floor(depth * k / 4 + 1/2)``, k = 1, 2, 3 (6, 12, 18 of BioGPT's 24; 2, 3, 5 of
  MiniLM's 6; 8, 15, 23 of SmolLM2's 30), and from the last layer after the model's final norm.
- Special tokens never reach the output. In a causal model the first position is an attention sink whose norm is
  100 times that of its neighbours; where the tokenizer starts a text with no special token, its BOS (or EOS, or
  another special token) is put first so that the sink is never a token of the text.

Speed: texts of like length share a batch, so almost nothing is padding; batches are small enough for a core's cache,
and each core encodes batches of its own (`devices.workers`).
"""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import LEVELS
from cladmop.encoders.devices import Dtype, budget, choose_device, choose_dtype, worker_threads, workers
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
        self._found = local()
        self._prefix, self._suffix = _special_tokens(self._tokenizer)
        self._device: torch.device = next(self._model.parameters()).device
        self.levels = level_blocks(len(self._blocks))
        for block in set(self.levels[:-1]):
            self._blocks[block - 1].register_forward_hook(_keep(self._found, block))
        self.causal = self._is_causal()
        if self.causal and not self._prefix:
            self._prefix = _sink_token(self._tokenizer)
        self.width = int(self._model.config.hidden_size)
        self.window = self._choose_window(window)
        self.dtype = str(next(self._model.parameters()).dtype).removeprefix("torch.")
        self.fingerprint = _digest(
            weights=language_model.weights_id,
            levels=self.levels,
            dtype=self.dtype,
            window=self.window,
            overlap=self.window // OVERLAP,
            format=FORMAT,
        )
        from cladmop.encoders.packed import pack_linear_layers

        pack_linear_layers(self._model)

    @property
    def special_tokens(self) -> int:
        """Tokens put around each text, which the model reads as well."""
        return len(self._prefix) + len(self._suffix)

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
        for w, found_LTW in self._encoded(windows, tokens, pool=pool):
            self._require_finite(found_LTW)
            if pool:
                states[w.text] += found_LTW
            else:
                states[w.text][:, w.keep_start : w.keep_stop] = _to_float16(found_LTW)
        if pool:
            return [_to_float16(sums / len(ids)) for sums, ids in zip(states, tokens, strict=True)]
        return states

    def _encoded(
        self, windows: list[Window], tokens: list[list[int]], *, pool: bool
    ) -> Iterator[tuple[Window, NDArray[np.float32]]]:
        """Yield each window with the states of its kept tokens, ``(LEVELS, T, W)``, or their sum, ``T`` = 1.

        The order is that of the batches, whichever worker is done first, so that sums are added in one order.
        """
        lengths = [w.stop - w.start + self.special_tokens for w in windows]
        at_once = workers(self._device)
        batches = [
            [windows[i] for i in batch] for batch in plan_batches(lengths, budget(self._device, sum(lengths), at_once))
        ]
        if at_once == 1 or len(batches) < 2:
            for batch in batches:
                yield from zip(batch, self._encode_batch(batch, tokens, pool=pool), strict=True)
            return
        with worker_threads(at_once) as run:
            found = run.map(lambda batch: self._encode_batch(batch, tokens, pool=pool), batches)
            for batch, states in zip(batches, found, strict=True):
                yield from zip(batch, states, strict=True)

    def _encode_batch(self, windows: list[Window], tokens: list[list[int]], *, pool: bool) -> list[NDArray[np.float32]]:
        import torch

        first = len(self._prefix)
        sequences = [self._prefix + tokens[w.text][w.start : w.stop] + self._suffix for w in windows]
        levels = self._forward(sequences)
        kept = [slice(first + w.keep_start - w.start, first + w.keep_stop - w.start) for w in windows]
        if not pool:
            found_LBTW = np.stack([hidden_BTW.float().cpu().numpy() for hidden_BTW in levels])
            return [found_LBTW[:, row, tokens_kept] for row, tokens_kept in enumerate(kept)]
        kept_BT = torch.zeros(levels[0].shape[:2], dtype=torch.float32)
        for row, tokens_kept in enumerate(kept):
            kept_BT[row, tokens_kept] = 1
        kept_B1T = kept_BT.to(self._device)[:, None]
        sums_LBW = torch.stack([(kept_B1T @ hidden_BTW.float())[:, 0] for hidden_BTW in levels]).cpu().numpy()
        return list(sums_LBW.swapaxes(0, 1)[:, :, None])

    def _forward(self, sequences: list[list[int]]) -> "list[torch.Tensor]":
        """Return the ``LEVELS`` hidden states ``(B, T, W)`` of token sequences, padded on the right."""
        import torch

        length = max(map(len, sequences))
        ids_BT = torch.zeros((len(sequences), length), dtype=torch.long)
        mask_BT = torch.zeros((len(sequences), length), dtype=torch.long)
        for row, ids in enumerate(sequences):
            ids_BT[row, : len(ids)] = torch.tensor(ids)
            mask_BT[row, : len(ids)] = 1
        # Hooks keep the three blocks that are read; output_hidden_states would keep every one. What they find is the
        # thread's own: several threads may be in here.
        self._found.states = {}
        with torch.inference_mode():
            output = self._model(input_ids=ids_BT.to(self._device), attention_mask=mask_BT.to(self._device))
        found = self._found.states
        del self._found.states
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


def _keep(found: local, block: int) -> Any:  # noqa: ANN401 (torch's untyped hook)
    def hook(_module: object, _inputs: object, output: Any) -> None:  # noqa: ANN401 (tensor or tuple, by model)
        states = getattr(found, "states", None)
        if states is not None:
            states[block] = output[0] if isinstance(output, tuple) else output

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
