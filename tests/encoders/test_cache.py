"""The cache of hidden states: found again, cut alike after a kill, safe under two writers and on a full disk."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cladmop.encoders import cache as cache_module
from cladmop.encoders.base import LEVELS
from cladmop.encoders.cache import StateCache, _cut
from cladmop.encoders.shards import key_of, open_shard, shard_name, write_shard
from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError, StorageError

TEXTS = [f"item {i} " + "word " * (i % 7) for i in range(60)]


def bytes_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(cache_module, "SHARD_TOKENS", 40)


@pytest.mark.parametrize("pool", [True, False])
def test_what_is_encoded_is_loaded_in_input_order(tmp_path, fake_encoder, pool):
    cache = StateCache(tmp_path)
    cache.encode(fake_encoder, TEXTS, pool=pool)
    wanted = TEXTS[::-1] + TEXTS[:3]
    found = StateCache(tmp_path).load(fake_encoder.fingerprint, wanted, pool=pool)
    for states, expected in zip(found, fake_encoder.encode(wanted, pool=pool), strict=True):
        np.testing.assert_array_equal(states, expected)
        assert states.dtype == np.float16


def test_states_are_mapped_not_read(tmp_path, fake_encoder):
    cache = StateCache(tmp_path)
    cache.encode(fake_encoder, TEXTS, pool=True)
    (states,) = cache.load(fake_encoder.fingerprint, TEXTS[:1], pool=True)
    assert isinstance(states, np.memmap)
    assert not states.flags.writeable


def test_nothing_is_encoded_twice(tmp_path, fake_encoder):
    cache = StateCache(tmp_path)
    cache.encode(fake_encoder, TEXTS[:30] * 2, pool=True)
    cache.encode(fake_encoder, TEXTS, pool=True)
    assert sorted(fake_encoder.encoded) == sorted(TEXTS)


def test_units_and_encoders_are_kept_apart(tmp_path, fake_encoder):
    cache = StateCache(tmp_path)
    cache.encode(fake_encoder, TEXTS[:2], pool=True)
    with pytest.raises(MissingArtefactError, match="2 of 2 texts"):
        cache.load(fake_encoder.fingerprint, TEXTS[:2], pool=False)
    with pytest.raises(MissingArtefactError):
        cache.load("0" * 64, TEXTS[:2], pool=True)


@given(counts=st.lists(st.integers(1, 60), max_size=40), done=st.integers(0, 10))
@settings(max_examples=50, deadline=None)
def test_what_remains_after_a_kill_is_cut_as_before(counts, done):
    missing = sorted((count, key_of(str(i)), str(i)) for i, count in enumerate(counts))
    shards = list(_cut(missing))
    assert [item for shard in shards for item in shard] == missing
    rest = [item for shard in shards[done:] for item in shard]
    assert list(_cut(rest)) == shards[done:]


def test_two_writers_at_once_end_with_the_bytes_of_one(tmp_path, fake_encoder):
    StateCache(tmp_path / "one").encode(fake_encoder, TEXTS, pool=True)
    caches = [StateCache(tmp_path / "two") for _ in range(2)]
    threads = [threading.Thread(target=c.encode, args=(fake_encoder, TEXTS), kwargs={"pool": True}) for c in caches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


SLOW_RUN = """
import sys, time
from pathlib import Path
from cladmop.encoders import cache as cache_module
from cladmop.encoders.shards import write_shard
from cladmop.encoders.text import load_text_encoder
cache_module.SHARD_TOKENS = 40
root, folder, slow = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "slow"
if slow:
    def write_slowly(*args):
        (args[0] / ".half.part").write_bytes(b"half a shard")
        path = write_shard(*args)
        time.sleep(0.3)
        return path
    cache_module.write_shard = write_slowly
texts = [f"patients age {i} must have " + "no prior therapy " * (i % 7) for i in range(60)]
encoder = load_text_encoder(folder, dtype="float32", device="cpu")
cache_module.StateCache(root).encode(encoder, texts, pool=False)
"""


def test_a_killed_run_continued_ends_with_the_same_bytes(tmp_path, tiny_models):
    def command(root: str, pace: str) -> list[str]:
        return [sys.executable, "-c", SLOW_RUN, str(tmp_path / root), str(tiny_models["llama"]), pace]

    killed = subprocess.Popen(command("killed", "slow"))
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "killed").glob("*/*.safetensors"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    half = list((tmp_path / "killed").glob("*/*.safetensors"))
    subprocess.run(command("killed", "fast"), check=True)
    subprocess.run(command("whole", "fast"), check=True)
    whole = list((tmp_path / "whole").glob("*/*.safetensors"))
    assert 2 <= len(half) < len(whole)
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "whole")


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from cladmop.encoders.shards import write_shard
from cladmop.errors import StorageError
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_shard(Path(sys.argv[1]), [b"k" * 32], [np.zeros((4, 100, 64), np.float16)])
except StorageError as error:
    sys.exit(0 if "cannot write" in str(error) else 1)
sys.exit(2)
"""


