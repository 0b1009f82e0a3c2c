"""Rivals: simple models that any network here has to beat, each fitted and stored without pickles."""

from cladmop.evaluation.rivals.base import Rival, RivalState
from cladmop.evaluation.rivals.base_rate import BaseRate
from cladmop.evaluation.rivals.checkpoint import RIVALS, load_rival, save_rival
from cladmop.evaluation.rivals.length import CriteriaLength
from cladmop.evaluation.rivals.tfidf import TextModel

__all__ = ["RIVALS", "BaseRate", "CriteriaLength", "Rival", "RivalState", "TextModel", "load_rival", "save_rival"]
