"""MAML and ANIL: few-shot learners that are meta-learned on the trials of other phases."""

from cladmop.rivals.meta.rival import Anil, Maml, MetaRival
from cladmop.rivals.meta.settings import MetaSettings
from cladmop.rivals.meta.tasks import draw_shots

__all__ = ["Anil", "Maml", "MetaRival", "MetaSettings", "draw_shots"]
