"""Counts of known words and pairs of words, equal to scikit-learn's ``CountVectorizer`` but several times as fast.

scikit-learn makes a string of every pair of neighbours in a text, most of which no vocabulary holds. Here a word is
looked up once and a pair is a number.

Shapes: n texts, V features, K words known, R words of all texts.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

_WORD = re.compile(r"(?u)\b\w\w+\b")
"""scikit-learn's default ``token_pattern``: words of two and more letters."""
_UNKNOWN = 0


class WordCounts:
    """Counts features of a fixed vocabulary.

    Parameters
    ----------
    vocabulary
        The V features, each a lower-case word or two joined by a blank, in the order of the columns.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        parts = [feature.split(" ") for feature in vocabulary]
        words = sorted({word for part in parts for word in part})
        self._words = {word: place for place, word in enumerate(words, start=1)}
        """Number of each word, from 1; 0 is any other."""
        self._features = len(parts)
        size = len(words) + 1
        self._column_K: NDArray[np.int64] = np.full(size, -1)
        """Column of each word; -1 where only pairs hold it."""
        pairs = {}
        for column, part in enumerate(parts):
            first = self._words[part[0]]
            if len(part) == 1:
                self._column_K[first] = column
            else:
                pairs[first * size + self._words[part[1]]] = column
        self._pairs: NDArray[np.int64] = np.array([*sorted(pairs), np.iinfo(np.int64).max])
        """Numbers of the pairs, ascending, then one that none has."""
        self._pair_columns: NDArray[np.int64] = np.array([*(pairs[one] for one in self._pairs[:-1].tolist()), -1])

    def __call__(self, texts: Sequence[str]) -> "csr_matrix":
        """Return how often each text holds each feature, shape (n, V), int64."""
        from scipy.sparse import csr_matrix

        known = self._words.get
        found = [[known(word, _UNKNOWN) for word in _WORD.findall(text.lower())] for text in texts]
        lengths = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
        words_R = np.array([word for one in found for word in one], dtype=np.int64)
        row_R = np.repeat(np.arange(len(texts)), lengths)
        pair_R = words_R[:-1] * len(self._column_K) + words_R[1:]
        place_R = np.searchsorted(self._pairs, pair_R)
        paired = (self._pairs[place_R] == pair_R) & (row_R[:-1] == row_R[1:])
        columns = [self._column_K[words_R], np.where(paired, self._pair_columns[place_R], -1)]
        column, row = np.concatenate(columns), np.concatenate([row_R, row_R[:-1]])
        kept = column >= 0
        ones = np.ones(int(kept.sum()), dtype=np.int64)
        return csr_matrix((ones, (row[kept], column[kept])), shape=(len(texts), self._features))
