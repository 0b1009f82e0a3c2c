"""What a registry takes follows from what was measured: divided by machines, multiplied by tokens."""

import pytest

from cladmop.encoders.base import LEVELS
from cladmop.errors import InputError
from cladmop.scale.capacity import Cost, cores, measure, plan_table

COST = Cost("tiny", "cpu", 2, tokens=10_000, seconds=5.0, bytes_per_token=100.0, memory=500_000_000)


def test_time_and_disk_are_divided_by_the_machines():
    table = plan_table([COST], 300_000_000, machines=(1, 4))
    assert table.rows == (
        ("1 x cpu", "42 h", "30.0 GB", "2 x 0.5 GB"),
        ("4 x cpu", "10 h", "7.5 GB", "2 x 0.5 GB"),
    )
    assert "500.0 s a million tokens (2,000 tokens/s" in table.note
    assert "30.0 GB" in table.note


def test_a_measurement_counts_what_was_encoded(encoder):
    texts = ["written informed consent", "stable disease at screening", "pregnancy or breast feeding"] * 5
    for pool in (True, False):
        cost = measure(encoder, texts, pool=pool, seconds=0.2)
        tokens = sum(encoder.count_tokens(texts))
        assert cost.tokens % tokens == 0
        assert cost.seconds >= 0.2
        states = LEVELS * encoder.width * 2 * (len(texts) if pool else tokens)
        assert states < cost.bytes_per_token * tokens < states + 100 * len(texts)
        assert cost.workers == cores()
        assert cost.memory > 50_000_000


def test_a_long_list_is_sampled_evenly(encoder):
    texts = ["pregnancy"] * 9_000 + ["written informed consent"] * 1_000
    cost = measure(encoder, texts, pool=True, seconds=0.01)
    once = 12_000 // 3
    assert cost.tokens >= 0.9 * once
    assert cost.bytes_per_token == pytest.approx((LEVELS * encoder.width * 2 + 40) / 1.2, rel=0.05)


def test_what_cannot_be_measured_is_refused(encoder):
    with pytest.raises(InputError, match="0 texts"):
        measure(encoder, [], pool=True, seconds=1)
    with pytest.raises(InputError, match="0 tokens"):
        plan_table([COST], 0)
