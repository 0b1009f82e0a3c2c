"""Fixtures shared by all tests."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

# Arrays are tiny here: threads cost more than they save, the more so with several test processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")


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


@pytest.fixture(scope="session")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny language model of random weights."""
    from invented import save_language_model

    folder = tmp_path_factory.mktemp("language-model") / "tiny"
    save_language_model(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLADMOP_HOME that the tests of one worker share."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def tiny_model(language_model: Path, tiny_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a network, a regression on states and words, fitted on 40 invented trials."""
    from cladmop import TrialOutcomeClassifier
    from cladmop.sources.top import read_top
    from invented import top_row, write_top

    folder = tmp_path_factory.mktemp("tiny-model")
    labelled = read_top(write_top(folder / "train.csv", [top_row(number) for number in range(40)]))
    sizes = {"width": 8, "heads": 2, "centroids": [4], "group_layers": 1, "criteria_width": 8, "head_width": 8}
    model = TrialOutcomeClassifier(
        encoder=str(language_model),
        parts={"network": 0.3, "states": 0.3, "words": 0.4},
        network={"model": sizes, "finetune": {"epochs": 1}},
        pretraining=False,
        folds=2,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        model.fit([one.trial for one in labelled], [one.success for one in labelled])
        model.save_pretrained(folder / "model")
    return folder / "model"


@pytest.fixture(scope="session")
def invented_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of 48 invented trials: successful, unproven and stopped ones."""
    from cladmop.corpus.build import build
    from cladmop.corpus.manifest import BuildSettings
    from cladmop.drugs.resolve import DrugResolver
    from cladmop.records import Intervention
    from invented_registry import CRITERIA, study, write_json_source

    folder = tmp_path_factory.mktemp("corpus")
    drugs = ("Aspirin", "Metformin", "Caffeine", "XYZ-98765")
    diseases = ("Gout", "Asthma", "Migraine")
    studies = [
        study(
            number,
            interventions=(Intervention("drug", drugs[number % 4]),),
            conditions=(diseases[number % 3],),
            criteria=CRITERIA.format(diseases[number % 3]),
            status="completed" if number % 5 else "terminated",
            start_date=f"{1995 + number // 10}-05",
            primary_completion_date=f"{1996 + number // 10}-06",
        )
        for number in range(100, 148)
    ]
    source = write_json_source(folder / "studies.json", studies)
    build([(source, None)], folder / "built", BuildSettings(), DrugResolver.default(), lambda _: None)
    return folder / "built"


@pytest.fixture(scope="session")
def environment(tiny_home: Path) -> dict[str, str]:
    """The environment of a user without a network, at 80 columns, on one thread."""
    settings = {"CLADMOP_HOME": str(tiny_home), "CLADMOP_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
    return {**os.environ, **settings}


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture
def cladmop(
    environment: dict[str, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Run ``cladmop`` in this process, and catch all that it or any library prints."""

    def run(*arguments: object) -> Ran:
        from cladmop.cli.app import main

        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["cladmop", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        caught = capfd.readouterr()
        return Ran(int(left.value.code or 0), caught.out, caught.err)

    return run
