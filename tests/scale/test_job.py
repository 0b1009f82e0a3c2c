"""A job of several workers writes what one process writes, to the byte, also when a worker is killed in its middle."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cladmop.encoders.base import Unit
from cladmop.encoders.cache import StateCache
from cladmop.encoders.shards import shard_name
from cladmop.errors import InputError, MissingDependencyError
from cladmop.scale import worker
from cladmop.scale.job import Workers, encode, folder_name, plan
from cladmop.scale.texts import Texts, texts_of
from cladmop.scale.worker import encode_shard
from scale.ray_cluster import killed_in_the_middle, two_nodes


def bytes_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def in_one_process(encoder, texts: Texts, root: Path) -> dict[str, bytes]:
    for _, some, pool in texts.parts:
        StateCache(root).encode(encoder, some, pool=pool)
    return bytes_of(root)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_alone")
def test_a_killed_worker_of_two_nodes_loses_nothing_and_doubles_nothing(
    tmp_path, some_trials, encoder, spec, small_shards
):
    texts = texts_of(some_trials, Unit.TOKENS)
    parts = plan(encoder, texts, tmp_path / "many")
    shards = sum(len(part.shards) for part in parts)
    assert shards > 20

    def begun() -> bool:
        return len(list((tmp_path / "many").glob("*/*.safetensors"))) >= 5

    with two_nodes() as address, killed_in_the_middle("encode_shard", begun) as killed:
        done = encode(encoder, spec, parts, tmp_path / "many", Workers(2, address))
    assert len(killed) == 1
    assert bytes_of(tmp_path / "many") == in_one_process(encoder, texts, tmp_path / "one")
    assert done.files == sum(done.workers.values()) == shards
    assert done.tokens == sum(part.tokens for part in parts)
    assert len(done.workers) >= 2


@pytest.mark.slow
@pytest.mark.usefixtures("ray_alone")
def test_a_job_does_what_is_missing_and_says_what_a_worker_says(tmp_path, some_trials, encoder, spec, small_shards):
    texts = texts_of(some_trials, Unit.ITEMS)
    whole = in_one_process(encoder, texts, tmp_path / "one")
    parts = plan(encoder, texts, tmp_path / "many")
    other = replace(spec, fingerprint="0" * 64)
    with pytest.raises(InputError, match="put the same weights on all machines"):
        encode(encoder, other, parts, tmp_path / "many", Workers(1))
    shards = sorted((tmp_path / "one").rglob("*.safetensors"))
    folder = tmp_path / "many" / shards[0].parent.name
    folder.mkdir(parents=True, exist_ok=True)
    for path in shards[1::2]:
        (folder / path.name).write_bytes(path.read_bytes())
    rest = plan(encoder, texts, tmp_path / "many")
    done = encode(encoder, spec, rest, tmp_path / "many", Workers(1))
    assert done.files == sum(len(part.shards) for part in rest) == len(shards) - len(shards[1::2])
    assert bytes_of(tmp_path / "many") == whole
    assert not any(part.shards for part in plan(encoder, texts, tmp_path / "many"))


def test_the_shards_of_a_job_are_those_of_one_process(tmp_path, some_trials, encoder, small_shards):
    for unit in Unit:
        texts = texts_of(some_trials, unit)
        planned = {
            f"{folder_name(encoder, pool=part.pool)}/{shard_name([key for _, key, _ in shard])}"
            for part in plan(encoder, texts, tmp_path / unit)
            for shard in part.shards
        }
        written = in_one_process(encoder, texts, tmp_path / unit)
        assert planned == {name for name in written if name.endswith(".safetensors")}


def test_a_worker_leaves_a_shard_that_is_there(tmp_path, encoder, spec, monkeypatch):
    row = {"texts": ["written informed consent", "stable disease"], "tokens": 5}
    first = encode_shard(row, spec=spec, folder=str(tmp_path), pool=True)
    content = bytes_of(tmp_path)
    monkeypatch.setattr(worker, "opened", lambda _: pytest.fail("encoded twice"))
    again = encode_shard(row, spec=spec, folder=str(tmp_path), pool=True)
    assert first["name"] == again["name"] == next(iter(content))
    assert bytes_of(tmp_path) == content
    assert (again["texts"], again["tokens"]) == (2, 5)


def test_no_worker_is_refused():
    with pytest.raises(InputError, match="at least 1 worker"):
        Workers(0)


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"cladmop\[ray\]"), Workers(1).started():
        pass
