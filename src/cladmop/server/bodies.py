"""Bodies of requests: strict JSON, the trials in it, and multipart uploads, which stay in memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from cladmop.errors import InputError
from cladmop.records import Trial
from cladmop.server.errors import MediaTypeError, TooLargeError
from cladmop.server.settings import Limits
from cladmop.sources.ctgov import trial_from_study
from cladmop.sources.fields import require_content, trial_from_fields
from cladmop.sources.values import shown

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_DEPTH = 32
"""How deep JSON may be nested; a ClinicalTrials.gov study has 12 levels."""
_SUFFIX_CHARACTERS = 8
_LONG_FIELDS = {
    "criteria": "criteria", "inclusion": "criteria", "exclusion": "criteria", "drugs": "drugs", "diseases": "diseases",
    "conditions": "diseases",
}  # fmt: skip
_LONG_MODULES = {
    ("eligibilityModule", "eligibilityCriteria"): "characters",
    ("armsInterventionsModule", "interventions"): "drugs",
    ("conditionsModule", "conditions"): "diseases",
}


@dataclass(frozen=True)
class Upload:
    """One uploaded file."""

    name: str
    """What it is called in messages: never the sender's name for it, of which only ``suffix`` is used."""
    suffix: str
    """Lower-case ending of the sender's file name with its dot, letters and digits only; may be empty."""
    data: bytes


def read_json(body: bytes, content_type: str) -> Any:  # noqa: ANN401 (any JSON value)
    """Return the value of a JSON body.

    Raises
    ------
    MediaTypeError
        If the body is not declared as JSON.
    InputError
        If it is not JSON (NaN, lone surrogates and numbers beyond 64 bits are not), or nested too deeply.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        raise MediaTypeError(f"Content-Type {shown(kind)} is not read here; send application/json")
    return decode(body, "the body")


def decode(data: bytes, where: str) -> Any:  # noqa: ANN401 (any JSON value)
    """Return the value of strict JSON.

    Raises
    ------
    InputError
        As `read_json`.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{where} is not JSON: {error}") from error
    except RecursionError as error:
        raise _too_deep(where) from error
    _check_depth(value, where)
    return value


def read_object(body: bytes, content_type: str, allowed: tuple[str, ...]) -> Mapping[str, Any]:
    """Return a JSON object that has no fields but ``allowed``.

    Raises
    ------
    MediaTypeError, InputError
        As `read_json`, and if it is no object or has another field.
    """
    value = read_json(body, content_type)
    if not isinstance(value, dict):
        raise InputError(f"the body {shown(value)} is not an object {{...}}")
    unknown = [name for name in value if name not in allowed]
    if unknown:
        raise InputError(f"unknown field {shown(unknown[0])}; allowed are {', '.join(allowed)}")
    return value


def read_trial(value: Any, where: str, limits: Limits) -> Trial:  # noqa: ANN401 (any JSON value)
    """Return the trial of our schema, or of a ClinicalTrials.gov v2 study.

    Raises
    ------
    InputError
        If it is neither, holds nothing to score, or is larger than ``limits`` allow.
    """
    if not isinstance(value, dict):
        raise InputError(f"{where}: {shown(value)} is not a trial; it is an object {{...}}")
    for what, count in _bulk(value):
        _require(what, count, where, limits)
    if "protocolSection" in value:
        trial = trial_from_study(value, where=where)
        require_content(trial, where)
    else:
        trial = trial_from_fields(value, where)
    check_size(trial, where, limits)
    return trial


def check_size(trial: Trial, where: str, limits: Limits) -> None:
    """Refuse a trial that would take the model too long, or that no text encoding can write.

    Raises
    ------
    InputError
        If it has more criteria, drugs, diseases or characters than allowed (the message names the limit), or a lone
        surrogate (half a character).
    """
    texts = _texts(trial)
    _require("criteria", len(trial.criteria), where, limits)
    _require("drugs", len(trial.drugs) + len(trial.published_smiles), where, limits)
    _require("diseases", len(trial.diseases) + len(trial.icd10), where, limits)
    _require("characters", sum(map(len, texts)), where, limits)
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{where}: half a character (a lone surrogate) is in its text; write the whole one") from error