def test_a_full_disk_is_one_error_and_leaves_no_half_shard(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], check=False)
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_fit_is_refused_before_any_work(tmp_path, fake_encoder, monkeypatch):
    monkeypatch.setattr(cache_module, "free_bytes", lambda _: 1000)
    with pytest.raises(StorageError, match="cladmop cache evict"):
        StateCache(tmp_path / "cache").encode(fake_encoder, TEXTS, pool=True)
    assert fake_encoder.encoded == []
    assert not (tmp_path / "cache").exists()


def test_an_unwritable_root_is_one_error(tmp_path, fake_encoder):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot write"):
        StateCache(tmp_path / "file" / "cache").encode(fake_encoder, TEXTS, pool=True)


def test_the_forecast_is_what_happens(tmp_path, fake_encoder):
    cache = StateCache(tmp_path)
    cache.encode(fake_encoder, TEXTS[:20], pool=False)
    before = cache.stats()[0].bytes
    forecast = cache.forecast(fake_encoder, TEXTS + TEXTS, pool=False, timed=True)
    assert (forecast.texts, forecast.missing) == (60, 40)
    assert forecast.tokens == sum(fake_encoder.count_tokens(TEXTS[20:]))
    assert forecast.seconds is not None
    assert "40 of 60 texts" in str(forecast)
    cache.encode(fake_encoder, TEXTS, pool=False)
    (stats,) = cache.stats()
    headers = 400 * stats.shards
    assert forecast.bytes <= stats.bytes - before <= forecast.bytes + headers
    assert (stats.encoder, stats.unit) == ("fake", "tokens")
    assert cache.forecast(fake_encoder, TEXTS, pool=False, timed=True).seconds is None


def shards_of(root: Path) -> list[Path]:
    return sorted(root.glob("*/*.safetensors"))


@pytest.mark.parametrize("damage", ["truncate", "header", "empty", "flip"])
def test_a_damaged_shard_is_named_with_its_remedy_and_evicted(tmp_path, fake_encoder, damage):
    StateCache(tmp_path).encode(fake_encoder, TEXTS, pool=True)
    shard = shards_of(tmp_path)[0]
    content = bytearray(shard.read_bytes())
    if damage == "truncate":
        content = content[:-40]
    elif damage == "header":
        content[0:8] = b"\xff" * 8
    elif damage == "empty":
        content = bytearray()
    else:
        content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    cache = StateCache(tmp_path)
    with pytest.raises(CorruptArtefactError, match="cladmop cache evict") as error:
        cache.load(fake_encoder.fingerprint, TEXTS, pool=True)
    assert str(shard) in str(error.value)
    count = len(shards_of(tmp_path))
    assert cache.evict() == len(content)
    assert len(shards_of(tmp_path)) == count - 1
    cache.encode(fake_encoder, TEXTS, pool=True)
    assert len(cache.load(fake_encoder.fingerprint, TEXTS, pool=True)) == len(TEXTS)


def test_eviction_takes_the_oldest_first(tmp_path, fake_encoder):
    cache = StateCache(tmp_path)
    cache.encode(fake_encoder, TEXTS, pool=True)
    shards = shards_of(tmp_path)
    now = time.time()
    for age, shard in enumerate(shards):
        os.utime(shard, (now - age * 86_400, now - age * 86_400))
    sizes = {shard: shard.stat().st_size for shard in shards}
    assert cache.evict(older_than_days=2.5) == sum(sizes[shard] for shard in shards[3:])
    assert shards_of(tmp_path) == shards[:3]
    assert cache.evict(max_bytes=sizes[shards[0]]) == sizes[shards[1]] + sizes[shards[2]]
    assert shards_of(tmp_path) == shards[:1]
    cache.evict(max_bytes=0)
    assert shards_of(tmp_path) == []
    with pytest.raises(MissingArtefactError):
        cache.load(fake_encoder.fingerprint, TEXTS, pool=True)
    with pytest.raises(InputError, match="give 0 or more"):
        cache.evict(max_bytes=-1)


def test_a_shard_holds_what_was_written(tmp_path):
    rng = np.random.default_rng(0)
    states = [rng.normal(size=(LEVELS, n, 5)).astype(np.float16) for n in (1, 3, 2)]
    keys = [key_of(text) for text in "abc"]
    path = write_shard(tmp_path, keys, states)
    assert path.name == shard_name(keys)
    shard = open_shard(path)
    shard.verify()
    assert list(shard.keys) == keys
    for row, expected in enumerate(states):
        np.testing.assert_array_equal(shard.states_of(row), expected)
    first = path.read_bytes()
    write_shard(tmp_path, keys, states)
    assert path.read_bytes() == first
