"""The description tells the truth: whatever is sent, answers are those it names, and none is a fault of the service."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from cladmop.server.app import create_app
from cladmop.server.settings import Settings

EXAMPLES = int(os.environ.get("CLADMOP_API_EXAMPLES", "6"))
"""Requests an operation; more by hand: ``CLADMOP_API_EXAMPLES=200 pytest tests/server/test_description.py``."""
schemathesis.checks.load_all_checks()
CHECKS = schemathesis.checks.CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)


OPERATIONS = {
    "/health": "GET", "/model": "GET", "/metrics": "GET", "/predict": "POST", "/explain": "POST", "/whatif": "POST",
    "/whatif/rank": "POST", "/similar": "POST", "/lookup": "POST", "/read": "POST", "/batch": "POST",
    "/batch/{name}": "GET", "/batch/{name}/result": "GET",
}  # fmt: skip


@pytest.fixture(scope="module")
def description(served):
    """The description of a running service."""
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{served.port}/openapi.json")


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        (path, mode)
        for path, method in OPERATIONS.items()
        for mode in schemathesis.GenerationMode
        # Without a body there is nothing to get wrong.
        if method == "POST" or mode is schemathesis.GenerationMode.POSITIVE
    ],
    ids=lambda value: getattr(value, "value", value),
)
def test_answers_are_as_described(description, path, mode):
    """Requests as described, and others."""
    operation = description[path][OPERATIONS[path]]

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        case.call_and_validate(checks=CHECKS, timeout=60)

    check()


def test_every_route_is_described(service):
    described = create_app(Settings(), service).openapi()
    assert set(described["paths"]) == set(OPERATIONS)
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert {"4XX", "500"} <= set(operation["responses"])
    trial = described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert [one["$ref"].rpartition("/")[2] for one in trial["oneOf"]] == ["TrialFields", "StudyRecord"]
    assert described["components"]["schemas"]["TrialFields"]["examples"]


def test_a_token_is_described(service):
    described = create_app(Settings(token="0123456789abcdef"), service).openapi()
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_examples_of_the_description_are_scored(served):
    parts = served.client.get("/openapi.json").json()["components"]["schemas"]
    for name, path in (("TrialFields", "/predict"), ("StudyRecord", "/predict"), ("WhatIfByEdits", "/whatif")):
        for example in parts[name]["examples"]:
            answer = served.client.post(path, json=example)
            assert answer.status_code == 200, answer.text
