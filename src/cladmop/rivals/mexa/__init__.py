"""MEXA-CTP: mode experts and cross-attention between drugs, diseases and criteria, as released and repaired."""

from cladmop.rivals.mexa.rival import MexaReleased, MexaRepaired, MexaRival
from cladmop.rivals.mexa.settings import MexaSettings

__all__ = ["MexaReleased", "MexaRepaired", "MexaRival", "MexaSettings"]
