"""What the benchmark will take: a time for every model that was timed, and nothing for what is there."""

from types import SimpleNamespace

import pytest

from cladmop.benchmark import cost
from cladmop.benchmark.lineup import lineup


def bench(asked):
    half = (["trial"] * 400, [0, 1] * 200)
    task = SimpleNamespace(train=half, valid=(half[0][:94], []), test=half[0], others=([], []))

    def encoding_cost(trials):
        asked.append(len(trials))
        return "tiny: all texts are cached"

    return SimpleNamespace(task=task, encoding_cost=encoding_cost)


def named(*names):
    known = {one.name: one for one in lineup()}
    return [known[name] for name in names]


def test_nearly_every_model_has_a_time_and_every_time_a_model():
    names = {one.name for one in lineup()}
    assert set(cost._SECONDS) <= names
    untimed = {one.name for one in lineup() if cost.seconds_of(one) is None}
    assert untimed == {"TabPFN", "CLaDMoP, paper preset, tokens", "SmolLM2, four layers"}


def test_time_is_that_of_the_fits_left_scaled_by_the_trials():
    words, network = named("TF-IDF words", "CLaDMoP")
    asked = []
    encoding, fits = cost.cost_lines(bench(asked), [(words, 1, 0), (network, 3, 2)])
    assert encoding.startswith("tiny")
    assert asked == [894]
    assert fits.startswith("2 of 4 fits of 2 models left: about 2.8 min on two cores, about "), "2 x 170 s x 894 / 1788"


def test_text_models_need_no_states_and_unknown_times_are_told():
    (words,) = named("TF-IDF words")
    asked = []
    (line,) = cost.cost_lines(bench(asked), [(words, 1, 1)])
    assert (asked, line.startswith("1 of 1 fits of 1 models left: about 2.0 s")) == ([], True)
    _, line = cost.cost_lines(bench(asked), [(one, 1, 1) for one in named("TabPFN", "TF-IDF words")])
    assert "without 1 models that were never timed" in line


@pytest.mark.parametrize("draws", [1, 5])
def test_all_there_is_nothing_to_fit(draws):
    (words,) = named("TF-IDF words")
    told = cost.cost_lines(bench([]), [(words, draws, 0)])
    assert told == [f"nothing to fit, all {draws} fits of 1 models are there"]
