"""Hidden states in memory, for a model that is kept warm: only texts not met lately are encoded.

Nothing is written to disk, and texts themselves are not kept: a state is found by the text's SHA-256.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from cladmop.encoders.base import TextEncoder
from cladmop.encoders.shards import key_of
from cladmop.errors import InputError

_Key = tuple[str, bool, bytes]


class MemoryStates:
    """A bounded store of hidden states that forgets those used longest ago.

    Safe to read from several threads; a text asked for by two of them at once may be encoded twice.

    Parameters
    ----------
    megabytes
        What the states may take, above 0. An item of MiniLM takes 3 kB.

    Raises
    ------
    InputError
        If ``megabytes`` is not above 0.
    """

    def __init__(self, megabytes: float = 256) -> None:
        if not megabytes > 0:
            raise InputError(f"states in memory: {megabytes} MB; give a number above 0")
        self._bytes = 0
        self._limit = int(megabytes * 1e6)
        self._states: OrderedDict[_Key, NDArray[np.float16]] = OrderedDict()
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes the states take now."""
        return self._bytes

    def states(self, encoder: TextEncoder, texts: Sequence[str], *, pool: bool) -> list[NDArray[np.float16]]:
        """Return the states ``(LEVELS, T, W)`` of each text, in input order; those not held are encoded in one call."""
        keys = [(encoder.fingerprint, pool, key_of(text)) for text in texts]
        found = self._held(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            new = dict(zip(missing, encoder.encode(list(missing.values()), pool=pool), strict=True))
            found |= new
            self._keep(new)
        return [found[key] for key in keys]

    def _held(self, keys: Sequence[_Key]) -> dict[_Key, NDArray[np.float16]]:
        with self._lock:
            held = {key: self._states[key] for key in keys if key in self._states}
            for key in held:
                self._states.move_to_end(key)
        return held

    def _keep(self, new: dict[_Key, NDArray[np.float16]]) -> None:
        with self._lock:
            for key, states in new.items():
                if key not in self._states:
                    self._bytes += states.nbytes
                self._states[key] = states
            while self._bytes > self._limit:
                _, oldest = self._states.popitem(last=False)
                self._bytes -= oldest.nbytes
