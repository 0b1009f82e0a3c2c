"""Rivals: simple models that any network here has to beat, each fitted and stored without pickles."""

from cladmop.rivals.base import Rival, RivalState, StoredRival
from cladmop.rivals.base_rate import BaseRate
from cladmop.rivals.checkpoint import RIVALS, load_rival, save_rival
from cladmop.rivals.length import CriteriaLength
from cladmop.rivals.tfidf import TextModel

__all__ = [
    "RIVALS",
    "BaseRate",
    "CriteriaLength",
    "Rival",
    "RivalState",
    "StoredRival",
    "TextModel",
    "load_rival",
    "save_rival",
]
