"""``zero-shot``, ``few-shot`` and ``ablate``: from data to table, each alone in a fresh folder."""

import pytest

from cladmop.storage import read_json
from invented import write_splits


@pytest.fixture
def run(cladmop, language_model, tmp_path):
    data = write_splits(tmp_path / "top", sizes=(40, 16, 16))

    def run(verb, *arguments):
        given = ("--data", data, "--encoder", language_model, "--pretrain-epochs", 1, "--out", tmp_path / "runs")
        done = cladmop(verb, *given, *arguments)
        assert done.code == 0, done.err
        assert max(map(len, done.out.splitlines())) <= 80 + len(str(tmp_path))
        for name in ("results.json", "results.md", "report.html"):
            assert (tmp_path / "runs" / name).stat().st_size > 0
        return done

    return run


def cost_of(done, beginning):
    (line,) = [line for line in done.err.splitlines() if line.startswith(beginning)]
    return line.removeprefix(beginning)


def test_few_shot_then_zero_shot_stand_in_one_table(run):
    first = run("few-shot", "--k", 2, "--k", 3, "--draws", 2)
    assert "2-shot" in first.out.replace("\n", "")
    assert cost_of(first, "training: ").startswith("1 of 1 pre-trained networks left, at most 1 epochs each; about ")
    assert cost_of(first, "few-shot: ").startswith("4 of 4 fine-tuned networks left, at most 20 epochs each; about ")
    second = run("zero-shot")
    assert cost_of(second, "training: ").startswith("nothing to do")
    assert cost_of(second, "zero-shot: ").startswith("32 trials against 128 others, about ")
    both = second.out
    for word in ("2-shot", "3-shot", "zero-shot", "paper"):
        assert word in both


def test_ablation_is_on_folds_and_shows_no_test_figure(run, tmp_path):
    chosen = ("--only", "as is", "--only", "S = 0", "--only", "max pooling")
    done = run("ablate", "--finetune-epochs", 1, "--folds", 2, *chosen)
    expected = "6 of 6 pre-trained networks left, at most 1 epochs each; 6 of 6 fine-tuned networks left"
    assert cost_of(done, "training, if each variant costs what 'as is' does: ").startswith(expected)
    out = done.out
    flat = " ".join(out.replace(str(tmp_path), "").split())
    assert "56 labelled trials, held out in folds" in flat
    assert flat.count("Paired differences from 'as is'") == 2
    assert "TOP phase I test" not in flat
    assert not list((tmp_path / "runs").rglob("test*.csv"))
    stored = read_json(tmp_path / "runs" / "results.json")
    assert [row[0] for row in stored["tables"][0]["rows"]] == ["as is", "S = 0", "max pooling"]
    assert [row[0] for row in stored["tables"][1]["rows"]] == ["S = 0"]
