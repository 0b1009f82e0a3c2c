"""Held-out trials are known by number and by near-identical criteria."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.corpus import heldout
from cladmop.corpus.heldout import HeldOut, digest_of, held_out_rows, jaccard, shingles, shipped_digests
from cladmop.errors import InputError
from invented import write_splits

CRITERIA = (
    "Inclusion Criteria: adults of eighteen years or older with gout confirmed by crystals in a joint, at least two "
    "attacks in the past year, able to give written consent and to come to the clinic every week for half a year. "
    "Exclusion Criteria: kidney stones, heart failure, use of any drug that changes uric acid within the past month."
)


def test_numbers_and_near_duplicates_are_found():
    held_out = HeldOut([("NCT01234567", CRITERIA)])
    assert held_out.has("NCT01234567")
    assert not held_out.has("NCT01234568")
    assert held_out.resembles(CRITERIA) == 1.0
    assert held_out.resembles(f"{CRITERIA.upper()} No pregnancy.") > heldout.SIMILAR
    assert held_out.resembles(CRITERIA.partition("Exclusion")[0]) == 0.0
    assert held_out.resembles("") == 0.0


def test_without_rows_nothing_resembles_and_shipped_numbers_count():
    held_out = HeldOut()
    assert held_out.resembles(CRITERIA) == 0.0
    assert held_out.numbers == len(shipped_digests()) > 1000


def test_labels_are_not_needed(tmp_path):
    folder = write_splits(tmp_path)
    for path in folder.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(",label,", ",unread,", 1), encoding="utf-8")
    assert len(list(held_out_rows(folder))) == 40


def test_a_folder_without_the_benchmark_is_refused(tmp_path):
    with pytest.raises(InputError, match="none of TOP's files"):
        list(held_out_rows(tmp_path))


@given(st.text(max_size=200))
def test_a_text_equals_itself(text):
    assert jaccard(shingles(text), shingles(text)) == 1.0


def test_shipped_digests_are_those_of_the_splits(shared_dir):
    """After a change of the splits: ``CLADMOP_REGENERATE=1 pytest tests/corpus/test_heldout.py``."""
    expected = sorted({digest_of(number) for number, _ in held_out_rows(shared_dir / "top")})
    if os.environ.get("CLADMOP_REGENERATE"):
        path = Path(heldout.__file__).with_name("held_out.txt")
        remarks = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        path.write_text("\n".join([*remarks, *expected]) + "\n", encoding="utf-8")
    assert sorted(shipped_digests()) == expected
