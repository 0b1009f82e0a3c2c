"""Overlapping windows over long texts, and batches of windows of like length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

OVERLAP = 4
"""Neighbouring windows share ``window // OVERLAP`` tokens."""
SLACK = 8
"""A batch holds at most ``budget // SLACK`` tokens of padding: beyond, a batch more costs less than the padding."""


@dataclass(frozen=True)
class Window:
    """A stretch of one text's tokens that the model sees at once; all positions count tokens of the text."""

    text: int
    """Number of the text."""
    start: int
    stop: int
    """The model sees tokens ``start`` to ``stop``."""
    keep_start: int
    keep_stop: int
    """States of these tokens are kept; over all windows of a text each token is kept exactly once."""


def plan_windows(text: int, length: int, window: int, *, causal: bool) -> list[Window]:
    """Cover a text of ``length`` tokens by windows of at most ``window`` tokens.

    A token seen by two windows is kept where it has most context: in a causal model that is the earlier window
    (its context is what stands before it); in a bidirectional one the shared stretch is halved.

    Parameters
    ----------
    text
        Number of the text, copied into the result.
    length
        Tokens of the text, at least 1.
    window
        Tokens a window holds, at least 1.
    causal
        Whether the model sees only what stands before a token.
    """
    stride = max(1, window - window // OVERLAP)
    starts = [0]
    while starts[-1] + window < length:
        # The last window ends with the text, so that it is as full as the others.
        starts.append(min(starts[-1] + stride, length - window))
    stops = [min(start + window, length) for start in starts]
    bounds = [0]
    for stop, following in zip(stops[:-1], starts[1:], strict=True):
        bounds.append(stop if causal else (following + stop) // 2)
    bounds.append(length)
    return [
        Window(text, start, stop, keep_start, keep_stop)
        for start, stop, keep_start, keep_stop in zip(starts, stops, bounds[:-1], bounds[1:], strict=True)
    ]


def plan_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group indices into batches of like length whose padded size stays within ``budget`` tokens, little of it padding.

    The order is by length and then by index, so equal input gives equal batches; a single sequence longer than
    the budget forms a batch of its own.
    """
    batch: list[int] = []
    tokens = 0
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        padded = lengths[index] * (len(batch) + 1)
        if batch and (padded > budget or padded - tokens - lengths[index] > budget // SLACK):
            yield batch
            batch, tokens = [], 0
        batch.append(index)
        tokens += lengths[index]
    if batch:
        yield batch
