import threading

import numpy as np
import pytest

from cladmop.encoders.memory import MemoryStates
from cladmop.errors import InputError


class Counting:
    """A text encoder that counts what it is asked for."""

    name, fingerprint, width, window = "counting", "b" * 64, 4, 512

    def __init__(self):
        self.asked = []

    def count_tokens(self, texts):
        return [1 for _ in texts]

    def encode(self, texts, *, pool):
        self.asked.append(list(texts))
        return [np.full((4, 1, 4), len(text) + 100 * pool, np.float16) for text in texts]


def test_only_new_texts_are_encoded_and_in_one_call():
    encoder, states = Counting(), MemoryStates()
    states.states(encoder, ["a", "bb", "a"], pool=True)
    found = states.states(encoder, ["bb", "ccc", "a"], pool=True)
    assert encoder.asked == [["a", "bb"], ["ccc"]]
    assert [one[0, 0, 0] for one in found] == [102, 103, 101]


def test_pooled_and_whole_states_are_apart():
    encoder, states = Counting(), MemoryStates()
    pooled, whole = states.states(encoder, ["a"], pool=True), states.states(encoder, ["a"], pool=False)
    assert pooled[0][0, 0, 0] != whole[0][0, 0, 0]


def test_states_used_longest_ago_go_first_and_the_bound_holds():
    encoder, states = Counting(), MemoryStates(megabytes=3 * 32 / 1e6)
    for text in ("a", "b", "c"):
        states.states(encoder, [text], pool=True)
    states.states(encoder, ["a"], pool=True)
    states.states(encoder, ["d"], pool=True)
    assert states.size == 3 * 32
    encoder.asked.clear()
    states.states(encoder, ["a", "c", "d"], pool=True)
    assert encoder.asked == []
    states.states(encoder, ["b"], pool=True)
    assert encoder.asked == [["b"]]


def test_one_call_may_be_larger_than_the_bound():
    encoder, states = Counting(), MemoryStates(megabytes=32 / 1e6)
    texts = [chr(ord("a") + number) * (number + 1) for number in range(20)]
    assert [one[0, 0, 0] for one in states.states(encoder, texts, pool=False)] == list(range(1, 21))
    assert states.size == 32


def test_threads_share_one_store():
    encoder, states = Counting(), MemoryStates(megabytes=64 * 32 / 1e6)
    texts, wrong = ["x" * number for number in range(1, 200)], []

    def work(seed):
        for row in np.random.default_rng(seed).integers(1, 200, size=(200, 5)):
            found = states.states(encoder, [texts[number - 1] for number in row], pool=False)
            wrong.extend(number for one, number in zip(found, row, strict=True) if one[0, 0, 0] != number)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert 0 < states.size <= 64 * 32
    assert states.size == sum(one.nbytes for one in states._states.values())


@pytest.mark.parametrize("megabytes", [0, -1, float("nan")])
def test_bound_is_checked(megabytes):
    with pytest.raises(InputError, match="above 0"):
        MemoryStates(megabytes)
