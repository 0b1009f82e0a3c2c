"""The pages, built once a test session and strictly: every warning is an error."""

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))


@dataclass(frozen=True)
class Site:
    """Where the pages were built to, and what the build said of them."""

    folder: Path
    code: int
    complaints: str

    def page(self, name: str) -> str:
        return (self.folder / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Site:
    pytest.importorskip("sphinx", reason="needs the extra docs")
    base = tmp_path_factory.getbasetemp()
    # Processes of one session share the parent folder, and so one build.
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "code").exists():
            build(shared)
    return Site(shared / "html", int((shared / "code").read_text()), (shared / "complaints").read_text("utf-8"))


def build(shared: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    command += ["-d", str(shared / "doctrees"), str(ROOT / "docs"), str(shared / "html")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CLADMOP_OFFLINE": "1"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    (shared / "complaints").write_text(ran.stderr, encoding="utf-8")
    (shared / "code").write_text(str(ran.returncode))
