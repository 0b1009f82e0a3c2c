"""Tiny random-weight language models, saved to a folder as their users would find them, and a fake encoder."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from cladmop.encoders.base import LEVELS

SENTENCE = (
    "age years patients must have no prior therapy confirmed cancer lung renal hepatic function adequate written "
    "informed consent pregnancy breast feeding hiv infection active ecog status of or and the with than 18 75 mg"
)
WORDS = SENTENCE.split()


def save_llama(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaModel, PreTrainedTokenizerFast

    vocabulary = {token: i for i, token in enumerate(["<unk>", "<s>", "</s>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    ).save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=48, num_hidden_layers=8, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    LlamaModel(config).save_pretrained(folder)


def save_bert(folder: Path) -> None:
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=48, num_hidden_layers=6, num_attention_heads=4,
        max_position_embeddings=40,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)


def save_biogpt(folder: Path) -> None:
    from transformers import BioGptConfig, BioGptModel, BioGptTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789-,.:()<>/"]
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *letters, *(letter + "</w>" for letter in letters), "ag", "age</w>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocabulary)}), encoding="utf-8")
    (folder / "merges.txt").write_text("a g 10\nag e</w> 9\n", encoding="utf-8")
    BioGptTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)
    config = BioGptConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=48, num_hidden_layers=24, num_attention_heads=4,
        max_position_embeddings=64,
    )  # fmt: skip
    BioGptModel(config).save_pretrained(folder)


SAVERS: dict[str, Callable[[Path], None]] = {"llama": save_llama, "bert": save_bert, "biogpt": save_biogpt}


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny models of Llama's, BERT's and BioGPT's architecture."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    root = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    for name, save in SAVERS.items():
        save(root / name)
    return {name: root / name for name in SAVERS}


class FakeEncoder:
    """A deterministic encoder without a network: the states of a token follow from the word and its place."""

    name = "fake"
    width = 8
    window = 16

    def __init__(self, fingerprint: str = "f" * 64) -> None:
        self.fingerprint = fingerprint
        self.encoded: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode(self, texts: Sequence[str], *, pool: bool) -> list[np.ndarray]:
        self.encoded += texts
        states = [np.stack([self._token(word) for word in text.split()], axis=1) for text in texts]
        return [one.mean(1, keepdims=True).astype(np.float16) if pool else one.astype(np.float16) for one in states]

    def _token(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little")
        return np.random.default_rng(seed).normal(size=(LEVELS, self.width)).astype(np.float32)


@pytest.fixture
def fake_encoder() -> FakeEncoder:
    """A fresh fake encoder."""
    return FakeEncoder()
