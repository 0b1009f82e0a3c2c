"""Counted multiply-adds follow from the sizes of the network."""

import pytest
import torch

from cladmop.speed.fusion import cost, measure_fusion, slope
from cladmop.speed.measuring import Rounds


def test_products_and_allocations_are_counted():
    left, right = torch.randn(10, 20), torch.randn(20, 30)
    found = cost(lambda: left @ right)
    assert found.multiply_adds == 10 * 20 * 30
    assert found.bytes == 10 * 30 * 4


def test_a_slope_is_the_power():
    assert slope([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0]) == pytest.approx(2.0)


def test_fusing_groups_costs_the_same_at_any_length_and_full_attention_grows():
    figures = {one.name: one for one in measure_fusion((128, 1024), Rounds(2))}
    short, long = (figures[f"fusion: fuse, T = {t}"] for t in ("128", "1,024"))
    assert short.value == long.value
    assert long.ratio > 5 > short.ratio
    assert long.met
    # Full attention: keys and values of width 32 a token and level, and 8 to 9 queries that read each.
    full = (long.ratio * long.value - short.ratio * short.value) * 1e6 / (1024 - 128)
    assert 3 * 2 * 32 * 32 < full < 3 * (2 * 32 * 32 + 2 * 32 * 12)


def test_grouping_is_counted_where_the_name_says_so():
    figures = {one.name: one for one in measure_fusion((128, 1024), Rounds(2))}
    alone, whole = (figures[f"fusion: fuse{more}, T = 1,024"] for more in ("", ", grouping counted"))
    assert whole.value > 5 * alone.value
    assert whole.goal == ""
