"""Encoding beside the loop one writes first, and beside what the machine's matrix products reach."""

import statistics
from collections.abc import Callable, Sequence

from cladmop.encoders import weights
from cladmop.encoders.devices import Dtype
from cladmop.encoders.text import load_text_encoder
from cladmop.speed.measuring import Figure, Ratio, Rounds, figure
from cladmop.speed.plain import PlainLoop, peak, sentence_transformer

GOAL = "ratio >= 2.5"
SHARE_GOAL = "ratio >= 0.6"
_PLAIN = "plain float32 transformers loop, batches of 8 in order"
_FASTER = "times as fast"
_OTHER = "sentence-transformers, its defaults (last layer only)"


def measure_encoding(name: str, texts: Sequence[str], rounds: Rounds, dtype: Dtype = "auto") -> list[Figure]:
    """Measure an embedded model: tokens a second against rivals, and the share of the peak of matrix products.

    Parameters
    ----------
    name
        ``minilm`` or ``smollm2``.
    texts
        Texts, in the order they arrive.
    rounds
        How it is measured.
    dtype
        Of our encoder; the rival's is float32.
    """
    import torch

    encoder, plain = load_text_encoder(name, dtype=dtype, device="cpu"), PlainLoop(name)
    lengths = encoder.count_tokens(texts)
    products = plain.products(getattr(torch, encoder.dtype))
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: encoder.encode(texts, pool=True),
        "plain": lambda: plain.encode(texts),
    }
    other = sentence_transformer(weights.get(name)) if name == "minilm" else None
    if other is not None:
        calls["other"] = lambda: other(texts)
    peaks: list[tuple[float, str]] = []
    calls["peak"] = lambda: peaks.append(peak(products, rounds))
    encoder.encode(texts[:2], pool=True)
    plain.encode(texts[:2])
    found = rounds.in_turn(calls, warmed=True)
    ours = found["ours"]
    rate = sum(lengths) / statistics.median(ours)
    note = f"{encoder.dtype}, {len(texts)} texts, {sum(lengths):,} tokens, {torch.get_num_threads()} threads"
    note += "" if other is not None or name != "minilm" else "; sentence-transformers is not installed: left out"
    faster = Ratio.of(found["plain"], ours)
    figures = [figure(f"encode {name}", rate, "tokens/s", _PLAIN, faster, reading=_FASTER, goal=GOAL, note=note)]
    if other is not None:
        figures.append(
            figure(f"encode {name}", rate, "tokens/s", _OTHER, Ratio.of(found["other"], ours), reading=_FASTER)
        )
    # Special tokens are no useful text, but the model has to read them.
    work = plain.flops([length + encoder.special_tokens for length in lengths])
    return [*figures, _share(name, work, ours, peaks, encoder.dtype)]


def _share(name: str, flops: float, seconds: list[float], peaks: list[tuple[float, str]], dtype: str) -> Figure:
    reached = [flops / one for one in seconds]
    highest, shape = max(peaks)
    rival = f"{dtype} matrix product {shape}, {highest / 1e9:,.0f} GFLOP/s"
    ratio = Ratio.of(reached, [rate for rate, _ in peaks])
    value = statistics.median(reached) / 1e9
    return figure(
        f"encode {name}, share of peak",
        value,
        "GFLOP/s",
        rival,
        ratio,
        reading="of the peak beside it",
        goal=SHARE_GOAL,
    )
