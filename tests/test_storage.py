import os
import signal
import subprocess
import sys
import time

import pytest

from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError, StorageError
from cladmop.storage import atomic_file, atomic_folder, read_json, sha256_of, write_json, write_text


def test_file_takes_its_name_on_success_and_is_readable(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_text(path, "a\nb\n")
    assert path.read_bytes() == b"a\nb\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("error", [ValueError("ours"), InputError("ours")])
def test_failed_write_keeps_the_former_file_and_the_error(tmp_path, error):
    path = tmp_path / "file.txt"
    write_text(path, "before")
    with pytest.raises(type(error), match="ours"), atomic_file(path) as part:  # noqa: PT012 (the block is the write)
        part.write_text("half")
        raise error
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["file.txt"]


def test_folder_is_replaced_as_a_whole(tmp_path):
    folder = tmp_path / "model"
    for content in ("one", "two"):
        with atomic_folder(folder) as part:
            (part / f"{content}.txt").write_text(content)
    assert [one.name for one in folder.iterdir()] == ["two.txt"]
    assert [one.name for one in tmp_path.iterdir()] == ["model"]


def test_failed_folder_keeps_the_former_one(tmp_path):
    folder = tmp_path / "model"
    with atomic_folder(folder) as part:
        (part / "a.txt").write_text("a")
    with pytest.raises(OSError, match="No space"), atomic_folder(folder) as part:  # noqa: PT012 (the same)
        (part / "b.txt").write_text("b")
        raise OSError(28, "No space left on device")
    assert [one.name for one in folder.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("atomic", [atomic_file, atomic_folder])
def test_what_the_system_refuses_names_the_path(tmp_path, atomic):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write .*file/below"), atomic(tmp_path / "file" / "below"):
        pass


def test_killed_writer_leaves_the_former_file(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "before")
    code = (
        "import sys, time; from pathlib import Path; from cladmop.storage import atomic_file\n"
        "with atomic_file(Path(sys.argv[1])) as part:\n"
        "    part.write_text('half'); print('writing', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    time.sleep(0.05)
    assert path.read_text() == "before"


def test_json_keeps_its_order_and_bytes(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"z": 1, "a": ["é"]})
    digest = sha256_of(path)
    assert read_json(path) == {"z": 1, "a": ["é"]}
    write_json(path, {"z": 1, "a": ["é"]})
    assert sha256_of(path) == digest
    assert os.linesep not in path.read_text() or os.linesep == "\n"


def test_unreadable_json_is_named(tmp_path):
    with pytest.raises(MissingArtefactError, match="no file"):
        read_json(tmp_path / "absent.json")
    (tmp_path / "cut.json").write_text('{"a": ')
    with pytest.raises(CorruptArtefactError, match=r"cut\.json"):
        read_json(tmp_path / "cut.json")
