"""Odds of answers from a causal model: those of a plain forward pass, whatever the batch."""

import numpy as np
import pytest

from cladmop.encoders import weights
from cladmop.encoders.causal import Answers, open_causal_model
from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError
from invented_causal import byte_tokenizer, save_causal

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

KINDS = ("llama", "tied", "gpt2", "gemma2")
YES, NO = ("Yes", "yes"), ("No", "no")
TEXTS = ("Short?", "A question of middling length?", "One more, the longest question of them all, or is it not?", "?")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("causal")
    return {kind: save_causal(root / kind, kind) for kind in (*KINDS, "headless")}


def opened(folder, **settings):
    return open_causal_model(folder, **{"dtype": "float32", "device": "cpu", **settings})


def plain_odds(folder, ids, answers):
    """Log-odds by the whole vocabulary at every position, one prompt at a time."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1].double()
    probabilities = logits.softmax(dim=0)
    yes, no = (float(probabilities[list(side)].sum()) for side in (answers.yes, answers.no))
    return np.log(yes) - np.log(no)


@pytest.mark.parametrize("kind", KINDS)
def test_odds_are_those_of_a_plain_forward_pass_in_any_batch(folders, kind):
    model = opened(folders[kind])
    prompts, answers = [model.tokenize(text) for text in TEXTS], model.answers(YES, NO)
    expected = [plain_odds(folders[kind], ids, answers) for ids in prompts]
    assert np.std(expected) > 0.05
    found = model.log_odds(prompts, answers)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose([model.log_odds([ids], answers)[0] for ids in prompts], expected, atol=1e-4)


def test_swapped_answers_flip_the_sign(folders):
    model = opened(folders["llama"])
    prompts, answers = [model.tokenize(text) for text in TEXTS], model.answers(YES, NO)
    np.testing.assert_allclose(
        model.log_odds(prompts, Answers(answers.no, answers.yes)), -model.log_odds(prompts, answers), atol=1e-6
    )


def test_the_head_is_exact_over_states_in_bfloat16(folders):
    """Logits rounded to bfloat16 would be off by hundredths, and trials would tie."""
    model = opened(folders["llama"], dtype="bfloat16")
    answers = Answers((50,), (40,))
    ids = model.tokenize(TEXTS[1])
    with torch.no_grad():
        state = model.model.model(torch.tensor([ids])).last_hidden_state[0, -1].double()
    head = model.model.lm_head.weight.double()
    assert model.log_odds([ids], answers)[0] == pytest.approx(float(state @ (head[50] - head[40])), abs=1e-5)


def test_the_head_is_whole_again_afterwards(folders):
    model = opened(folders["tied"])
    model.log_odds([[5, 6]], Answers((7,), (8,)))
    assert model.model(torch.tensor([[5, 6]])).logits.shape == (1, 2, 259)
    assert model.model.get_output_embeddings().weight is model.model.get_input_embeddings().weight


def test_a_token_that_begins_both_answers_is_left_out(folders):
    model = opened(folders["llama"])
    letters = {letter: model.tokenize(letter)[0] for letter in "YyNn"}
    found = model.answers((" Yes", "Yes", " yes", "yes", "Yeah"), (" No", "No", " no", "no"))
    assert found.yes == tuple(sorted((letters["Y"], letters["y"])))
    assert found.no == tuple(sorted((letters["N"], letters["n"])))
    with pytest.raises(InputError, match="same tokens"):
        model.answers((" Yes",), (" No",))


def test_the_frame_is_the_chat_template_or_what_starts_a_text(folders, tmp_path):
    frame = opened(folders["llama"]).frame()
    assert (frame.before, frame.after) == ((1,), ())
    chatty = opened(save_causal(tmp_path / "chat", chat=True))
    frame, tokenizer = chatty.frame(), byte_tokenizer(chat=True)
    assert chatty.chats
    assert tokenizer.decode(frame.before) == "<s>user\n"
    assert tokenizer.decode(frame.after) == "</s>\n<s>assistant\n"
    assert frame.before.count(1) == 1


def test_the_frame_of_biogpt_starts_with_its_separator(tiny_models):
    pytest.importorskip("sacremoses")
    model = opened(tiny_models["biogpt"])
    assert (model.frame().before, model.frame().after) == ((2,), ())


def test_special_tokens_in_a_text_are_plain_text(folders):
    model = opened(folders["llama"])
    ids = model.tokenize("a</s>b")
    assert len(ids) == 6
    assert 2 not in ids


def test_a_template_without_the_message_is_refused(folders):
    model = opened(folders["llama"])
    model.tokenizer.chat_template = "{{ 'hello' }}"
    with pytest.raises(InputError, match="leaves out"):
        model.frame()


@pytest.mark.parametrize(
    ("prompt", "complaint"), [([], "0 to 3 tokens"), ([4] * 9, "3 to 9 tokens")], ids=["empty", "long"]
)
def test_prompts_must_fit_the_window(folders, prompt, complaint):
    model = opened(folders["llama"], window=8)
    with pytest.raises(InputError, match=complaint):
        model.log_odds([prompt, [4, 5, 6]], Answers((7,), (8,)))
    assert model.log_odds([], Answers((7,), (8,))).shape == (0,)


def test_the_window_is_bounded_by_the_positions(folders):
    assert opened(folders["llama"]).window == 600
    with pytest.raises(InputError, match="1 to 600"):
        opened(folders["llama"], window=601)


def test_models_that_cannot_answer_are_refused(folders, tiny_models, tmp_path):
    from transformers import BertConfig, BertForMaskedLM

    with pytest.raises(InputError, match="no language-model head"):
        opened(folders["headless"])
    with pytest.raises(InputError, match="no language-model head"):
        opened(tiny_models["bert"])
    config = BertConfig(
        vocab_size=259, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(tmp_path / "masked")
    byte_tokenizer().save_pretrained(tmp_path / "masked")
    with pytest.raises(InputError, match="no causal language model"):
        opened(tmp_path / "masked")
    with pytest.raises(MissingArtefactError, match="nowhere"):
        opened(tmp_path / "nowhere")


def test_odds_that_are_not_finite_are_refused(folders):
    model = opened(folders["llama"])
    model.model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(CorruptArtefactError, match="not finite"):
        model.log_odds([[5]], Answers((7,), (8,)))


def test_fingerprints_tell_weights_and_dtypes_apart(folders, tmp_path):
    other = save_causal(tmp_path / "other", seed=1)
    models = [opened(folders["llama"]), opened(folders["llama"], dtype="bfloat16"), opened(other)]
    assert len({model.fingerprint for model in models}) == 3
    assert opened(folders["llama"], window=100).fingerprint == models[0].fingerprint


@pytest.mark.slow
def test_the_embedded_model_writes_sense():
    """Its head, which the carrier's weights do not hold, is the embedding."""
    if {one.name: one.state for one in weights.available()}["smollm2"] != "ready":
        pytest.skip("needs the weights: run `cladmop models get smollm2`")
    model = open_causal_model("smollm2", device="cpu")
    head, embedding = model.model.get_output_embeddings().weight, model.model.get_input_embeddings().weight
    assert head.data_ptr() == embedding.data_ptr()
    start = torch.tensor([model.tokenize("The capital of France is")])
    written = model.model.generate(start, attention_mask=torch.ones_like(start), max_new_tokens=8, do_sample=False)
    assert "Paris" in model.tokenizer.decode(written[0, start.shape[1] :])
    frame = model.frame()
    orders = [model.tokenize(f"Answer with the word {word}.") for word in ("Yes", "No")]
    answers = model.answers((" Yes", "Yes", " yes", "yes"), (" No", "No", " no", "no"))
    obeyed, refused = model.log_odds([[*frame.before, *order, *frame.after] for order in orders], answers)
    assert obeyed > 1
    assert refused < -1
