"""A causal language model with its head, asked for the odds of some next tokens against others.

Shapes: B prompts of a batch, T tokens (padded on the right, which a causal model never sees), W width of a state,
A answer tokens.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.devices import Dtype, batch_tokens, choose_device, choose_dtype
from cladmop.encoders.language_model import LanguageModel, open_language_model
from cladmop.encoders.quiet import quiet_transformers
from cladmop.encoders.text import MAX_WINDOW
from cladmop.encoders.windows import plan_batches
from cladmop.errors import CorruptArtefactError, InputError

if TYPE_CHECKING:
    import torch

FORMAT = 1
"""Raised whenever the same weights and prompt would give other odds than before; part of every fingerprint."""
_MARK = "\ue000"
"""Stands for the user's text while a chat template is filled in: a letter for private use, found in no template."""


@dataclass(frozen=True)
class Answers:
    """Tokens that begin either of two answers, ascending, none in both."""

    yes: tuple[int, ...]
    no: tuple[int, ...]


@dataclass(frozen=True)
class Frame:
    """Tokens around a user's text."""

    before: tuple[int, ...]
    """Special tokens that start a text, or the chat template up to the user's words."""
    after: tuple[int, ...]
    """The chat template from there to where the model's answer begins; empty without a template."""


def open_causal_model(
    name_or_folder: str | Path,
    revision: str | None = None,
    dtype: Dtype = "auto",
    device: str = "auto",
    window: int | None = None,
) -> "CausalModel":
    """Open a causal language model with its head.

    Parameters
    ----------
    name_or_folder
        An embedded model (``smollm2``; fetched if it is not here), a folder in Hugging Face layout, or a hub name.
    revision, dtype, device
        As for ``load_text_encoder``.
    window
        Tokens of a prompt; by default all that the model's positions hold, at most ``MAX_WINDOW``.

    Raises
    ------
    InputError, MissingArtefactError, CorruptArtefactError, NetworkError
        As ``load_text_encoder``; ``InputError`` also for a model that is not causal or has no head.
    """
    import torch

    chosen_device = choose_device(device)
    chosen_dtype = choose_dtype(dtype, chosen_device.type)
    # Opened without a head first: that finds and checks the files. Moved to no device, it gives its memory back.
    bare = open_language_model(name_or_folder, revision, chosen_dtype, torch.device("meta"))
    model = _open_with_head(bare.name, bare.model.name_or_path, chosen_dtype)
    return CausalModel(replace(bare, model=model.to(chosen_device)), window)


