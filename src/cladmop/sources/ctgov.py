"""Studies of ClinicalTrials.gov as its API version 2 gives them (https://clinicaltrials.gov/data-api/api).

Only the fields that a `Study` holds are decoded; results and the rest are skipped where they lie.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from cladmop.errors import InputError
from cladmop.records import Trial
from cladmop.records.study import Intervention, Study
from cladmop.sources.spelling import is_registry_id, not_an_id, plain_words, stated_phase, study_type
from cladmop.sources.values import as_mapping, shown


class _Base(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Objects of the API: what is absent is null, and other fields are skipped."""


class _Identification(_Base, frozen=True, gc=False):
    nct_id: str | None = None
    brief_title: str | None = None


class _DateStruct(_Base, frozen=True, gc=False):
    date: str | None = None


class _Status(_Base, frozen=True, gc=False):
    overall_status: str | None = None
    why_stopped: str | None = None
    status_verified_date: str | None = None
    start_date_struct: _DateStruct | None = None
    primary_completion_date_struct: _DateStruct | None = None
    completion_date_struct: _DateStruct | None = None


class _Design(_Base, frozen=True, gc=False):
    study_type: str | None = None
    phases: tuple[str, ...] | None = None


class _Conditions(_Base, frozen=True, gc=False):
    conditions: tuple[str, ...] | None = None


class _Intervention(_Base, frozen=True, gc=False):
    name: str | None = None
    type: str | None = None
    other_names: tuple[str, ...] | None = None


class _Arms(_Base, frozen=True, gc=False):
    interventions: tuple[_Intervention, ...] | None = None


class _Eligibility(_Base, frozen=True, gc=False):
    eligibility_criteria: str | None = None


class _Protocol(_Base, frozen=True, gc=False):
    identification_module: _Identification | None = None
    status_module: _Status | None = None
    design_module: _Design | None = None
    conditions_module: _Conditions | None = None
    arms_interventions_module: _Arms | None = None
    eligibility_module: _Eligibility | None = None


class _Term(_Base, frozen=True, gc=False):
    term: str | None = None


class _Browse(_Base, frozen=True, gc=False):
    meshes: tuple[_Term, ...] | None = None


class _Misc(_Base, frozen=True, gc=False):
    version_holder: str | None = None


class _Derived(_Base, frozen=True, gc=False):
    misc_info_module: _Misc | None = None
    condition_browse_module: _Browse | None = None
    intervention_browse_module: _Browse | None = None


class Record(_Base, frozen=True, gc=False):
    """One study as the API gives it, decoded as far as it is read."""

    protocol_section: _Protocol | None = None
    derived_section: _Derived | None = None


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises of JSON that is none, or is not what it should be."""
_RECORD = msgspec.json.Decoder(Record)
_NO_STATUS, _NO_DATE, _NO_DESIGN, _NO_CONDITIONS, _NO_ARMS = _Status(), _DateStruct(), _Design(), _Conditions(), _Arms()
_NO_ELIGIBILITY, _NO_DERIVED, _NO_MISC, _NO_BROWSE = _Eligibility(), _Derived(), _Misc(), _Browse()
_NO_IDENTIFICATION = _Identification()
_REFUSAL = re.compile(r"(?P<why>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_KINDS = {
    "`str | null`": 'a text "..."', "`str`": 'a text "..."', "`array | null`": "a list [...]",
    "`object | null`": "an object {...}", "`object`": "an object {...}",
}  # fmt: skip


def study_from_json(data: bytes, where: str) -> Study:
    """Return the study that one API version 2 record describes.

    Raises
    ------
    InputError
        If it is not JSON, a field that is read holds another kind of value, or there is no NCT id; the message names
        the field.
    """
    try:
        record = _RECORD.decode(data)
    except msgspec.ValidationError as error:
        raise InputError(_refusal(error, _loaded(data), where)) from error
    except UNREADABLE as error:
        raise InputError(f"{where}: not valid JSON ({_one_line(error)})") from error
    return study_of(record, where)


def trial_from_study(study: Mapping[str, Any], *, where: str = "study") -> Trial:
    """Return the trial that one API version 2 study describes.

    Only what is known before a trial starts is read: never ``overallStatus``, ``whyStopped``, completion or results.

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
    protocol = as_mapping(study.get("protocolSection"), f"{where}: protocolSection")
    status = as_mapping(protocol.get("statusModule"), f"{where}: protocolSection.statusModule")
    known = {"protocolSection": {**protocol, "statusModule": {"startDateStruct": status.get("startDateStruct")}}}
    if not protocol:
        raise InputError(f"{where}: no protocolSection; a ClinicalTrials.gov API v2 study has one")
    try:
        record = msgspec.convert(known, Record)
    except msgspec.ValidationError as error:
        raise InputError(_refusal(error, study, where)) from error
    try:
        return study_of(record, where).trial()
    except InputError as error:
        message = str(error)
        raise InputError(message if message.startswith(where) else f"{where}: {message}") from error


