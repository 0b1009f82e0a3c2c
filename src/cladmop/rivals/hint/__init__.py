"""HINT: drugs, diseases and criteria joined in an interaction graph."""

from cladmop.rivals.hint.rival import Hint
from cladmop.rivals.hint.settings import HintSettings

__all__ = ["Hint", "HintSettings"]
