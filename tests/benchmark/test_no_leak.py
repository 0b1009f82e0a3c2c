"""The label is planted in every forbidden column and in the scored rows: no score of any contestant moves."""

from dataclasses import replace
from pathlib import Path

import pytest

from cladmop.benchmark.bench import Bench
from cladmop.benchmark.lineup import chosen
from cladmop.benchmark.running import Size, run
from cladmop.benchmark.tasks import top_task
from cladmop.pipeline import EncodingSettings
from invented import COLUMNS, top_row, write_top

SPLITS = {"train": range(80), "valid": range(80, 100), "test": range(100, 120)}
OTHERS = range(200, 260)
LEFT_OUT = {"cladmop, shipped", "TabPFN"}
"""The shipped weights need a language model that tests lack (tests/test_no_leak.py has them), TabPFN its own."""


def write(folder: Path, change) -> Path:
    for split, numbers in SPLITS.items():
        rows = [change(split, top_row(number)) for number in numbers]
        write_top(folder / f"phase_I_{split}.csv", rows, (*COLUMNS, *sorted(set(rows[0]) - set(COLUMNS))))
    write_top(folder / "phase_II_valid.csv", [change("valid", top_row(number)) for number in OTHERS])
    return folder


def planted(split: str, row: dict[str, str]) -> dict[str, str]:
    """Say the label in columns that no model may read, and turn the labels of the scored trials around."""
    told = {"status": f"label {row['label']}", "why_stop": f"because {row['label']}", "outcome": row["label"]}
    return row | told | ({"label": str(1 - int(row["label"]))} if split == "test" else {})


def scores(data: Path, folder: Path, encoder: Path) -> dict[str, bytes]:
    bench = Bench(top_task(data, "I"), folder, lambda _: None, EncodingSettings(str(encoder)))
    contestants = [one for one in chosen([], quick=True) if one.name not in LEFT_OUT]
    assert run(bench, contestants, Size(seeds=1, shots=2)) == {}
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("draws/**/*.csv"))}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_planted_label_moves_no_score(tmp_path, tiny_home, language_model, monkeypatch):
    monkeypatch.setenv("CLADMOP_HOME", str(tiny_home))
    clean = scores(write(tmp_path / "clean", lambda _, row: row), tmp_path / "runs-clean", language_model)
    told = scores(write(tmp_path / "told", planted), tmp_path / "runs-told", language_model)
    assert len({name.split("/")[1] for name in clean}) >= 20, "every contestant of the quick form takes part"
    assert list(told) == list(clean)
    assert [name for name in clean if told[name] != clean[name]] == []


def test_a_few_shot_row_that_has_too_few_trials_is_left_out(tmp_path, tiny_home, language_model, monkeypatch):
    monkeypatch.setenv("CLADMOP_HOME", str(tiny_home))
    data = write(tmp_path / "top", lambda _, row: row)
    write_top(data / "phase_I_train.csv", [top_row(number) for number in range(40)])
    bench = Bench(top_task(data, "I"), tmp_path / "runs", lambda _: None, EncodingSettings(str(language_model)))
    (contestant,) = (one for one in chosen(["MAML, 32-shot"], quick=True))
    assert "the rarer one has 20" in run(bench, [contestant], Size())["MAML, 32-shot"]
    bench.task = replace(bench.task, others=([], []))
    (contestant,) = (one for one in chosen(["MAML, 8-shot"], quick=False))
    assert "other phases" in run(bench, [contestant], Size())["MAML, 8-shot"]


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_label_that_may_teach_does_move_scores(tmp_path, tiny_home, language_model, monkeypatch, split):
    """The test above would pass for models that learn nothing: labels of training and validation must matter."""
    monkeypatch.setenv("CLADMOP_HOME", str(tiny_home))

    def turned(where: str, row: dict[str, str]) -> dict[str, str]:
        return row | ({"label": str(1 - int(row["label"]))} if where == split and int(row["nctid"][-1]) < 5 else {})

    name = "TF-IDF words" if split == "train" else "MEXA-CTP repaired"
    found = []
    for number, change in enumerate((lambda _, row: row, turned)):
        data = write(tmp_path / str(number), change)
        bench = Bench(
            top_task(data, "I"), tmp_path / f"runs-{number}", lambda _: None, EncodingSettings(str(language_model))
        )
        (contestant,) = (one for one in chosen([name], quick=True) if one.name == name)
        run(bench, [contestant], Size(seeds=1))
        found.append((tmp_path / f"runs-{number}" / "draws" / contestant.slug / "00" / "test.csv").read_bytes())
    assert found[0] != found[1]
