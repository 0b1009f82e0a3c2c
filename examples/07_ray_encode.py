"""Encode the criteria of many trials by several processes with Ray, and check that one process gives the same bytes.

Takes about 30 seconds, most of it Ray's start. Needs the extra: pip install 'cladmop[ray]'. A killed worker's shard is
done by another, and the same call goes on with a killed job.

    python examples/07_ray_encode.py --workers 2
"""

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

import torch

from cladmop.encoders.base import Unit
from cladmop.encoders.cache import StateCache
from cladmop.encoders.text import load_text_encoder
from cladmop.scale.job import Workers, encode, plan
from cladmop.scale.texts import texts_of
from cladmop.scale.worker import EncoderSpec
from cladmop.sources.examples import example_trials
from cladmop.storage import sha256_of


def main() -> None:
    parser = argparse.ArgumentParser(description="Hidden states by several workers.")
    parser.add_argument("--workers", type=int, default=1, help="processes that encode")
    parser.add_argument("--out", type=Path, help="folder of the states (default: a temporary one)")
    arguments = parser.parse_args()
    if importlib.util.find_spec("ray") is None:
        print("error: this example needs Ray; install it with: pip install 'cladmop[ray]'", file=sys.stderr)
        sys.exit(2)
    with tempfile.TemporaryDirectory() as scratch:
        run(arguments.out or Path(scratch) / "states", Path(scratch) / "alone", arguments.workers)


def run(out: Path, alone: Path, workers: int) -> None:
    torch.set_num_threads(1)  # as many as Ray gives each worker: equal threads give equal bytes
    trials = example_trials()
    texts = texts_of(trials, Unit.ITEMS)
    model = load_text_encoder("minilm", dtype="float32")
    spec = EncoderSpec("minilm", None, "float32", model.fingerprint)

    parts = plan(model, texts, out)
    tokens, size = sum(part.tokens for part in parts), sum(part.bytes(model.width) for part in parts)
    print(f"to do: {tokens:,} tokens of {len(trials)} trials, {size / 1e3:,.0f} kB of states")
    done = encode(model, spec, parts, out, Workers(workers))
    print(f"done: {done.files} files, {done.tokens:,} tokens by {len(done.workers)} workers, {done.rate:,.0f} tokens/s")
    print(f"left: {sum(part.tokens for part in plan(model, texts, out))} tokens")

    cache = StateCache(alone)
    for _, some, pool in texts.parts:
        cache.encode(model, list(some), pool=pool)
    print(f"the same bytes as one process: {'yes' if digests(out) == digests(alone) else 'NO'}")


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every shard by its name."""
    return {str(file.relative_to(folder)): sha256_of(file) for file in sorted(folder.rglob("*.safetensors"))}


if __name__ == "__main__":
    main()
