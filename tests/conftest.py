"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real trials and reference tables, from CLADMOP_SHARED or beside the repository."""
    chosen = os.environ.get("CLADMOP_SHARED")
    folder = Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "top").is_dir():
        pytest.skip(f"needs real trials: no folder {folder}/top (set CLADMOP_SHARED)")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty CLADMOP_HOME for one test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CLADMOP_HOME", str(folder))
    return folder
