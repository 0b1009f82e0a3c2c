import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.sources.values import words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ACTIVE_NOT_RECRUITING", "active not recruiting"),
        ("Active, not recruiting", "active not recruiting"),
        ("COMPLETED", "completed"),
        ("Expanded Access", "expanded access"),
        ("EXPANDED_ACCESS", "expanded access"),
        ("Unknown status", "unknown"),
        ("UNKNOWN", "unknown"),
        ("COMBINATION_PRODUCT", "combination product"),
        ("", ""),
    ],
)
def test_spellings_of_all_years_meet(text, words):
    assert words_of(text) == words


@given(st.text(max_size=30))
def test_words_stay_words(text):
    assert words_of(words_of(text)) == words_of(text)
    assert "_" not in words_of(text)
