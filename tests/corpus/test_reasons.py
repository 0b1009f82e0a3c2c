"""Stated reasons for stopping fall into the right class."""

import pytest

from cladmop.corpus.reasons import StopReason, stop_reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Slow accrual", StopReason.ENROLMENT),
        ("sponsor decision because of low enrollment", StopReason.ENROLMENT),
        ("not enough patients", StopReason.ENROLMENT),
        ("Unacceptable toxicity at the first dose", StopReason.SAFETY),
        ("Interim analysis showed futility", StopReason.EFFICACY),
        ("Lack of efficacy", StopReason.EFFICACY),
        ("Funding was withdrawn", StopReason.FUNDING),
        ("PI left the institution", StopReason.STAFF),
        ("IRB approval lapsed", StopReason.REGULATION),
        ("The drug is no longer supplied: supply ended", StopReason.SUPPLY),
        ("Replaced by another study", StopReason.SUPERSEDED),
        ("Business decision", StopReason.SPONSOR),
        ("as of April", StopReason.OTHER),
        ("", StopReason.NOT_STATED),
        ("   ", StopReason.NOT_STATED),
    ],
)
def test_class_of_a_reason(text, reason):
    assert stop_reason(text) is reason
