"""Similar trials of the past, how they ended, and how often trials of the same kind succeeded."""

from cladmop.similar.answers import BaseRate, PastTrial, Similar
from cladmop.similar.past import PastTrials

__all__ = ["BaseRate", "PastTrial", "PastTrials", "Similar"]
