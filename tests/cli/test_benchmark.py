"""``cladmop benchmark`` and ``cladmop score``, as their users run them."""

import csv

import pytest

from cladmop.benchmark.measures import read_measures
from invented import top_row, write_splits, write_top

SIMPLE = ("--only", "base rate", "--only", "length", "--only", "tf-idf", "--bootstraps", "20")
ROWS = [top_row(number) for number in range(80, 100)]


@pytest.fixture(scope="module")
def top_folder(tmp_path_factory):
    folder = write_splits(tmp_path_factory.mktemp("top"))
    write_top(folder / "phase_III_valid.csv", [top_row(number) for number in range(300, 340)])
    return folder


@pytest.fixture
def score_file(tmp_path):
    def write(name, score, rows=ROWS):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("nctid", "score"), *((row["nctid"], score(row)) for row in rows)])
        return path

    return write


def test_a_run_prints_and_stores_its_tables(cladmop, top_folder, tmp_path):
    out = tmp_path / "runs"
    done = cladmop("benchmark", "top", "--data", top_folder, *SIMPLE, "--out", out)
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80 + len(str(out))
    assert "four times in five" in " ".join(done.out.split())
    assert sorted(path.name for path in out.glob("re*")) == [
        "reference.json",
        "report.html",
        "results.md",
        "results.parquet",
    ]
    measures = read_measures(out / "results.parquet")
    assert {one.task for one in measures} == {"TOP phase I test"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg ") >= 4
    assert "MEXA-CTP" in page, "published figures stand beside"
    again = cladmop("benchmark", "table", out, "--phase", "I", "--markdown")
    assert again.code == 0, again.err
    assert again.out.strip() == (out / "results.md").read_text(encoding="utf-8").strip()


def test_a_second_run_fits_nothing(cladmop, top_folder, tmp_path):
    given = ("benchmark", "top", "--data", top_folder, *SIMPLE, "--out", tmp_path / "runs")
    first, second = cladmop(*given), cladmop(*given)
    assert "TF-IDF words (" in first.err
    assert "TF-IDF words (" not in second.err
    assert second.out == first.out


def test_transfer_is_named(cladmop, top_folder, tmp_path):
    done = cladmop("benchmark", "top", "--phase", "III", "--data", top_folder, *SIMPLE, "--out", tmp_path / "runs")
    assert done.code == 0, done.err
    assert "TOP phase III valid, transfer from I" in " ".join(done.out.split())
    assert "never saw a trial of phase III" in " ".join(
        (tmp_path / "runs" / "results.md").read_text(encoding="utf-8").split()
    )


def test_a_corpus_cut_in_time(cladmop, invented_corpus, tmp_path):
    done = cladmop("benchmark", "corpus", invented_corpus, "--since", "2008-01-01", *SIMPLE, "--out", tmp_path / "runs")
    assert done.code == 0, done.err
    assert "Success is completion" in (tmp_path / "runs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "no such model"), "no such model"),
        (("--only", "random forest"), "reference"),
        (("--phase", "II"), "neither phase II's training split"),
    ],
)
def test_what_cannot_run_is_one_line(cladmop, top_folder, tmp_path, arguments, told):
    done = cladmop("benchmark", "top", "--data", top_folder, "--out", tmp_path / "runs", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err


def test_score_measures_anyones_predictions(cladmop, top_folder, score_file, tmp_path):
    right = score_file("right.csv", lambda row: 0.9 if row["label"] == "1" else 0.2)
    done = cladmop(
        "score",
        right,
        "--against",
        "top",
        "--phase",
        "I",
        "--data",
        top_folder,
        "--bootstraps",
        20,
        "--out",
        tmp_path / "out",
    )
    assert done.code == 0, done.err
    assert "give --valid" in done.err
    assert max(map(len, done.out.splitlines())) <= 80 + len(str(tmp_path))
    measures = read_measures(tmp_path / "out" / "results.parquet")
    found = {(one.model, one.measure): one.value for one in measures if one.subset == "all"}
    assert found["Yours", "roc_auc"] == 1.0
    assert found["Yours", "roc_auc_difference"] > 0
    assert found["Base rate", "roc_auc"] == 0.5


def test_several_files_are_seeds_of_one_model(cladmop, top_folder, score_file):
    files = [
        score_file(f"{seed}.csv", lambda row, seed=seed: int(row["nctid"][3:]) * (seed + 3) % 97 / 97)
        for seed in range(3)
    ]
    done = cladmop("score", *files, "--data", top_folder, "--bootstraps", 20)
    assert done.code == 0, done.err
    assert "Yours" in done.out
    done = cladmop("score", *files, "--valid", files[0], "--data", top_folder)
    assert (done.code, done.out) == (2, "")
    assert "3 files of predictions but 1 of validation" in done.err


def test_a_trial_without_a_score_is_named(cladmop, top_folder, score_file):
    short = score_file("short.csv", lambda _: 0.5, ROWS[1:])
    done = cladmop("score", short, "--data", top_folder)
    assert (done.code, done.out) == (2, "")
    assert "no score for 1 of 20 labelled trials" in done.err
    assert ROWS[0]["nctid"] in done.err
