"""Hidden states from tiny models of three architectures, loaded through the real loader."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cladmop.encoders.base import LEVELS, TextEncoder
from cladmop.encoders.text import level_blocks, load_text_encoder
from cladmop.errors import InputError

ARCHITECTURES = ["llama", "bert", "biogpt"]
TEXT = "patients must have confirmed lung cancer and adequate renal function"
LONG = " ".join([TEXT, "no prior therapy for hiv infection", "age 18 or 75 years"] * 8)


@pytest.fixture(scope="module")
def encoders(tiny_models):
    return {name: load_text_encoder(folder, dtype="float32", device="cpu") for name, folder in tiny_models.items()}


@pytest.fixture(params=ARCHITECTURES)
def encoder(request, encoders):
    return encoders[request.param]


def direct_states(encoder, text):
    """Every hidden state that transformers itself gives for one text, special tokens left out."""
    import torch

    ids = encoder._tokenizer(text, add_special_tokens=False)["input_ids"]
    full = torch.tensor([encoder._prefix + ids + encoder._suffix])
    with torch.no_grad():
        hidden = encoder._model(input_ids=full, output_hidden_states=True).hidden_states
    first = len(encoder._prefix)
    return np.stack([hidden[level][0, first : first + len(ids)].numpy() for level in encoder.levels])


def test_levels_are_quarters_rounded_half_up():
    assert level_blocks(24) == (6, 12, 18, 24)
    assert level_blocks(6) == (2, 3, 5, 6)
    assert level_blocks(30) == (8, 15, 23, 30)
    assert level_blocks(1) == (1, 1, 1, 1)


def test_states_are_those_of_transformers(encoder):
    (states,) = encoder.encode([TEXT], pool=False)
    assert states.dtype == np.float16
    assert states.shape == (LEVELS, encoder.count_tokens([TEXT])[0], encoder.width)
    np.testing.assert_allclose(states, direct_states(encoder, TEXT), atol=2e-3)


def test_causality_and_special_tokens_are_found(encoders):
    assert {name: e.causal for name, e in encoders.items()} == {"llama": True, "bert": False, "biogpt": True}
    assert encoders["bert"]._prefix == [2]
    assert encoders["bert"]._suffix == [3]
    # Llama's tokenizer here adds nothing, so its BOS takes the sink; BioGPT's starts a text with </s>.
    assert encoders["llama"]._prefix == [1]
    assert encoders["biogpt"]._prefix == [2]
    assert {name: e.special_tokens for name, e in encoders.items()} == {"llama": 1, "bert": 2, "biogpt": 1}


def test_a_long_text_is_encoded_in_windows_and_nothing_is_lost(encoder):
    n = encoder.count_tokens([LONG])[0]
    assert n > 2 * encoder.window
    (states,) = encoder.encode([LONG], pool=False)
    assert states.shape[1] == n
    assert (np.abs(states.astype(np.float32)).sum(axis=(0, 2)) > 0).all()


def test_the_first_window_of_a_long_text_agrees_with_a_direct_forward(encoder):
    (states,) = encoder.encode([LONG], pool=False)
    ids = encoder._tokenizer(LONG, add_special_tokens=False)["input_ids"]
    import torch

    full = torch.tensor([encoder._prefix + ids[: encoder.window] + encoder._suffix])
    with torch.no_grad():
        hidden = encoder._model(input_ids=full, output_hidden_states=True).hidden_states
    kept = encoder.window if encoder.causal else encoder.window - encoder.window // 4
    first = len(encoder._prefix)
    expected = np.stack([hidden[level][0, first : first + kept].numpy() for level in encoder.levels])
    np.testing.assert_allclose(states[:, :kept], expected, atol=2e-3)


def test_batch_mates_and_their_order_do_not_change_states(encoder):
    texts = [TEXT, "age", LONG, "hiv infection active", TEXT + " " + TEXT]
    together = encoder.encode(texts, pool=False)
    backwards = encoder.encode(texts[::-1], pool=False)[::-1]
    for text, one, other in zip(texts, together, backwards, strict=True):
        (alone,) = encoder.encode([text], pool=False)
        np.testing.assert_allclose(one, alone, atol=1e-3)
        np.testing.assert_allclose(other, alone, atol=1e-3)


@pytest.mark.parametrize("pool", [True, False])
def test_workers_give_what_one_thread_gives(encoder, pool, monkeypatch):
    """Each text where it belongs, also one whose windows went to several workers."""
    import torch

    from cladmop.encoders import text as module

    texts = [f"{TEXT} {'age ' * number}" for number in range(30)] + [LONG]
    alone = encoder.encode(texts, pool=pool)
    monkeypatch.setattr(module, "workers", lambda _: 3)
    before = torch.get_num_threads()
    shared = encoder.encode(texts, pool=pool)
    assert torch.get_num_threads() == before
    for one, other in zip(alone, shared, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-3)


def test_threads_may_share_an_encoder(encoder):
    from concurrent.futures import ThreadPoolExecutor

    texts = [[f"{TEXT} {'age ' * number}", LONG] for number in range(12)]
    alone = [encoder.encode(pair, pool=True) for pair in texts]
    with ThreadPoolExecutor(4) as run:
        shared = list(run.map(lambda pair: encoder.encode(pair, pool=True), texts))
    np.testing.assert_allclose(np.array(shared), np.array(alone), atol=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_bfloat16_states_point_where_single_precision_ones_do(encoders, tiny_models, architecture):
    half = load_text_encoder(tiny_models[architecture], dtype="bfloat16", device="cpu")
    texts = [TEXT, LONG, "hiv infection active", "age 18 or 75 years"]
    full, low = (
        np.stack(one.encode(texts, pool=True))[:, :, 0].astype(float) for one in (encoders[architecture], half)
    )
    cosine = (full * low).sum(-1) / np.linalg.norm(full, axis=-1) / np.linalg.norm(low, axis=-1)
    assert (cosine.mean(axis=0) >= 0.999).all()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from([*LONG.split(), "zzz", "é"]), min_size=1, max_size=150))
def test_pooled_is_the_mean_of_the_tokens(encoder, words):
    text = " ".join(words)
    (tokens,) = encoder.encode([text], pool=False)
    (pooled,) = encoder.encode([text], pool=True)
    assert tokens.shape[1] == encoder.count_tokens([text])[0] >= 1
    assert pooled.shape == (LEVELS, 1, encoder.width)
    np.testing.assert_allclose(pooled[:, 0], tokens.astype(np.float32).mean(axis=1), atol=3e-3)


def test_a_text_the_tokenizer_drops_is_one_unknown_token(encoders):
    (states,) = encoders["bert"].encode(["\u200b\u0007"], pool=False)
    assert states.shape[1] == 1


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_blank_text_is_refused(encoder, text):
    with pytest.raises(InputError, match="text 2 of 2 is blank"):
        encoder.encode([TEXT, text], pool=True)


def test_no_texts_give_no_states(encoder):
    assert encoder.encode([], pool=True) == []


def test_it_is_a_text_encoder(encoder):
    assert isinstance(encoder, TextEncoder)


def test_the_fingerprint_follows_what_decides_the_states(tiny_models, tmp_path):
    import shutil

    base = load_text_encoder(tiny_models["bert"], dtype="float32", device="cpu")
    copy = tmp_path / "elsewhere"
    shutil.copytree(tiny_models["bert"], copy)
    assert load_text_encoder(copy, dtype="float32", device="cpu").fingerprint == base.fingerprint
    others = {
        load_text_encoder(copy, dtype="bfloat16", device="cpu").fingerprint,
        load_text_encoder(copy, dtype="float32", device="cpu", window=20).fingerprint,
        load_text_encoder(tiny_models["llama"], dtype="float32", device="cpu").fingerprint,
    }
    (copy / "vocab.txt").write_text((copy / "vocab.txt").read_text(encoding="utf-8") + "more\n", encoding="utf-8")
    others.add(load_text_encoder(copy, dtype="float32", device="cpu").fingerprint)
    assert len(others | {base.fingerprint}) == 5


def test_values_beyond_float16_are_clipped(encoders):
    from cladmop.encoders.text import _to_float16

    assert _to_float16(np.array([1e9, -1e9], np.float32)).tolist() == [65504.0, -65504.0]


@pytest.mark.parametrize("window", [0, -3, 10_000])
def test_an_impossible_window_is_refused(tiny_models, window):
    with pytest.raises(InputError, match="holds 1 to"):
        load_text_encoder(tiny_models["llama"], dtype="float32", device="cpu", window=window)


@pytest.mark.parametrize(("option", "value"), [("dtype", "float8"), ("device", "abacus")])
def test_unknown_settings_are_refused(tiny_models, option, value):
    with pytest.raises(InputError, match=f"{option} '{value}' is not known"):
        load_text_encoder(tiny_models["llama"], **{option: value})
