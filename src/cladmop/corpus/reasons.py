"""Why a trial was stopped, from the sponsor's own words, in a handful of classes."""

import re
from enum import StrEnum


class StopReason(StrEnum):
    """Class of a stated reason (data dictionary: ``whyStopped``)."""

    SAFETY = "safety"
    """Toxicity, adverse events, an unfavourable balance of benefit and risk."""
    EFFICACY = "efficacy"
    """Futility, or no effect."""
    ENROLMENT = "enrolment"
    """Too few participants."""
    FUNDING = "funding"
    """Money."""
    SUPPLY = "supply"
    """No drug, no material, no site."""
    STAFF = "staff"
    """The investigator left or the team was missing."""
    REGULATION = "regulation"
    """An authority or ethics board said no, or not yet."""
    SPONSOR = "sponsor decision"
    """Business, strategy, priorities, development stopped."""
    SUPERSEDED = "superseded"
    """Another study, standard or drug took its place, or enough was learned early."""
    OTHER = "other"
    """Stated, and none of these."""
    NOT_STATED = "not stated"
    """No reason given."""


_PATTERNS = {
    StopReason.ENROLMENT: (
        r"accru|enrol|recruit|inclusion rate|low (?:number|inclusion)|(?:no|few|lack of|insufficient|not enough|"
        r"number of) (?:eligible |suitable |study )?(?:patients?|subjects?|participants?|volunteers)"
    ),
    StopReason.SAFETY: (
        r"safety|toxic|adverse|side effects?|\bsaes?\b|harm|risk|tolera|death|mortality|hepato|cardio|dsmb|"
        r"data (?:and )?safety monitoring|clinical hold|worsen"
    ),
    StopReason.EFFICACY: (
        r"futil|efficac|ineffective|no (?:effect|benefit|response|difference|activity)|"
        r"lack of (?:effect|response|benefit|activity)|interim (?:analysis|results)|negative (?:results|study)|"
        r"did not (?:meet|show|demonstrate|reach)|failed to|not effective|stopping rule"
    ),
    StopReason.FUNDING: r"fund|financ|budget|money|\bcosts?\b|resources|\bgrants?\b",
    StopReason.STAFF: (
        r"\bp\.?i\.?\b.*(?:left|leav|mov|chang|retire)|investigator.*(?:left|leav|mov|chang|retire|depart|died|"
        r"relocat|no longer|transfer)|(?:left|leaving|moved from) (?:the )?(?:institut|universit|hospital|site)|"
        r"staff|personnel"
    ),
    StopReason.REGULATION: (
        r"\bfda\b|\birb\b|\bema\b|ethic|regulat|authorit|\bind\b|approval|not approved|protocol violation|audit"
    ),
    StopReason.SUPPLY: (
        r"suppl(?:y|ies)|drug (?:was |is )?(?:not |un)available|availab|expired?|manufactur|material|shortage|"
        r"site (?:was )?clos|stability"
    ),
    StopReason.SUPERSEDED: (
        r"supersed|replaced|another (?:study|trial|protocol)|other (?:study|trial|protocol)|merged|combined with|"
        r"new (?:study|trial|protocol|standard|data)|standard of care (?:has )?changed|already|early success|"
        r"administratively complete|study (?:was |is )?complete|objective.* met|redesign"
    ),
    StopReason.SPONSOR: (
        r"sponsor|business|strateg|company|priorit|development|portfolio|commercial|decision|discontinu|"
        r"bankrupt|terminated by|program(?:me)?\b|cancel|collaborat|contract|withdrawn|never (?:started|activated|"
        r"opened)|not (?:activated|started|opened)"
    ),
}
_RULES = {reason: re.compile(pattern, re.IGNORECASE) for reason, pattern in _PATTERNS.items()}
"""In order: the first that matches decides, since "slow accrual, sponsor's decision" is about accrual."""


def stop_reason(text: str) -> StopReason:
    """Return the class of a stated reason; ``NOT_STATED`` for an empty one."""
    if not text.strip():
        return StopReason.NOT_STATED
    for reason, pattern in _RULES.items():
        if pattern.search(text):
            return reason
    return StopReason.OTHER
