"""Our own trial schema, as friendly as a hand-written file needs: the fields of one trial become a `Trial`."""

from collections.abc import Mapping
from typing import Any

from cladmop.errors import InputError
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.records.criteria import parse_criteria
from cladmop.sources.values import as_date, as_list, as_mapping, as_nct_id, as_text, as_texts, shown

_SYNONYMS = {"nctid": "nct_id", "conditions": "diseases", "icdcodes": "icd10"}
ALLOWED = (
    "nct_id", "nctid", "title", "phase", "criteria", "inclusion", "exclusion", "drugs", "diseases", "conditions",
    "icd10", "icdcodes", "published_smiles", "start_date",
)  # fmt: skip
"""Fields that are read."""
IGNORED = frozenset(
    {
        "status", "overall_status", "overallStatus", "why_stop", "why_stopped", "whyStopped", "label", "outcome",
        "outcomes", "success", "results", "has_results", "hasResults", "resultsSection", "completion_date",
        "primary_completion_date",
    }
)  # fmt: skip
"""Fields known only after a trial, which a file may hold and which are never read."""


def trial_from_fields(fields: Mapping[str, Any], where: str) -> Trial:
    """Return the trial that the fields of our schema describe.

    ``criteria`` is one text, or ``inclusion`` and ``exclusion`` are lists or texts; ``drugs`` are names or objects
    ``{"name": ..., "smiles": ..., "other_names": [...]}``; ``diseases`` (or ``conditions``) are names or
    ``{"name": ..., "icd10": [...]}``; ``phase`` has any spelling. `IGNORED` fields are not read, others are refused.

    Parameters
    ----------
    fields
        The fields by name; null stands for an absent one.
    where
        Where they came from, for error messages.

    Raises
    ------
    InputError
        If a field is unknown, given twice or holds a wrong value, or if there is nothing to score: neither criteria
        nor drugs nor diseases.
    """
    check_names(fields, where)
    fields = _canonical(fields, where)
    inclusion, exclusion = _criteria(fields, where)
    trial = Trial(
        nct_id=as_nct_id(fields.get("nct_id"), f"{where}: nct_id"),
        title=as_text(fields.get("title"), f"{where}: title"),
        phase=_phase(fields.get("phase"), f"{where}: phase"),
        inclusion=inclusion,
        exclusion=exclusion,
        drugs=tuple(_drug(*item) for item in _numbered(fields, "drugs", where)),
        diseases=tuple(_disease(*item) for item in _numbered(fields, "diseases", where)),
        published_smiles=as_texts(fields.get("published_smiles"), f"{where}: published_smiles"),
        icd10=as_texts(fields.get("icd10"), f"{where}: icd10"),
        start_date=as_date(fields.get("start_date"), f"{where}: start_date"),
    )
    require_content(trial, where)
    return trial


def check_names(fields: Mapping[str, Any], where: str, allowed: tuple[str, ...] = ALLOWED) -> None:
    """Refuse unknown field names; `IGNORED` ones pass.

    Raises
    ------
    InputError
        If one is unknown; the message lists the allowed ones.
    """
    unknown = [name for name in fields if name not in allowed and name not in IGNORED]
    if unknown:
        raise InputError(f"{where}: unknown field {unknown[0]!r}; allowed are {', '.join(allowed)}")


def require_content(trial: Trial, where: str) -> None:
    """Refuse a trial about which nothing is known.

    Raises
    ------
    InputError
        If it has neither criteria nor drugs nor diseases.
    """
    if not (trial.criteria or trial.drugs or trial.diseases):
        raise InputError(f"{where}: no criteria, no drugs and no diseases, so there is nothing to score; give one")


def _canonical(fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Drop ignored and null fields and give synonyms their one name."""
    canonical: dict[str, Any] = {}
    for name, value in fields.items():
        if name in IGNORED or value is None:
            continue
        main = _SYNONYMS.get(name, name)
        if main in canonical:
            raise InputError(f"{where}: {main!r} is given twice, also as {name!r}; keep one")
        canonical[main] = value
    return canonical


def _criteria(fields: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if "criteria" not in fields:
        return _items(fields.get("inclusion"), f"{where}: inclusion"), _items(
            fields.get("exclusion"), f"{where}: exclusion"
        )
    if "inclusion" in fields or "exclusion" in fields:
        raise InputError(f"{where}: give either 'criteria' or 'inclusion' and 'exclusion', not both")
    criteria = parse_criteria(_raw_text(fields["criteria"], f"{where}: criteria"))
    return criteria.inclusion, criteria.exclusion


def _items(value: Any, where: str) -> tuple[str, ...]:  # noqa: ANN401 (any JSON value)
    """Read one side: a list of items as they are, or a text that is split into items."""
    if not isinstance(value, str):
        return as_texts(value, where)
    criteria = parse_criteria(value)
    return criteria.inclusion + criteria.exclusion


def _raw_text(value: Any, where: str) -> str:  # noqa: ANN401 (any JSON value)
    """Read a text whose indentation matters."""
    as_text(value, where)
    return str(value)


def _phase(value: Any, where: str) -> Phase:  # noqa: ANN401 (any JSON value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return Phase.parse(as_text(value, where), where=where)


def _numbered(fields: Mapping[str, Any], name: str, where: str) -> list[tuple[Any, str]]:
    values = as_list(fields.get(name), f"{where}: {name}")
    return [(value, f"{where}: {name}[{index}]") for index, value in enumerate(values)]


def _named(value: Any, where: str, *details: str) -> tuple[str, Mapping[str, Any]]:  # noqa: ANN401 (any JSON value)
    """Read a name, or an object with a name and the details it may have."""
    if isinstance(value, str):
        value = {"name": value}
    given = as_mapping(value, where)
    unknown = [key for key in given if key not in {"name", *details}]
    name = as_text(given.get("name"), f"{where}.name")
    if unknown or not name:
        allowed = " and ".join(f'"{detail}"' for detail in details)
        raise InputError(f'{where}: {shown(value)} needs "name" and may have {allowed}, nothing else')
    return name, given


def _drug(value: Any, where: str) -> Drug:  # noqa: ANN401 (any JSON value)
    name, given = _named(value, where, "smiles", "other_names")
    return Drug(
        name=name,
        smiles=as_text(given.get("smiles"), f"{where}.smiles") or None,
        other_names=as_texts(given.get("other_names"), f"{where}.other_names"),
    )


def _disease(value: Any, where: str) -> Disease:  # noqa: ANN401 (any JSON value)
    name, given = _named(value, where, "icd10")
    codes = given.get("icd10")
    return Disease(name=name, icd10=as_texts([codes] if isinstance(codes, str) else codes, f"{where}.icd10"))
