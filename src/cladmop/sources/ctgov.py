"""Studies of ClinicalTrials.gov as its API version 2 gives them (https://clinicaltrials.gov/data-api/api).

Only what is known before a trial starts is read: never ``overallStatus``, ``whyStopped``, completion or results.
"""

from collections.abc import Mapping
from typing import Any

from cladmop.errors import InputError
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.records.criteria import parse_criteria
from cladmop.sources.values import as_date, as_list, as_mapping, as_nct_id, as_text, as_texts

DRUG_TYPES = frozenset({"DRUG", "BIOLOGICAL", "COMBINATION_PRODUCT", "DIETARY_SUPPLEMENT", "GENETIC"})
"""Intervention types that count as drugs; devices, procedures, radiation, behavioural and other ones do not."""


def trial_from_study(study: Mapping[str, Any], *, where: str = "study") -> Trial:
    """Return the trial that one API version 2 study describes.

    Parameters
    ----------
    study
        The study's JSON object, with ``protocolSection``.
    where
        Where it came from, for error messages.

    Raises
    ------
    InputError
        If a field that is read is missing where the API requires it, or holds another kind of value; the message
        names the field.
    """
    protocol = _module(study, "protocolSection", where)
    if not protocol:
        raise InputError(f"{where}: no protocolSection; a ClinicalTrials.gov API v2 study has one")
    where = f"{where}: protocolSection"
    identification = _module(protocol, "identificationModule", where)
    nct_id = as_nct_id(identification.get("nctId"), f"{where}.identificationModule.nctId")
    if nct_id is None:
        raise InputError(f"{where}.identificationModule.nctId is missing; every study has one")
    start = _module(_module(protocol, "statusModule", where), "startDateStruct", f"{where}.statusModule")
    eligibility = _module(protocol, "eligibilityModule", where).get("eligibilityCriteria")
    criteria = parse_criteria(as_text(eligibility, f"{where}.eligibilityModule.eligibilityCriteria"))
    conditions = _module(protocol, "conditionsModule", where).get("conditions")
    return Trial(
        nct_id=nct_id,
        title=as_text(identification.get("briefTitle"), f"{where}.identificationModule.briefTitle"),
        phase=_phase(protocol, where),
        inclusion=criteria.inclusion,
        exclusion=criteria.exclusion,
        drugs=_drugs(protocol, where),
        diseases=tuple(Disease(name=name) for name in as_texts(conditions, f"{where}.conditionsModule.conditions")),
        start_date=as_date(start.get("date"), f"{where}.statusModule.startDateStruct.date"),
    )


def _module(parent: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    return as_mapping(parent.get(name), f"{where}.{name}")


def _phase(protocol: Mapping[str, Any], where: str) -> Phase:
    field = f"{where}.designModule.phases"
    return Phase.parse(", ".join(as_texts(_module(protocol, "designModule", where).get("phases"), field)), where=field)


def _drugs(protocol: Mapping[str, Any], where: str) -> tuple[Drug, ...]:
    field = f"{where}.armsInterventionsModule.interventions"
    interventions = as_list(_module(protocol, "armsInterventionsModule", where).get("interventions"), field)
    drugs = []
    for index, value in enumerate(interventions):
        place = f"{field}[{index}]"
        intervention = as_mapping(value, place)
        name = as_text(intervention.get("name"), f"{place}.name")
        if not name:
            raise InputError(f"{place}.name is missing; every intervention has one")
        if as_text(intervention.get("type"), f"{place}.type") in DRUG_TYPES:
            drugs.append(Drug(name=name))
    return tuple(drugs)
