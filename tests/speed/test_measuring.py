"""Rounds, ratios and goals."""

import time

import pytest

from cladmop.errors import InputError
from cladmop.speed.measuring import Ratio, Rounds, figure


def test_rivals_run_in_turn_after_one_untimed_call():
    ran = []
    found = Rounds(3).in_turn({"a": lambda: ran.append("a"), "b": lambda: ran.append("b")})
    assert "".join(ran) == "ab" + "ababab"
    assert {name: len(seconds) for name, seconds in found.items()} == {"a": 3, "b": 3}


def test_no_round_begins_after_the_time_is_up_once_there_are_two():
    found = Rounds(50, seconds=0.0).in_turn({"a": lambda: time.sleep(0.001)}, warmed=True)
    assert len(found["a"]) == 2
    assert min(found["a"]) >= 0.001


def test_processor_time_leaves_waiting_out():
    assert Rounds(2, cpu=True).timed(lambda: time.sleep(0.2)) < 0.1 < Rounds(2).timed(lambda: time.sleep(0.2))


def test_a_ratio_is_the_median_of_pairs_with_an_interval_around_it():
    ratio = Ratio.of([2.0, 30.0, 4.0, 5.0, 3.0], [1.0, 3.0, 1.0, 1.0, 1.0])
    assert ratio.value == 4.0
    assert 2.0 <= ratio.low < 4.0 < ratio.high <= 10.0
    assert ratio.repeats == 5


def test_ratios_of_nothing_and_single_rounds_are_refused():
    with pytest.raises(InputError, match="0 to 0 measurements"):
        Ratio.of([], [])
    with pytest.raises(InputError, match="2 to 1 measurements"):
        Ratio.of([1.0, 2.0], [1.0])
    with pytest.raises(InputError, match="at least 2"):
        Rounds(1)


@pytest.mark.parametrize(
    ("goal", "met"),
    [("ratio >= 2.5", True), ("ratio >= 3.1", False), ("value <= 30", True), ("value >= 2,000", False), ("", None)],
)
def test_goals_are_judged(goal, met):
    ratio = Ratio.of([3.0, 3.0], [1.0, 1.0])
    assert figure("a", 20.0, "ms", "b", ratio, reading="times as fast", goal=goal).met is met


def test_a_goal_that_says_something_else_is_refused():
    with pytest.raises(InputError, match="goal 'fast'"):
        figure("a", 1.0, "ms", "b", Ratio.of([1.0], [1.0]), reading="times as fast", goal="fast")
