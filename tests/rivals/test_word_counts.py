"""Counts equal those of scikit-learn, whatever the text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from cladmop.rivals.word_counts import WordCounts

VOCABULARY = ["age", "age 18", "18 years", "renal", "history", "history of", "of renal", "no history", "für"]
WORDS = ["Age", "18", "years", "RENAL", "history", "of", "no", "a", "für", "-", "\n", "x1"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS)).map(" ".join) | st.text(max_size=60), max_size=6)


@given(TEXTS)
def test_counts_are_those_of_scikit_learn(texts):
    if not texts:
        return
    places = {feature: place for place, feature in enumerate(VOCABULARY)}
    expected = CountVectorizer(ngram_range=(1, 2), vocabulary=places).transform(texts)
    assert np.array_equal(WordCounts(VOCABULARY)(texts).toarray(), expected.toarray())


@pytest.mark.parametrize("vocabulary", [["renal"], ["renal disease"]])
def test_words_alone_or_pairs_alone(vocabulary):
    counts = WordCounts(vocabulary)(["renal disease, renal disease", "disease renal", ""])
    assert counts.toarray().ravel().tolist() == ([2, 1, 0] if vocabulary == ["renal"] else [2, 0, 0])


def test_a_pair_never_spans_two_texts():
    assert WordCounts(["no history"])(["no", "history"]).nnz == 0
