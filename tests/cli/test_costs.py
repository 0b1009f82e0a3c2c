"""Long verbs say what they cost before they work; a single trial says nothing."""

import json

import pytest

from invented import top_row, write_splits, write_top


@pytest.fixture
def data(tmp_path):
    return write_splits(tmp_path / "top", sizes=(40, 16, 16))


@pytest.fixture
def many(tmp_path):
    return write_top(tmp_path / "many.csv", [top_row(5_000 + number) for number in range(120)])


@pytest.fixture
def fresh_home(environment, tmp_path, monkeypatch):
    monkeypatch.setitem(environment, "CLADMOP_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("fresh_home")
def test_predict_says_its_cost_once_and_all_is_cached_on_the_second_run(cladmop, tiny_model, many):
    first, second = (cladmop("predict", many, "--model", tiny_model, "--json") for _ in range(2))
    encoding, scoring = first.err.splitlines()
    assert encoding.startswith("120 trials; ")
    for word in ("tiny: ", "texts to encode, 0 are cached", " tokens", " MB on disk", " min", " GB of memory"):
        assert word in encoding
    assert scoring.startswith("scoring them: about ")
    assert "are cached, nothing to encode" in second.err.splitlines()[0]
    assert first.out == second.out
    assert len([json.loads(line) for line in first.out.splitlines()]) == 120, "standard output is JSON alone"


@pytest.mark.parametrize("verb", ["predict", "explain"])
def test_one_trial_says_nothing(cladmop, tiny_model, tmp_path, verb):
    one = write_top(tmp_path / "one.csv", [top_row(7_000)])
    done = cladmop(verb, one, "--model", tiny_model, "--json")
    assert (done.code, done.err) == (0, "")


def test_explain_tells_after_the_first_how_long_the_others_take(cladmop, tiny_model, tmp_path):
    few = write_top(tmp_path / "few.csv", [top_row(7_100 + number) for number in range(3)])
    done = cladmop("explain", few, "--model", tiny_model, "--json")
    assert done.code == 0, done.err
    assert done.err.startswith("explaining 3 trials: about ")
    assert len(done.out.splitlines()) == 3


def lines_of(done, beginning):
    assert done.code == 0, done.err
    return [line for line in done.err.splitlines() if line.startswith(beginning)]


def test_benchmark_counts_the_fits_that_are_left(cladmop, data, tmp_path):
    simple = ("--only", "base rate", "--only", "length", "--bootstraps", 20, "--out", tmp_path / "runs")
    first, second = (cladmop("benchmark", "top", "--data", data, *simple) for _ in range(2))
    (line,) = lines_of(first, "2 of 2 fits of 2 models left: about ")
    assert "GB of memory" in line
    assert lines_of(second, "nothing to fit, all 2 fits of 2 models are there")


def test_fit_says_networks_and_text_models(cladmop, language_model, data, tmp_path):
    given = ("--data", data, "--encoder", language_model, "--out", tmp_path / "model", "--work-dir", tmp_path / "work")
    done = cladmop("fit", *given, "--part", "words=1")
    assert lines_of(done, "text models: 6 fits each, about ")
    assert "tiny: " not in done.err, "words read no states"


def test_files_of_top_are_counted_before_they_are_read(cladmop, data, tmp_path):
    done = cladmop("top", "repair", "--data", data, "--out", tmp_path / "out")
    (line,) = lines_of(done, "3 files, 72 rows, ")
    assert "about " in line


def test_models_get_says_that_there_is_nothing_to_fetch_or_how_much(cladmop, environment, tmp_path, monkeypatch):
    monkeypatch.setitem(environment, "CLADMOP_HOME", str(tmp_path / "home"))
    done = cladmop("models", "get", "minilm")
    assert "minilm: 92 MB on disk once fetched, of " in done.err
