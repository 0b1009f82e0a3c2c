"""Fields of a legacy XML record, cut from its bytes where they lie as the registry's own writer put them.

That writer puts one element a line, indents by two spaces a level, keeps the order of the schema and uses neither
CDATA nor document types; then an exact search for the few elements that are read costs a tenth of building a tree.
Wherever a record departs from that form, `scan` says so and the caller parses it as XML. Elements that are not
read are not checked, and a reason for stopping or a second end date is sought in its place only, unless the study
stopped or has no end date there.
"""

import re
from functools import lru_cache

from cladmop.records.study import Intervention, Study
from cladmop.sources.spelling import iso_date, plain_words, stated_phase, study_type

_FORBIDDEN = bytes(code for code in range(32) if code not in b"\t\n")
"""Characters that XML forbids, or rewrites (a bare carriage return)."""
_INDENT = len(b"\n  ")
_TEXT = rb"[^<\x00-\x08\x0b-\x1f]*"
_SKIPPED = rb"[^<]*"
_DATED = rb'(?: type="[A-Za-z]+")?>(' + _TEXT + rb")"


def _pattern(template: bytes) -> re.Pattern[bytes]:
    """Return a pattern; in braces, ``T`` is a text that is read, ``t`` one of several, ``_`` one that is not.

    ``D`` is a date from behind its element's name.
    """
    for name, meant in ((b"{T}", b"(" + _TEXT + b")"), (b"{_}", _SKIPPED), (b"{t}", _TEXT), (b"{D}", _DATED)):
        template = template.replace(name, meant)
    return re.compile(template)


_HEAD = _pattern(
    rb'(?:<\?xml version="1\.0" encoding="(?:UTF|utf)-8"\?>\n)?<clinical_study>\n'
    rb"(?:  <!--{_}-->\n)?"
    rb"  <required_header>\n    <download_date>{T}</download_date>\n"
    rb"(?:    <link_text>{_}</link_text>\n)?(?:    <url>{_}</url>\n)?  </required_header>\n"
    rb"  <id_info>\n(?:    <org_study_id>{_}</org_study_id>\n)?(?:    <secondary_id>{_}</secondary_id>\n)*"
    rb"    <nct_id>{T}</nct_id>\n(?:    <nct_alias>{_}</nct_alias>\n)*  </id_info>\n"
    rb"  <brief_title>{T}</brief_title>(?=\n  <)"
)
_STATUS = _pattern(
    rb"\n  <overall_status>{T}</overall_status>(?:\n  <last_known_status>{_}</last_known_status>)?"
    rb"(?:\n  <why_stopped>{T}</why_stopped>)?(?:\n  <start_date{D}</start_date>)?"
    rb"(?:\n  <completion_date{D}</completion_date>)?(?:\n  <primary_completion_date{D}</primary_completion_date>)?"
    rb"(?:\n  <phase>{T}</phase>)?\n  <study_type>{T}</study_type>(?=\n  <)"
)
_CONDITIONS = _pattern(rb"(?:\n  <condition>{t}</condition>)+(?=\n  <)")
_INTERVENTION = _pattern(
    rb"\n  <intervention>\n    <intervention_type>{T}</intervention_type>"
    rb"\n    <intervention_name>{T}</intervention_name>(?:\n    <description>{_}</description>)?"
    rb"(?:\n    <arm_group_label>{_}</arm_group_label>)*((?:\n    <other_name>{t}</other_name>)*)"
    rb"\n  </intervention>(?=\n  <)"
)
_ELIGIBILITY = _pattern(
    rb"\n  <eligibility>(?:\n    <study_pop>\n      <textblock>{_}</textblock>\n    </study_pop>)?"
    rb"(?:\n    <sampling_method>{_}</sampling_method>)?"
    rb"(?:\n    <criteria>\n      <textblock>({_})</textblock>\n    </criteria>)?"
    rb"(?=\n    <(?:gender|gender_based|gender_description|minimum_age|maximum_age|healthy_volunteers)>"
    rb"|\n  </eligibility>)"
)
_VERIFIED = _pattern(rb"\n  <verification_date>{T}</verification_date>(?=\n  <)")
_BROWSE = _pattern(
    rb"\n  <(?:condition|intervention)_browse>\n(?:    <!--{_}-->\n)?"
    rb"((?:    <mesh_term>{t}</mesh_term>\n)*)  </(?:condition|intervention)_browse>(?=\n)"
)
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));|&")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