def study_of(record: Record, where: str) -> Study:
    """Return the study of a decoded record.

    Raises
    ------
    InputError
        If it has no protocol section, no NCT id, or an intervention without a name.
    """
    protocol = record.protocol_section
    if protocol is None:
        raise InputError(f"{where}: no protocolSection; a ClinicalTrials.gov API v2 study has one")
    derived = record.derived_section or _NO_DERIVED
    identification = protocol.identification_module or _NO_IDENTIFICATION
    status = protocol.status_module or _NO_STATUS
    design = protocol.design_module or _NO_DESIGN
    why = status.why_stopped
    nct_id = (identification.nct_id or "").strip()
    if not is_registry_id(nct_id):
        raise InputError(not_an_id(nct_id, f"{where}: protocolSection.identificationModule.nctId"))
    return Study(
        nct_id,
        (identification.brief_title or "").strip(),
        study_type(design.study_type or ""),
        plain_words(status.overall_status or ""),
        " ".join(why.split()) if why else "",
        _phase(design.phases),
        _date(status.start_date_struct),
        _date(status.primary_completion_date_struct),
        _date(status.completion_date_struct),
        (status.status_verified_date or "").strip(),
        ((derived.misc_info_module or _NO_MISC).version_holder or "").strip(),
        _texts((protocol.conditions_module or _NO_CONDITIONS).conditions),
        _terms(derived.condition_browse_module),
        _interventions((protocol.arms_interventions_module or _NO_ARMS).interventions, where),
        _terms(derived.intervention_browse_module),
        ((protocol.eligibility_module or _NO_ELIGIBILITY).eligibility_criteria or "").replace("\r", ""),
    )


def _phase(phases: tuple[str, ...] | None) -> str:
    return stated_phase(", ".join(phases)) if phases else ""


def _date(struct: _DateStruct | None) -> str:
    return (struct.date or "").strip() if struct else ""


def _texts(texts: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple([stripped for text in texts if (stripped := text.strip())]) if texts else ()


def _terms(browse: _Browse | None) -> tuple[str, ...]:
    meshes = (browse or _NO_BROWSE).meshes
    return _texts(tuple([mesh.term or "" for mesh in meshes])) if meshes else ()


def _interventions(interventions: tuple[_Intervention, ...] | None, where: str) -> tuple[Intervention, ...]:
    found = []
    for index, one in enumerate(interventions or ()):
        name = (one.name or "").strip()
        if not name:
            place = f"{where}: protocolSection.armsInterventionsModule.interventions[{index}]"
            raise InputError(f"{place}.name is missing; every intervention has one")
        found.append(Intervention(plain_words(one.type or ""), name, _texts(one.other_names)))
    return tuple(found)


def _loaded(data: bytes) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a record whole, for an error message; nothing where even that fails."""
    try:
        return msgspec.json.decode(data)
    except UNREADABLE:
        return None


def _refusal(error: msgspec.ValidationError, study: Any, where: str) -> str:  # noqa: ANN401 (any JSON value)
    """Return the message of a refused field, with its value."""
    found = _REFUSAL.fullmatch(str(error))
    assert found is not None  # the pattern matches any text
    path = (found["path"] or "").removeprefix(".")
    value = study
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(step) if step.isdigit() else step]
        except (KeyError, IndexError, TypeError):
            return f"{where}: {path}: {_one_line(error)}"
    expected = re.match(r"Expected (`.*?`)", found["why"])
    kind = _KINDS.get(expected[1]) if expected else None
    if kind is None:
        return f"{where}: {path}: {_one_line(error)}"
    return f"{where}: {path}{': ' if path else ''}{shown(value)} is not {kind}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
