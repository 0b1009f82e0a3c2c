"""Why a score is what it is: what each criterion, drug and disease of a trial is worth to it."""

from cladmop.explain.drawing import drawing
from cladmop.explain.explanation import Contribution, Explanation, explain

__all__ = ["Contribution", "Explanation", "drawing", "explain"]