_STOPPED = frozenset({b"Terminated", b"Withdrawn", b"Suspended"})
_USUAL = (b"<start_date", b"completion_date", b"<phase", b"<why_stopped")


class NotPlainError(Exception):
    """A record is not of the form that the registry's own writer gives it."""


def scan(data: bytes) -> Study:
    """Return the study that one record describes; its identifier is as written, and may be none.

    Raises
    ------
    NotPlainError
        If the record is not of the plain form: parse it as XML.
    """
    try:
        return _scan(data)
    except UnicodeDecodeError as error:
        raise NotPlainError from error


def _scan(data: bytes) -> Study:
    if not data[-64:].rstrip().endswith(b"\n</clinical_study>"):
        raise NotPlainError
    head = _HEAD.match(data)
    if head is None:
        raise NotPlainError
    status = _first(_STATUS, data, b"<overall_status", head.end())
    conditions, place = _conditions(data, status.end())
    eligible = _first(_ELIGIBILITY, data, b"<eligibility", place)
    interventions = _interventions(data, place, eligible.start())
    verified = _first(_VERIFIED, data, b"<verification_date", eligible.end())
    condition_terms, intervention_terms = _terms(data, head.end(), verified.end())
    download, nct_id, title = head.groups()
    overall, why, start, completion, primary, phase, kind = status.groups(b"")
    _require_nowhere(data, start, completion or primary, phase, why or overall not in _STOPPED)
    return Study(
        nct_id=_line(nct_id),
        title=_line(title),
        study_type=_study_type(kind),
        status=_words(overall),
        why_stopped=" ".join(_line(why).split()) if why else "",
        phase=_phase(phase),
        start_date=_date(start),
        primary_completion_date=_date(primary),
        completion_date=_date(completion),
        verified_date=_date(verified[1]),
        version=_version(download),
        conditions=conditions,
        condition_terms=condition_terms,
        interventions=interventions,
        intervention_terms=intervention_terms,
        criteria=_criteria(eligible[1]),
    )


def processed_on(text: str) -> str:
    """Return the date in ``ClinicalTrials.gov processed this data on February 03, 2023``."""
    return iso_date(text.rpartition(" on ")[2].strip())


def _first(pattern: re.Pattern[bytes], data: bytes, tag: bytes, place: int) -> re.Match[bytes]:
    """Match the first element of a name after a place; it is there, and in the plain form."""
    at = data.find(tag, place)
    if at < 0:
        raise NotPlainError
    return _match(pattern, data, at)


def _match(pattern: re.Pattern[bytes], data: bytes, at: int) -> re.Match[bytes]:
    """Match an element whose tag begins at a place, from before its indent."""
    found = pattern.match(data, at - _INDENT)
    if found is None:
        raise NotPlainError
    return found


def _conditions(data: bytes, place: int) -> tuple[tuple[str, ...], int]:
    """Return the conditions after a place, and where the last one ends."""
    at = data.find(b"<condition", place)
    if at < 0 or data.startswith(b"<condition_browse>", at):
        _require_none(data, b"<condition", b"<condition_browse>")
        return (), place
    found = _match(_CONDITIONS, data, at)
    return _items(found[0], "condition>"), found.end()


def _interventions(data: bytes, place: int, end: int) -> tuple[Intervention, ...]:
    """Return the interventions that stand one after another between two places."""
    at = data.find(b"<intervention", place, end) - _INDENT
    if at < 0:
        _require_none(data, b"<intervention", b"<intervention_browse>")
        return ()
    interventions = []
    while found := _INTERVENTION.match(data, at):
        at = found.end()
        kind, name, others = found.groups()
        text = _line(name)
        if not text:
            raise NotPlainError
        interventions.append(Intervention(_words(kind), text, _items(others, "other_name>") if others else ()))
    if data.find(b"<intervention", at, end) >= 0 or data.find(b"<condition", place, end) >= 0:
        raise NotPlainError
    return tuple(interventions)


