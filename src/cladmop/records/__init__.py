"""Records: what a trial is, and what became of it."""

from cladmop.records.outcome import LabelledTrial, Outcome
from cladmop.records.phase import Phase
from cladmop.records.study import Intervention, Study
from cladmop.records.trial import Disease, Drug, Trial

__all__ = ["Disease", "Drug", "Intervention", "LabelledTrial", "Outcome", "Phase", "Study", "Trial"]
