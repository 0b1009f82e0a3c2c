"""Causal language models of a few thousand random weights, which read bytes, for tests of prompts."""

from pathlib import Path

CHAT = (
    "{% for message in messages %}<s>{{ message['role'] }}\n{{ message['content'] | trim }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


def byte_tokenizer(*, chat: bool = False):
    """A token a byte; ``<s>`` starts a text; ``<s>`` and ``</s>`` are special."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<unk>", "<s>", "</s>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate([*special, *letters])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    made.chat_template = CHAT if chat else None
    return made


def save_causal(folder: Path, kind: str = "llama", *, chat: bool = False, seed: int = 0) -> Path:
    """Save a model of 3 blocks and width 32.

    ``llama``; ``tied``: saved without its head, which is the embedding; ``gpt2``: positions are absolute;
    ``gemma2``: logits are squashed after the head; ``headless``: a head of its own that was not saved.
    """
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    sizes = {
        "vocab_size": 259,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "max_position_embeddings": 600,
        "initializer_range": 0.3,
    }
    wide = {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2,
    }  # fmt: skip
    if kind == "gpt2":
        model = GPT2LMHeadModel(GPT2Config(**sizes, n_embd=32, n_layer=3, n_head=4, n_positions=600))
    elif kind == "gemma2":
        model = Gemma2ForCausalLM(Gemma2Config(**sizes, **wide, head_dim=8, final_logit_softcapping=2.0))
    else:
        model = LlamaForCausalLM(LlamaConfig(**sizes, **wide, tie_word_embeddings=kind == "tied"))
    saved = model.model if kind in {"tied", "headless"} else model
    saved.save_pretrained(folder)
    byte_tokenizer(chat=chat).save_pretrained(folder)
    return folder