class CausalModel:
    """A frozen causal language model with its head.

    Parameters
    ----------
    language_model
        Tokenizer and model, the latter with its head, on its device and in its dtype.
    window
        Tokens of a prompt; by default all that the model's positions hold, at most ``MAX_WINDOW``.

    Raises
    ------
    InputError
        If the model is not causal, or the window does not fit its positions.
    """

    def __init__(self, language_model: LanguageModel, window: int | None = None) -> None:
        self.name = language_model.name
        self.model, self.tokenizer = language_model.model, language_model.tokenizer
        self.window = self._choose_window(window)
        self._device: torch.device = next(self.model.parameters()).device
        dtype = str(next(self.model.parameters()).dtype)
        parts = {"weights": language_model.weights_id, "dtype": dtype, "format": FORMAT}
        self.fingerprint = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        """Hexadecimal digest of what decides the odds of given tokens after given tokens."""
        self._require_causal()

    @property
    def chats(self) -> bool:
        """Whether the tokenizer has a chat template."""
        return bool(self.tokenizer.chat_template)

    def frame(self) -> Frame:
        """Return what stands around a user's text: the chat template, or else the special tokens that start a text.

        Models that can think aloud first are told not to.

        Raises
        ------
        InputError
            If the chat template loses the user's text.
        """
        if not self.chats:
            start = self.tokenizer("a", return_special_tokens_mask=True)
            marked = zip(start["input_ids"], start["special_tokens_mask"], strict=True)
            return Frame(tuple(token for token, special in takewhile(lambda pair: pair[1], marked)), ())
        message = {"role": "user", "content": _MARK}
        filled = self.tokenizer.apply_chat_template(
            [message], tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        before, mark, after = filled.partition(_MARK)
        if not mark:
            raise InputError(f"the chat template of {self.name} leaves out the user's message; use another model")
        return Frame(*(tuple(self._ids(part)) for part in (before, after)))

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a text; what looks like a special token in it is plain text."""
        return self._ids(text, split_special_tokens=True)

    def answers(self, yes: Sequence[str], no: Sequence[str]) -> Answers:
        """Return the first tokens of the spellings of two answers; a token that begins both is left out.

        Raises
        ------
        InputError
            If no token is left for one of them.
        """
        first = [{ids[0] for spelling in side if (ids := self.tokenize(spelling))} for side in (yes, no)]
        found = Answers(*(tuple(sorted(side - other)) for side, other in (first, first[::-1])))
        if not found.yes or not found.no:
            raise InputError(
                f"the tokenizer of {self.name} begins {list(yes)} and {list(no)} with the same tokens; ask for other "
                "answers or use another model"
            )
        return found

    def batches(self, prompts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Group prompts, by their number, into batches of like length that `log_odds` takes at once."""
        return plan_batches([len(prompt) for prompt in prompts], batch_tokens(self._device))

    def log_odds(self, prompts: Sequence[Sequence[int]], answers: Answers) -> NDArray[np.float64]:
        """Return ln P(yes) - ln P(no) of the next token, shape (B,).

        P of an answer is the sum over its tokens. States are in the model's dtype, the head is in float32 and computed
        for the answers' tokens only: in bfloat16 a logit of 20 has steps of 1/8, and trials would tie.

        Parameters
        ----------
        prompts
            Token sequences, none empty, of at most ``window`` tokens.
        answers
            Tokens to compare.

        Raises
        ------
        InputError
            If a prompt is empty or longer than the window.
        CorruptArtefactError
            If the odds are not finite.
        """
        import torch

        lengths = [len(prompt) for prompt in prompts]
        if not lengths:
            return np.empty(0)
        if min(lengths) < 1 or max(lengths) > self.window:
            raise InputError(
                f"prompts of {min(lengths)} to {max(lengths)} tokens: {self.name} takes 1 to {self.window}"
            )
        with _narrow_head(self.model, [*answers.yes, *answers.no]):
            logits_BTA = self._forward(prompts)
        last_BA = logits_BTA[torch.arange(len(lengths)), torch.tensor(lengths) - 1].double().cpu()
        split = len(answers.yes)
        odds_B: NDArray[np.float64] = (
            last_BA[:, :split].logsumexp(dim=1) - last_BA[:, split:].logsumexp(dim=1)
        ).numpy()
        if not np.isfinite(odds_B).all():
            raise CorruptArtefactError(
                f"{self.name} gives odds that are not finite; its weights are damaged, or try dtype float32"
            )
        return odds_B

    def _forward(self, prompts: Sequence[Sequence[int]]) -> "torch.Tensor":
        import torch

        ids_BT = torch.zeros((len(prompts), max(map(len, prompts))), dtype=torch.long)
        mask_BT = torch.zeros_like(ids_BT)
        for row, ids in enumerate(prompts):
            ids_BT[row, : len(ids)] = torch.tensor(ids)
            mask_BT[row, : len(ids)] = 1
        with torch.inference_mode():
            logits: torch.Tensor = self.model(
                input_ids=ids_BT.to(self._device), attention_mask=mask_BT.to(self._device)
            ).logits
        return logits

    def _ids(self, text: str, **options: bool) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False, **options)["input_ids"])

    def _choose_window(self, window: int | None) -> int:
        limits = (
            getattr(self.model.config, "max_position_embeddings", None),
            getattr(self.tokenizer, "model_max_length", None),
        )
        room = min([MAX_WINDOW, *(limit for limit in limits if isinstance(limit, int) and limit > 0)])
        if window is not None and not 1 <= window <= room:
            raise InputError(f"window {window}: a prompt of {self.name} holds 1 to {room} tokens")
        return room if window is None else window

    def _require_causal(self) -> None:
        """Refuse a model whose odds at a token depend on what follows, by trying: configurations do not say."""
        end = int(self.model.config.vocab_size) - 1
        one, other = (self._forward([[1, 2, last]])[0, 0] for last in (end, end - 1))
        if not bool((one == other).all()):
            raise InputError(f"{self.name} is no causal language model; use smollm2, or another model that writes text")


def _open_with_head(name: str, folder: str, dtype: "torch.dtype") -> Any:  # noqa: ANN401 (any PreTrainedModel)
    from transformers import AutoModelForCausalLM

    with quiet_transformers():
        try:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, output_loading_info=True, local_files_only=True
            )
        except ValueError as error:
            # The files were read without a head before: what fails now is that transformers knows none.
            raise InputError(f"{name} is no causal language model; use smollm2, or another that writes text") from error
    model, loading = loaded
    if loading["missing_keys"] or model.get_output_embeddings() is None:
        raise InputError(
            f"{name} has no language-model head, so it cannot answer; use smollm2, or a folder that holds the head"
        )
    model.config.use_cache = False
    model.eval().requires_grad_(False)  # noqa: FBT003 (torch's own signature)
    return model


@contextmanager
def _narrow_head(model: Any, tokens: Sequence[int]) -> Iterator[None]:  # noqa: ANN401 (any PreTrainedModel)
    """Let the model's head give float32 logits of these tokens only, in this order, inside the block."""
    import torch
    from torch import nn

    class Narrow(nn.Linear):
        def forward(self, hidden_BTW: torch.Tensor) -> torch.Tensor:
            return nn.functional.linear(hidden_BTW.float(), self.weight, self.bias)

    head = model.get_output_embeddings()
    bias = getattr(head, "bias", None)
    narrow = Narrow(head.weight.shape[1], len(tokens), bias=bias is not None, device="meta")
    narrow.weight = nn.Parameter(head.weight[list(tokens)].float(), requires_grad=False)
    if bias is not None:
        narrow.bias = nn.Parameter(bias[list(tokens)].float(), requires_grad=False)
    model.set_output_embeddings(narrow)
    try:
        yield
    finally:
        model.set_output_embeddings(head)