def fields_of(trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON of our schema, which `read_trial` reads back equal."""
    return trial.model_dump(mode="json", exclude_none=True)


def read_upload(body: bytes, content_type: str, limits: Limits) -> Upload:
    """Return the one file of a ``multipart/form-data`` body, field ``file``.

    Raises
    ------
    MediaTypeError
        If the body is not multipart.
    InputError
        If it is malformed, or holds no file or several.
    TooLargeError
        If the file is too large.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise MediaTypeError(f"Content-Type {shown(content_type)} is not read here; send multipart/form-data")
    parts = _Parts()
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise InputError(f"the body is not multipart/form-data: {error}") from error
    if not parts.ended:
        raise InputError("the body is not multipart/form-data: it ends before its last boundary")
    if len(parts.files) != 1:
        raise InputError(f"{len(parts.files)} files in the field 'file'; send one")
    name, data = parts.files[0]
    if len(data) > limits.upload_bytes:
        raise TooLargeError(f"the file has {len(data):,} bytes; this service takes {limits.upload_bytes:,} at most")
    return Upload("the file", _suffix(name), bytes(data))


class _Parts:
    """Gathers the parts of a multipart body that are files called ``file``."""

    def __init__(self) -> None:
        self.files: list[tuple[str, bytearray]] = []
        self.ended = False
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._open: bytearray | None = None

    def callbacks(self) -> "MultipartCallbacks":
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._header, self._disposition, self._open = (bytearray(), bytearray()), b"", None

    def _end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _end_headers(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._disposition)
        if options.get(b"name") == b"file" and b"filename" in options:
            self._open = bytearray()
            self.files.append((options[b"filename"].decode("utf-8", "replace"), self._open))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._open is not None:
            self._open.extend(data[start:end])

    def _end(self) -> None:
        self.ended = True


def _bulk(value: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Count, before a trial is read, what would take long to read."""
    held = [(value.get(name), what) for name, what in _LONG_FIELDS.items()]
    protocol = value.get("protocolSection")
    for (module, name), what in _LONG_MODULES.items():
        part = protocol.get(module) if isinstance(protocol, dict) else None
        held.append((part.get(name) if isinstance(part, dict) else None, what))
    for one, what in held:
        if isinstance(one, str):
            yield "characters", len(one)
        elif isinstance(one, list):
            yield what, len(one)


def _require(what: str, count: int, where: str, limits: Limits) -> None:
    limit = {"criteria": limits.items, "drugs": limits.drugs, "diseases": limits.diseases}
    most = limit.get(what, limits.characters)
    if count > most:
        raise InputError(f"{where}: {count:,} {what}, of which this service takes {most:,} at most; shorten it")


def _suffix(name: str) -> str:
    _, dot, ending = name.rpartition(".")
    return (
        f".{ending.lower()}"
        if dot and ending.isascii() and ending.isalnum() and len(ending) < _SUFFIX_CHARACTERS
        else ""
    )


def _texts(trial: Trial) -> list[str]:
    texts = [trial.title, *trial.criteria, *trial.published_smiles, *trial.icd10]
    for drug in trial.drugs:
        texts += [drug.name, drug.smiles or "", *drug.other_names]
    for disease in trial.diseases:
        texts += [disease.name, *disease.icd10]
    return texts


def _check_depth(value: Any, where: str) -> None:  # noqa: ANN401 (any JSON value)
    level = [value]
    for _ in range(_DEPTH):
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep(where)


def _too_deep(where: str) -> InputError:
    return InputError(f"the JSON of {where} is nested deeper than {_DEPTH} levels, too deep to be a trial")