def _terms(data: bytes, start: int, place: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the MeSH terms after a place; all markup between start and them must be plain."""
    terms: list[tuple[str, ...]] = []
    for tag in (b"<condition_browse", b"<intervention_browse"):
        at = data.find(tag, place)
        if at < 0:
            if data.find(tag, 0, place) >= 0:
                raise NotPlainError
            terms.append(())
            continue
        found = _match(_BROWSE, data, at)
        terms.append(_items(found[1], "mesh_term>"))
        if found.start() > start:
            _require_plain_markup(data, start, at)
        start = place = found.end()
    if not terms[1]:
        _require_plain_markup(data, start, len(data))
    return terms[0], terms[1]


def _items(block: bytes, tag: str) -> tuple[str, ...]:
    """Return the texts of equal elements, of which a block holds nothing else."""
    texts = [piece[len(tag) :] for piece in block.decode().split("<")[1::2]]
    if b"&" in block:
        texts = [_resolved(text) for text in texts]
    return tuple([stripped for text in texts if (stripped := text.strip())])


def _require_nowhere(data: bytes, *given: bytes | bool) -> None:
    """Require that what is not given behind the status, and most records have there, is given nowhere else."""
    for text, tag in zip(given, _USUAL, strict=True):
        if not text and data.find(tag) >= 0:
            raise NotPlainError


def _require_none(data: bytes, start: bytes, other: bytes) -> None:
    """Require that no element begins so, but for another whose name begins alike."""
    if data.count(start) != data.count(other):
        raise NotPlainError


def _require_plain_markup(data: bytes, start: int, end: int) -> None:
    """Require that nothing between two places can hide or feign an element: CDATA, document types, comments with tags.

    The marks are searched by one character, which is many times faster than by two.
    """
    at = data.find(b"!", start, end)
    while at >= 0:
        if data[at - 1] == 0x3C and not _is_plain_comment(data, at):
            raise NotPlainError
        at = data.find(b"!", at + 1, end)
    at = data.find(b"?", start, end)
    while at >= 0:
        if data[at - 1] == 0x3C:
            raise NotPlainError
        at = data.find(b"?", at + 1, end)


def _is_plain_comment(data: bytes, at: int) -> bool:
    """Whether a comment begins at this exclamation mark and holds no markup."""
    close = data.find(b"-->", at + 3)
    return data.startswith(b"!--", at) and close >= 0 and data.find(b"<", at, close) < 0


def _criteria(raw: bytes | None) -> str:
    """Return a long text with its references resolved, carriage returns dropped, white space kept."""
    if not raw:
        return ""
    if len(raw.translate(None, _FORBIDDEN)) != len(raw):
        raise NotPlainError
    raw = raw.replace(b"&#xD;\n", b"\n")
    return _resolved(raw.decode()) if b"&" in raw else raw.decode()


def _line(raw: bytes) -> str:
    """Return a short text with its references resolved, without white space around it."""
    return (_resolved(raw.decode()) if b"&" in raw else raw.decode()).strip()


def _resolved(text: str) -> str:
    return _REFERENCE.sub(_resolve, text).replace("\r", "")


def _resolve(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    if name:
        return _NAMED[name]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal or 0)
    # Characters that XML allows.
    if code in {0x9, 0xA, 0xD} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000:
        return chr(code)
    raise NotPlainError


@lru_cache(maxsize=4096)
def _words(raw: bytes) -> str:
    return plain_words(_line(raw))


@lru_cache(maxsize=4096)
def _study_type(raw: bytes) -> str:
    return study_type(_line(raw))


@lru_cache(maxsize=4096)
def _phase(raw: bytes) -> str:
    return stated_phase(_line(raw))


@lru_cache(maxsize=65536)
def _date(raw: bytes) -> str:
    return iso_date(_line(raw))


@lru_cache(maxsize=4096)
def _version(raw: bytes) -> str:
    return processed_on(_line(raw))
