"""Where cladmop keeps what it fetches and computes."""

import os
from pathlib import Path


def home() -> Path:
    """Return the folder of weights, dictionaries and cached hidden states.

    ``$CLADMOP_HOME`` if set, else the user's cache folder for cladmop as the operating system names it.
    """
    chosen = os.environ.get("CLADMOP_HOME")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("cladmop")


def weights_dir() -> Path:
    """Return the folder of embedded language-model weights."""
    return home() / "weights"


def states_dir() -> Path:
    """Return the root of the content-addressed cache of hidden states."""
    return home() / "states"


def dictionaries_dir() -> Path:
    """Return the folder of drug tables converted from their carriers."""
    return home() / "dictionaries"


def offline() -> bool:
    """Tell whether ``$CLADMOP_OFFLINE`` forbids every network access."""
    return os.environ.get("CLADMOP_OFFLINE", "").lower() not in {"", "0", "false", "no"}
