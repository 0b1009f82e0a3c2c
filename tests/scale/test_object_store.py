"""Corpora and hidden states on a store that speaks S3, served on this machine."""

import numpy as np
import pytest

from cladmop.corpus.build import build
from cladmop.corpus.manifest import BuildSettings
from cladmop.corpus.tables import TABLES, read_corpus, read_manifest, read_table
from cladmop.drugs.resolve import DrugResolver
from cladmop.encoders.base import Unit
from cladmop.encoders.cache import StateCache
from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError, MissingDependencyError, StorageError
from cladmop.scale import copying
from cladmop.scale.copying import copy_folder, working_folder
from cladmop.scale.job import folder_name, plan
from cladmop.scale.texts import read_source, texts_of
from cladmop.scale.worker import encode_shard
from cladmop.storage import list_files, read_bytes, read_json, remove, write_bytes
from invented_registry import study, write_json_source

pytest.importorskip("s3fs")
moto = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def server():
    """A server of S3 on a free port."""
    threaded = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    threaded.start()
    yield "http://{}:{}".format(*threaded.get_host_and_port())
    threaded.stop()


@pytest.fixture
def bucket(server, monkeypatch, request):
    """An empty bucket that only this test uses."""
    import boto3
    import s3fs

    for name, value in (
        ("AWS_ENDPOINT_URL", server), ("AWS_ACCESS_KEY_ID", "invented"), ("AWS_SECRET_ACCESS_KEY", "invented"),
        ("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_EC2_METADATA_DISABLED", "true"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"bucket-{abs(hash(request.node.name)) % 10**8}"
    boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A registry of nine studies of three phases, three of them stopped."""
    studies = [
        study(number, phase=f"PHASE{number % 3 + 1}", status="completed" if number % 2 else "terminated")
        for number in range(1, 10)
    ]
    return write_json_source(tmp_path_factory.mktemp("registry") / "studies.json", studies)


def built(source, out):
    with working_folder(out) as folder:
        build([(source, None)], folder, BuildSettings(), DrugResolver.default(), lambda _: None)
    return out


def test_a_corpus_built_to_a_url_is_read_as_the_local_one(bucket, source, tmp_path):
    local, remote = built(source, tmp_path / "corpus"), built(source, f"{bucket}/some/corpus")
    assert read_manifest(remote) == read_manifest(local)
    assert read_corpus(remote) == read_corpus(local)
    assert len(read_corpus(remote)) == 9
    for name in TABLES:
        assert read_table(remote, name).equals(read_table(local, name))
    assert read_source(remote) == read_source(local)
    names = {name: size for name, size in list_files(local).items() if not name.startswith(".")}
    assert list_files(remote) == names
    assert all(read_bytes(f"{remote}/{name}") == (local / name).read_bytes() for name in names)


def test_the_verb_builds_to_a_url_and_goes_on_after_a_cut_copy(cladmop, bucket, source, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "home", lambda: tmp_path / "home")
    approved = tmp_path / "approved.txt"
    approved.write_text("aspirin\n", encoding="utf-8")
    arguments = ("corpus", "build", "--source", source, "--approved", approved, "--out")
    local, remote = tmp_path / "corpus", f"{bucket}/corpus"
    assert cladmop(*arguments, local).code == 0

    def cut(place, content):
        if "drugs" in str(place):
            raise StorageError(f"cannot write {place}: cut")
        write_bytes(place, content)

    with monkeypatch.context() as patch:
        patch.setattr(copying, "write_bytes", cut)
        ran = cladmop(*arguments, remote)
    assert ran.code == 2
    assert "drugs" in ran.err
    with pytest.raises(MissingArtefactError, match="holds no finished corpus"):
        read_manifest(remote)
    ran = cladmop(*arguments, remote)
    assert (ran.code, "resolving" in ran.err) == (0, False), ran.err
    names = [name for name in list_files(local) if not name.startswith(".")]
    assert list(list_files(remote)) == names
    assert all(read_bytes(f"{remote}/{name}") == (local / name).read_bytes() for name in names)
    assert not any((tmp_path / "home" / "building").iterdir())
    monkeypatch.setattr(copying, "copy_folder", lambda *_: pytest.fail("copied what is there"))
    ran = cladmop(*arguments, remote)
    assert (ran.code, "resolving" in ran.err) == (0, False), ran.err
    assert f"stored in {remote}" in ran.out


def test_another_corpus_takes_the_place_of_a_former_one(bucket, source, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "home", lambda: tmp_path / "home")
    remote = built(source, f"{bucket}/corpus")
    with working_folder(remote) as folder:
        assert [path.name for path in folder.iterdir()] == ["manifest.json"]
        settings = BuildSettings(cutoff="2004-01-01")
        build([(source, None)], folder, settings, DrugResolver.default(), lambda _: None)
    assert read_manifest(remote)["cutoff"] == "2004-01-01"
    assert read_corpus(remote) == []


def test_a_report_of_a_url_goes_there_or_home(cladmop, bucket, source, tmp_path):
    remote, page = built(source, f"{bucket}/corpus"), tmp_path / "page.html"
    ran = cladmop("corpus", "report", remote)
    assert (ran.code, ran.out) == (0, f"report: {remote}/report.html\n"), ran.err
    assert cladmop("corpus", "report", remote, "--out", page).code == 0
    assert read_bytes(f"{remote}/report.html") == page.read_bytes()
    assert b"Records in, dropped and out" in page.read_bytes()


def test_what_is_not_there_or_damaged_is_one_error(bucket, source, tmp_path):
    with pytest.raises(MissingArtefactError, match="holds no finished corpus"):
        read_corpus(f"{bucket}/nothing")
    remote = built(source, f"{bucket}/corpus")
    part = next(name for name in list_files(remote) if name.startswith("trials/"))
    write_bytes(f"{remote}/{part}", b"no parquet")
    with pytest.raises(CorruptArtefactError, match="build the corpus again"):
        read_table(remote, "trials")
    write_bytes(f"{remote}/manifest.json", b"{}")
    local = built(source, tmp_path / "corpus")
    with pytest.raises(InputError, match="holds another corpus"):
        copy_folder(local, remote)
    with pytest.raises(StorageError, match="no-such-bucket-here"):
        write_bytes("s3://no-such-bucket-here/file", b"")


def test_states_written_to_a_url_come_home_as_those_of_one_process(
    bucket, some_trials, encoder, spec, small_shards, tmp_path
):
    texts = texts_of(some_trials, Unit.ITEMS)
    target = f"{bucket}/states"

    def run_some(most: int) -> int:
        planned = [(part, shard) for part in plan(encoder, texts, target) for shard in part.shards]
        for part, shard in planned[:most]:
            row = {"texts": [text for _, _, text in shard], "tokens": sum(count for count, _, _ in shard)}
            encode_shard(row, spec=spec, folder=f"{target}/{folder_name(encoder, pool=part.pool)}", pool=part.pool)
        return len(planned)

    whole = run_some(3)
    assert run_some(1000) == whole - 3
    assert run_some(0) == 0
    done = copy_folder(target, tmp_path / "home")
    assert (done.files, done.present) == (whole, 0)
    assert copy_folder(target, tmp_path / "home").present == whole
    for _, some, pool in texts.parts:
        StateCache(tmp_path / "alone").encode(encoder, some, pool=pool)
        found = StateCache(tmp_path / "home").load(encoder.fingerprint, some, pool=pool)
        expected = StateCache(tmp_path / "alone").load(encoder.fingerprint, some, pool=pool)
        assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
    shards = {path.name: path.read_bytes() for path in (tmp_path / "alone").rglob("*.safetensors")}
    assert {path.name: path.read_bytes() for path in (tmp_path / "home").rglob("*.safetensors")} == shards


def test_a_url_that_cannot_be_used_names_the_remedy(tmp_path):
    with pytest.raises(InputError, match="is no URL that can be read"):
        read_json("nonsense://bucket/file")
    with pytest.raises(MissingArtefactError, match="holds no files"):
        copy_folder(tmp_path, tmp_path / "other")
    with pytest.raises(MissingDependencyError, match=r"cladmop\[cloud\]"):
        read_json("gs://bucket/file")


def test_a_store_in_memory_serves_as_well():
    write_bytes("memory://shelf/a/b.json", b'{"x": 1}')
    assert read_json("memory://shelf/a/b.json") == {"x": 1}
    assert list_files("memory://shelf") == {"a/b.json": 8}
    remove("memory://shelf/a/b.json")
    remove("memory://shelf/a/b.json")
    assert list_files("memory://shelf") == {}
    with pytest.raises(MissingArtefactError, match="no file memory://shelf/c"):
        read_bytes("memory://shelf/c")
