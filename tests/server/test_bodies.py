"""Bodies that are read strictly: JSON, trials and their limits, multipart uploads."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cladmop import Trial
from cladmop.errors import CladmopError, InputError
from cladmop.server.bodies import fields_of, read_json, read_object, read_trial, read_upload
from cladmop.server.errors import MediaTypeError, TooLargeError
from cladmop.server.settings import Limits
from serving import TRIAL

JSON = "application/json; charset=utf-8"
MULTIPART = "multipart/form-data; boundary=XX"


def multipart(name='"trial.json"', data=b"{}", field="file"):
    """One part, as a browser sends it."""
    head = f'--XX\r\nContent-Disposition: form-data; name="{field}"; filename={name}\r\n\r\n'.encode()
    return head + data + b"\r\n--XX--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"a": NaN}', b'{"a": Infinity}', b'"\\ud800"', b"\xff\xfe", b"9" * 5000, b"1e999", b"[" * 100_000,
        b"[" * 40 + b"]" * 40, b'{"a":' * 33 + b"1" + b"}" * 33,
    ],
)  # fmt: skip
def test_what_is_not_plain_json_is_refused(body):
    with pytest.raises(InputError):
        read_json(body, JSON)


def test_json_as_deep_as_a_study_is_read():
    assert read_json(b"[" * 20 + b"]" * 20, JSON) is not None


@pytest.mark.parametrize("kind", ["", "text/plain", "application/jsonx", "multipart/form-data", "application/xml"])
def test_a_body_that_is_not_declared_as_json_is_refused(kind):
    with pytest.raises(MediaTypeError, match="application/json"):
        read_json(b"{}", kind)


def test_unknown_fields_are_named():
    with pytest.raises(InputError, match="'trail'; allowed are trial, edits"):
        read_object(b'{"trail": {}}', JSON, ("trial", "edits"))
    with pytest.raises(InputError, match="not an object"):
        read_object(b"[]", JSON, ("trial",))


def test_a_trial_goes_out_as_it_came_in():
    trial = read_trial(TRIAL, "trial", Limits())
    assert read_trial(json.loads(json.dumps(fields_of(trial))), "again", Limits()) == trial


def test_every_study_of_the_registry_goes_out_as_it_came_in(shared_dir):
    for study in json.loads((shared_dir / "ctgov" / "ctg-studies.json").read_bytes()):
        trial = read_trial(study, "study", Limits())
        assert read_trial(fields_of(trial), "again", Limits()) == trial


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inclusion": ["a"] * 200, "exclusion": ["b"] * 51}, "251 criteria, of which this service takes 250"),
        ({"drugs": [f"drug {number}" for number in range(51)]}, "51 drugs"),
        ({"diseases": [f"disease {number}" for number in range(101)]}, "101 diseases"),
        ({"inclusion": ["x" * 60_001]}, "characters"),
        ({"title": "half \ud800"}, "half a character"),
    ],
)
def test_a_trial_beyond_a_limit_is_refused_and_the_limit_named(change, words):
    with pytest.raises(InputError, match=f"trial: .*{words}"):
        read_trial({**TRIAL, **change}, "trial", Limits())


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ('"trial.JSON"', ".json"), ('"../../etc/passwd"', ""), ('"..\\\\..\\\\x.csv"', ".csv"), ('"a.b/c"', ""),
        ('"x.csv\\r\\nSet-Cookie: a=b"', ""), ('"' + "n" * 3_000 + '.pdf"', ".pdf"), ('"x.c\x00sv"', ""), ('""', ""),
        ('"x.verylongending"', ""), ('"trial"', ""),
    ],
)  # fmt: skip
def test_of_a_file_name_only_a_plain_ending_is_used(name, suffix):
    upload = read_upload(multipart(name), MULTIPART, Limits())
    assert upload.suffix == suffix
    assert upload.name == "the file"
    assert upload.data == b"{}"


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"", MULTIPART, InputError),
        (b"nothing of the kind", MULTIPART, InputError),
        (multipart()[:-6], MULTIPART, InputError),
        (multipart(field="other"), MULTIPART, InputError),
        (multipart()[:-8] + b"\r\n" + multipart(), MULTIPART, InputError),
        (multipart(), "multipart/form-data", MediaTypeError),
        (multipart(), "application/json", MediaTypeError),
        (multipart(data=b"x" * 101), MULTIPART, TooLargeError),
        (b"--XX\r\n" + b"A: b\r\n" * 500 + b"\r\n--XX--\r\n", MULTIPART, InputError),
    ],
)
def test_malformed_uploads_are_refused(body, kind, error):
    with pytest.raises(error):
        read_upload(body, kind, Limits(upload_bytes=100))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["", "boundary=XX", "boundary=", "boundary=\xff"]))
def test_random_uploads_never_escape_the_error_tree(body, boundary):
    for whole in (body, b"--XX\r\n" + body, multipart(data=body)[:-3] + body):
        try:
            upload = read_upload(whole, f"multipart/form-data; {boundary}", Limits())
        except CladmopError:
            continue
        assert isinstance(upload.data, bytes)


NAMES = st.sampled_from(["phase", "drugs", "criteria", "inclusion", "nct_id", "name", "protocolSection", "icd10"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda one: st.lists(one) | st.dictionaries(NAMES, one),
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_random_values_never_escape_the_error_tree(value):
    try:
        trial = read_trial(value, "trial", Limits())
    except CladmopError:
        return
    assert isinstance(trial, Trial)
